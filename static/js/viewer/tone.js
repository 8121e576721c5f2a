// Tone of the picture: invert, brightness steps, and the 16-bit stretch. It is kept from one image to the next and
// across visits, as people set it once for their screen and their eyes.
import { PRESETS, decodeRG16, render, toValueUnits } from "../stretch.js";

const STORED = "asteroid-hunter:tone";
const DEFAULTS = { invert: false, step: 0, stretch: false, ...PRESETS.normal };
const STEPS = 5;

function stored() {
  try {
    return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(STORED) ?? "{}") };
  } catch {
    return { ...DEFAULTS };
  }
}

/** Settings of tone, with the two ways to apply them: CSS filters on 8 bits, or a lookup table on 16. */
export class Tone {
  constructor() {
    this.settings = stored();
    this.decoded = null;
    this.source = null;
  }

  set(changes) {
    this.settings = { ...this.settings, ...changes };
    localStorage.setItem(STORED, JSON.stringify(this.settings));
  }

  reset() {
    this.set({ ...DEFAULTS, stretch: this.settings.stretch });
  }

  /** One step brighter (+1) or darker (-1). */
  step(direction) {
    if (this.usesDepth) this.set({ white: Math.min(Math.max(this.settings.white * 1.25 ** -direction, 0.02), 8) });
    else this.set({ step: Math.min(Math.max(this.settings.step + direction, -STEPS), STEPS) });
  }

  get isDefault() {
    return Object.keys(PRESETS.normal).every((key) => this.settings[key] === DEFAULTS[key])
      && !this.settings.invert && this.settings.step === 0;
  }

  /** Is the 16-bit picture the one on screen? */
  get usesDepth() {
    return this.settings.stretch && this.decoded !== null;
  }

  /** CSS filter for the 8-bit picture. */
  get filter() {
    const { invert, step } = this.settings;
    const parts = step ? [`brightness(${(1.28 ** step).toFixed(3)})`, `contrast(${(1 + 0.06 * Math.abs(step)).toFixed(3)})`] : [];
    if (invert) parts.push("invert(1)");
    return parts.join(" ") || "none";
  }

  /**
   * Load the 16-bit values of a picture.
   * @param {{url: string, scale: number, zero: number, low: number, high: number}} source
   * @returns {Promise<boolean>} true when this picture is still the wanted one
   */
  async load(source) {
    if (this.source?.url === source.url && this.decoded) return true;
    this.source = source;
    this.decoded = null;
    const decoded = await decodeRG16(source.url);
    if (this.source !== source) return false;
    this.decoded = decoded;
    return true;
  }

  forget() {
    this.source = null;
    this.decoded = null;
  }

  /** Draw the 16-bit picture, or another one, with the present settings. */
  draw(canvas, decoded = this.decoded, source = this.source) {
    const { black, white, softening, invert } = this.settings;
    const { low, high } = source;
    const span = high - low;
    const limits = toValueUnits({ low: low + black * span, high: low + white * span }, source);
    render(canvas, decoded, { ...limits, softening, invert });
  }
}
