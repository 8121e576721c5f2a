// The stretch panel: presets and three sliders over the 16-bit picture, which is fetched only once it is opened.
import { PRESETS } from "../stretch.js";

// Sliders run 0..100; contrast is judged on a logarithmic scale, so white and softening do too.
const CURVES = {
  black: { to: (t) => -0.2 + t * 0.7, from: (v) => (v + 0.2) / 0.7 },
  white: { to: (t) => 0.02 * 400 ** t, from: (v) => Math.log(v / 0.02) / Math.log(400) },
  softening: { to: (t) => 0.005 * 400 ** t, from: (v) => Math.log(v / 0.005) / Math.log(400) },
};

export class StretchPanel {
  constructor(root, viewer) {
    this.viewer = viewer;
    this.panel = root.querySelector("[data-stretch-panel]");
    this.button = root.querySelector('[data-tool="stretch"]');
    this.note = this.panel?.querySelector("[data-stretch-note]");
    this.frame = 0;
    if (!this.panel) return;
    this.panel.hidden = !viewer.tone.settings.stretch;
    this.panel.addEventListener("input", (event) => this.slid(event.target));
    this.panel.addEventListener("click", (event) => {
      const preset = event.target.closest("[data-preset]");
      if (preset) this.choose(preset.dataset.preset);
    });
    this.refresh();
  }

  get isOpen() {
    return this.panel !== null && !this.panel.hidden;
  }

  toggle() {
    if (!this.panel) return;
    this.panel.hidden = !this.panel.hidden;
    this.viewer.tone.set({ stretch: this.isOpen });
    this.refresh();
    if (this.isOpen) this.load();
    else this.viewer.applyTone();
  }

  /** Another picture is on the stage: fetch its values if the panel is in use. */
  pictureChanged() {
    if (this.isOpen) this.load();
  }

  async load() {
    const { viewer } = this;
    viewer.frames.deepen();
    const wanted = viewer.depth;
    this.say(wanted ? "" : this.panel.dataset.msgNone);
    if (!wanted) return;
    try {
      if (await viewer.tone.load(wanted)) viewer.applyTone();
    } catch {
      if (viewer.depth === wanted) this.say(this.panel.dataset.msgFailed);
    }
  }

  say(text) {
    this.note.textContent = text;
    this.note.hidden = text === "";
  }

  slid(input) {
    const curve = CURVES[input.dataset.curve];
    if (!curve) return;
    this.viewer.tone.set({ [input.dataset.curve]: curve.to(Number(input.value) / 100) });
    this.markPreset();
    // Many input events may arrive per frame; one redraw is enough.
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.viewer.applyTone());
  }

  choose(name) {
    this.viewer.tone.set(PRESETS[name]);
    this.refresh();
    this.viewer.applyTone();
  }

  /** Put the settings on the controls. */
  refresh() {
    this.button?.setAttribute("aria-expanded", String(this.isOpen));
    if (!this.panel) return;
    for (const input of this.panel.querySelectorAll("[data-curve]")) {
      input.value = String(100 * CURVES[input.dataset.curve].from(this.viewer.tone.settings[input.dataset.curve]));
    }
    this.markPreset();
  }

  markPreset() {
    const { settings } = this.viewer.tone;
    for (const button of this.panel.querySelectorAll("[data-preset]")) {
      const preset = PRESETS[button.dataset.preset];
      const same = Object.keys(preset).every((key) => Math.abs(preset[key] - settings[key]) < 1e-6);
      button.setAttribute("aria-pressed", String(same));
    }
  }
}
