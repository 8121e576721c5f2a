// Several frames of one subject: blinking, one by one, or all side by side. Each lies in a pane of its own; zoom,
// rotation and tone are the same for all, and a frame's pixels are laid on the subject's by its affine map.
import { PRESETS, decodeRG16, render, toValueUnits } from "../stretch.js";

const STORED = "asteroid-hunter:blink";
// Three flashes a second are the most that is safe to look at (WCAG 2.3.1).
const FASTEST = 3;
const USUAL = { rate: 2, playing: true, side: false };
const GAP_PX = 2;

function stored() {
  try {
    const kept = { ...USUAL, ...JSON.parse(localStorage.getItem(STORED) ?? "{}") };
    return { ...kept, rate: Math.min(Math.max(Math.round(kept.rate) || USUAL.rate, 1), FASTEST) };
  } catch {
    return { ...USUAL };
  }
}

const depthOf = ({ rg16, rg16_scale: scale, rg16_zero: zero, low, high }) => ({ url: rg16, scale, zero, low, high });

async function picture(data) {
  const image = new Image(data.width, data.height);
  image.alt = "";
  image.src = data.image;
  await image.decode();
  return image;
}

/** The same picture in another stretch, from its 16-bit values. */
function stretched(data, decoded) {
  const canvas = document.createElement("canvas");
  const depth = depthOf(data);
  const { black, white, softening } = PRESETS[data.stretch];
  const span = depth.high - depth.low;
  const limits = toValueUnits({ low: depth.low + black * span, high: depth.low + white * span }, depth);
  render(canvas, decoded, { ...limits, softening });
  return canvas;
}

let turn = Promise.resolve();

/** The 16-bit values of a picture, one picture after the other: the server makes each on its first request. */
function valuesInTurn(url) {
  turn = turn.then(() => decodeRG16(url), () => decodeRG16(url));
  return turn;
}

async function loaded(data, values) {
  const frame = {
    name: data.name, own: data.own, source: data.stretch || data.image, affine: data.affine, size: { width: data.width, height: data.height }, decoded: null, asked: false,
    depth: data.stretch ? null : depthOf(data), image: null, canvas: null, pane: null,
  };
  if (data.own) return frame;
  frame.image = data.stretch ? stretched(data, await values(data.rg16)) : await picture(data);
  frame.canvas = document.createElement("canvas");
  frame.canvas.hidden = true;
  return frame;
}

/**
 * Fetch and decode the frames that the server names for a subject. Never rejects: a frame that cannot be had is left
 * out, and one picture alone is no frame.
 * @param {object[]} frames
 * @returns {Promise<object[]>} for `Frames.show`
 */
export async function loadFrames(frames) {
  if (!frames || frames.length < 2) return [];
  const decoding = new Map();
  const values = (url) => {
    if (!decoding.has(url)) decoding.set(url, valuesInTurn(url));
    return decoding.get(url);
  };
  const results = await Promise.allSettled(frames.map((data) => loaded(data, values)));
  const usable = results.filter(({ status }) => status === "fulfilled").map(({ value }) => value);
  return usable.length > 1 ? usable : [];
}

/** The frames of a viewer. With none, its one picture fills its one pane and the bar stays away. */
export class Frames {
  constructor(viewer) {
    this.viewer = viewer;
    this.bar = viewer.root.querySelector("[data-frames-bar]");
    this.settings = stored();
    this.still = window.matchMedia("(prefers-reduced-motion: reduce)");
    this.list = [];
    this.current = 0;
    this.playing = false;
    this.timer = 0;
    this.seen = new Set();
  }

  get any() {
    return this.list.length > 1 && this.bar !== null;
  }

  /** Are all frames on the stage at once? */
  get side() {
    return this.any && this.settings.side;
  }

  /** Show the frames of the picture that was just put on the stage; `play`: blink by itself where people like it to. */
  show(list, { play = false } = {}) {
    for (const { own, pane } of this.list) if (!own) pane.remove();
    this.stop();
    this.list = this.bar ? list : [];
    this.seen = new Set();
    this.current = Math.max(this.list.findIndex((frame) => frame.own), 0);
    this.viewer.pane.style.order = "";
    this.list.forEach((frame, index) => this.lay(frame, index));
    if (this.bar) this.bar.hidden = !this.any;
    this.bar?.querySelector("[data-frame-name]").setAttribute("aria-live", "off");
    this.refresh();
    this.deepen();
    if (play && this.any && this.settings.playing && !this.still.matches && !this.side) this.play();
  }

  lay(frame, index) {
    frame.pane = frame.own ? this.viewer.pane : document.createElement("div");
    frame.pane.className = "viewer__pane";
    frame.pane.dataset.name = frame.name;
    frame.pane.style.order = String(index);
    if (frame.own) return;
    frame.pane.append(frame.image, frame.canvas);
    this.viewer.layer.append(frame.pane);
  }

  /** The one that is looked at, and what follows from it. */
  turnTo(index) {
    this.current = index;
    this.refresh();
  }

  refresh() {
    this.viewer.layer.classList.toggle("is-side", this.side);
    this.list.forEach(({ pane }, index) => {
      pane.hidden = !this.side && index !== this.current;
      pane.classList.toggle("is-current", index === this.current);
      if (!pane.hidden) this.seen.add(index);
    });
    if (!this.any) this.viewer.pane.hidden = false;
    this.viewer.move(this.viewer.view);
    this.viewer.applyTone();
    this.tell();
  }

  /** Put the state on the bar. */
  tell() {
    if (!this.any) return;
    const { dataset } = this.bar;
    const number = new Intl.NumberFormat(document.documentElement.lang || "en");
    const part = (name) => this.bar.querySelector(name);
    const place = `${number.format(this.current + 1)}/${number.format(this.list.length)}`;
    part("[data-frame-name]").textContent = `${place} · ${this.list[this.current].name}`;
    part("[data-when-still]").hidden = this.playing;
    part("[data-when-playing]").hidden = !this.playing;
    const blink = part('[data-tool="blink"]');
    const words = this.playing ? dataset.msgPause : dataset.msgPlay;
    blink.setAttribute("aria-label", words);
    blink.title = words;
    const rate = part('[data-tool="blink-rate"]');
    const speed = dataset.msgRate.replace("{n}", number.format(this.settings.rate));
    [rate.textContent] = speed.split(":");
    rate.setAttribute("aria-label", speed);
    rate.title = speed;
    part('[data-tool="side-by-side"]').setAttribute("aria-pressed", String(this.side));
  }

  set(changes) {
    this.settings = { ...this.settings, ...changes };
    localStorage.setItem(STORED, JSON.stringify(this.settings));
  }

  play() {
    this.stop();
    this.playing = true;
    this.timer = setInterval(() => this.turnTo((this.current + 1) % this.list.length), 1000 / this.settings.rate);
    this.tell();
  }

  stop() {
    clearInterval(this.timer);
    this.playing = false;
  }

  /** Commands answer false where there is nothing to do, so that the key is left to the browser. */
  toggle() {
    if (!this.any) return false;
    const playing = !this.playing;
    this.set({ playing, side: false });
    if (playing) this.play();
    else this.stop();
    this.refresh();
    return true;
  }

  /** One frame on (+1) or back (-1); whoever steps wants it to stand still. */
  step(direction) {
    if (!this.any) return false;
    this.stop();
    this.bar.querySelector("[data-frame-name]").setAttribute("aria-live", "polite");
    this.turnTo((this.current + direction + this.list.length) % this.list.length);
    return true;
  }

  nextRate() {
    if (!this.any) return false;
    this.set({ rate: (this.settings.rate % FASTEST) + 1 });
    if (this.playing) this.play();
    this.tell();
    return true;
  }

  toggleSide() {
    if (!this.any) return false;
    this.stop();
    this.set({ side: !this.settings.side });
    this.refresh();
    return true;
  }

  /** Columns and rows in which the frames are largest. */
  get grid() {
    const { clientWidth, clientHeight } = this.viewer.stage;
    const count = this.side ? this.list.length : 1;
    const sides = Array.from({ length: count }, (_, index) => {
      const columns = index + 1;
      const rows = Math.ceil(count / columns);
      return { columns, rows, side: Math.min(clientWidth / columns, clientHeight / rows) };
    });
    return sides.reduce((best, one) => (one.side > best.side ? one : best));
  }

  /** Where on the stage the frames are, in screen pixels from its upper left corner. */
  get rects() {
    const { clientWidth, clientHeight } = this.viewer.stage;
    const { columns, rows } = this.grid;
    const width = (clientWidth - GAP_PX * (columns - 1)) / columns;
    const height = (clientHeight - GAP_PX * (rows - 1)) / rows;
    const shown = this.side ? this.list.map((_, index) => index) : [this.current];
    return shown.map((frame, place) => ({
      frame, width, height, x: (place % columns) * (width + GAP_PX), y: Math.floor(place / columns) * (height + GAP_PX),
    }));
  }

  /** Follow the view: `transform` is that of the subject's own picture, `fit` its size on screen by its pixels. */
  place(transform, fit) {
    const { columns, rows } = this.grid;
    this.viewer.layer.style.gridTemplate = this.side ? `repeat(${rows}, minmax(0, 1fr)) / repeat(${columns}, minmax(0, 1fr))` : "";
    for (const { own, affine: [a, b, c, d, e, f], size, image, canvas } of this.list) {
      if (own) continue;
      const moved = `${transform} matrix(${[a, b, c, d, e * fit, f * fit].join(", ")})`;
      for (const element of [image, canvas]) this.viewer.lay(element, size, fit, moved);
    }
  }

  /** Fetch the 16-bit values of all frames while the stretch panel is in use. */
  deepen() {
    if (!this.viewer.tone.settings.stretch) return;
    for (const frame of this.list) {
      if (frame.own || !frame.depth || frame.asked) continue;
      frame.asked = true;
      decodeRG16(frame.depth.url).then((decoded) => {
        frame.decoded = decoded;
        if (this.list.includes(frame)) this.viewer.applyTone();
      }, () => {
        frame.asked = false; // it stays in 8 bits until the panel is opened again
      });
    }
  }

  /** The tone of the subject's own picture, on all others. */
  paint(tone) {
    this.list.forEach(({ own, depth, decoded, image, canvas }, index) => {
      if (own) return;
      const deep = tone.settings.stretch && decoded !== null;
      if (deep && (this.side || index === this.current)) tone.draw(canvas, decoded, depth);
      canvas.hidden = !deep;
      image.hidden = deep;
      image.style.filter = tone.filter;
    });
  }

  /** What was looked at, for the record of a classification; null where there is one picture. */
  record() {
    if (!this.any) return null;
    return {
      frames: this.list.map(({ source }) => source),
      own: this.list.findIndex(({ own }) => own),
      seen: [...this.seen].sort((a, b) => a - b),
      side_by_side: this.side,
    };
  }
}
