// The image viewer: zoom, pan, rotate, invert, brightness, 16-bit stretch. Markup: templates/partials/viewer.html.
import { Frames, loadFrames } from "./frames.js";
import { bindGestures } from "./gestures.js";
import { StretchPanel } from "./stretch-panel.js";
import { Tone } from "./tone.js";
import { START, clampPan, fitScale, panBy, rotateQuarter, toImage, toStage, zoomBy } from "./transform.js";

const ZOOM_STEP = 1.4;
const PAN_STEP = 0.15;
const PIXELATED_FROM = 3;
const HINT_MS = 2600;
const REVEAL_PX = 48;

/** One viewer on a [data-viewer] element. Fires "viewer:command" with the name of each command it carries out. */
export class Viewer {
  constructor(root) {
    this.root = root;
    this.stage = root.querySelector("[data-stage]");
    this.layer = root.querySelector("[data-layer]");
    this.image = this.layer.querySelector("img");
    this.canvas = document.createElement("canvas");
    this.canvas.hidden = true;
    this.pane = document.createElement("div");
    this.pane.className = "viewer__pane";
    this.pane.append(...(this.image ? [this.image] : []), this.canvas);
    this.layer.prepend(this.pane);
    this.view = START;
    this.mostZoom = 1;
    this.used = {};
    this.tone = new Tone();
    this.frames = new Frames(this);
    this.panel = new StretchPanel(root, this);
    this.commands = {
      "zoom-in": () => this.zoom(ZOOM_STEP),
      "zoom-out": () => this.zoom(1 / ZOOM_STEP),
      rotate: () => this.move(rotateQuarter(this.view)),
      invert: () => this.changeTone(() => this.tone.set({ invert: !this.tone.settings.invert })),
      brighter: () => this.changeTone(() => this.tone.step(1)),
      darker: () => this.changeTone(() => this.tone.step(-1)),
      stretch: () => this.panel.toggle(),
      reset: () => this.reset(),
      blink: () => this.frames.toggle(),
      "previous-frame": () => this.frames.step(-1),
      "next-frame": () => this.frames.step(1),
      "blink-rate": () => this.frames.nextRate(),
      "side-by-side": () => this.frames.toggleSide(),
      "pan-left": () => this.pan(PAN_STEP, 0),
      "pan-right": () => this.pan(-PAN_STEP, 0),
      "pan-up": () => this.pan(0, PAN_STEP),
      "pan-down": () => this.pan(0, -PAN_STEP),
    };
    this.listen();
    root.classList.add("is-live");
    for (const element of root.querySelectorAll("[data-needs-script]")) element.hidden = false;
    if (this.image) this.whenLoaded(this.image, root.dataset);
  }

  listen() {
    this.root.addEventListener("click", (event) => {
      const button = event.target.closest("[data-tool]");
      if (button) this.command(button.dataset.tool);
    });
    bindGestures(this.stage, {
      zoom: (factor, point) => this.zoom(factor, point),
      pan: (dx, dy) => this.move(panBy(this.view, dx, dy)),
      isZoomed: () => this.view.zoom > 1,
      wheelIgnored: () => this.hintOnce(),
      fromCentre: (clientX, clientY) => this.fromCentre(clientX, clientY),
    });
    new ResizeObserver(() => this.move(this.view)).observe(this.stage);
  }

  /** The page brought its picture in the markup: take its data-* once it is decoded. */
  async whenLoaded(image, data) {
    try {
      await image.decode();
    } catch {
      this.root.dispatchEvent(new CustomEvent("viewer:broken", { bubbles: true }));
      return;
    }
    this.show(image, {
      rg16: data.rg16,
      rg16_scale: Number(data.rg16Scale),
      rg16_zero: Number(data.rg16Zero),
      low: Number(data.low),
      high: Number(data.high),
    });
    const frames = this.root.querySelector('script[type="application/json"]');
    if (!frames) return;
    const loaded = await loadFrames(JSON.parse(frames.textContent));
    if (this.image === image) this.frames.show(loaded);
  }

  /** Show a decoded image, and its other frames (`loadFrames`). Zoom and rotation start anew, tone stays. */
  show(image, depth = {}, frames = []) {
    if (this.image !== image) {
      this.image?.remove();
      this.image = image;
      this.pane.prepend(image);
    }
    this.depth = depth.rg16 && Number.isFinite(depth.rg16_scale)
      ? { url: depth.rg16, scale: depth.rg16_scale, zero: depth.rg16_zero, low: depth.low, high: depth.high }
      : null;
    this.mostZoom = 1;
    this.used = {};
    this.tone.forget();
    this.move(START);
    this.frames.show(frames, { play: true });
    this.panel.pictureChanged();
  }

  /** Do one named command; false when there is none of that name, or nothing to do. */
  command(name) {
    const action = this.commands[name];
    if (!action || action() === false) return false;
    this.used[name] = (this.used[name] ?? 0) + 1;
    this.root.dispatchEvent(new CustomEvent("viewer:command", { bubbles: true, detail: { name } }));
    return true;
  }

  zoom(factor, point) {
    this.move(zoomBy(this.view, factor, point));
  }

  /** Shift by a share of what is seen. */
  pan(shareX, shareY) {
    this.move(panBy(this.view, shareX * this.rect.width, shareY * this.rect.height));
  }

  reset() {
    this.tone.reset();
    this.panel.refresh();
    this.move(START);
    this.applyTone();
  }

  changeTone(change) {
    change();
    this.panel.refresh();
    this.applyTone();
  }

  get size() {
    return { width: this.image.naturalWidth, height: this.image.naturalHeight };
  }

  /** Take a new view, within bounds, and put it on screen. */
  move(view) {
    if (!this.image?.naturalWidth) return;
    const stage = this.rect;
    if (!stage.width || !stage.height) return;
    this.view = clampPan(view, stage, this.size);
    this.mostZoom = Math.max(this.mostZoom, this.view.zoom);
    const { x, y, rotation, zoom } = this.view;
    const fit = fitScale(stage, this.size, rotation);
    const transform = `translate(${x}px, ${y}px) rotate(${rotation}deg) scale(${zoom})`;
    for (const element of [this.image, this.canvas]) this.lay(element, this.size, fit, transform);
    this.frames.place(transform, fit);
    this.root.classList.toggle("is-pixelated", fit * zoom >= PIXELATED_FROM);
    this.stage.classList.toggle("is-zoomed", zoom > 1);
    for (const element of this.root.querySelectorAll("[data-when-zoomed]")) element.hidden = zoom <= 1;
    const readout = this.root.querySelector("[data-zoom]");
    if (readout) readout.textContent = `${zoom.toFixed(1)}×`;
    this.root.dispatchEvent(new CustomEvent("viewer:moved"));
  }

  /** An element of the layer as large as it is seen unzoomed, so that browsers know how many pixels it has to fill. */
  lay(element, { width, height }, fit, transform) {
    Object.assign(element.style, { width: `${width * fit}px`, height: `${height * fit}px`, transform });
  }

  /** The panes that are shown: {frame, x, y, width, height} in screen pixels from the stage's upper left corner. */
  get rects() {
    return this.frames.rects;
  }

  /** The pane that is looked at; all have the same size. */
  get rect() {
    return this.rects.find(({ frame }) => frame === this.frames.current);
  }

  /** The pane under a place of the window. */
  rectAt(clientX, clientY) {
    const box = this.stage.getBoundingClientRect();
    const [left, top] = [clientX - box.left, clientY - box.top];
    const under = ({ x, y, width, height }) => left >= x && left <= x + width && top >= y && top <= y + height;
    return this.rects.find(under) ?? this.rect;
  }

  /** A place of the window from the middle of its pane, in screen pixels. */
  fromCentre(clientX, clientY, rect = this.rectAt(clientX, clientY)) {
    const box = this.stage.getBoundingClientRect();
    return { x: clientX - box.left - rect.x - rect.width / 2, y: clientY - box.top - rect.y - rect.height / 2 };
  }

  /** Pixel of the image under a place of the window; null without an image. */
  imagePoint(clientX, clientY, rect = this.rectAt(clientX, clientY)) {
    if (!this.image?.naturalWidth) return null;
    return toImage(this.view, rect, this.size, this.fromCentre(clientX, clientY, rect));
  }

  /** Where a pixel of the image is in its pane, in screen pixels from the pane's upper left corner. */
  panePoint(point) {
    const { width, height } = this.rect;
    const { x, y } = toStage(this.view, this.rect, this.size, point);
    return { x: x + width / 2, y: y + height / 2 };
  }

  /** The other way. */
  paneImagePoint({ x, y }) {
    const { width, height } = this.rect;
    return toImage(this.view, this.rect, this.size, { x: x - width / 2, y: y - height / 2 });
  }

  /** Move a zoomed image so far that one of its pixels is in view. */
  reveal(point) {
    if (this.view.zoom <= 1) return;
    const { width, height } = this.rect;
    const { x, y } = this.panePoint(point);
    const within = (value, size) => Math.min(Math.max(value, REVEAL_PX), size - REVEAL_PX);
    this.move(panBy(this.view, within(x, width) - x, within(y, height) - y));
  }

  applyTone() {
    const deep = this.tone.usesDepth;
    if (deep) this.tone.draw(this.canvas);
    this.canvas.hidden = !deep;
    if (this.image) this.image.hidden = deep;
    if (this.image) this.image.style.filter = this.tone.filter;
    this.frames.paint(this.tone);
    this.root.querySelector('[data-tool="invert"]')?.setAttribute("aria-pressed", String(this.tone.settings.invert));
    if (deep) this.move(this.view);
  }

  hintOnce() {
    const hint = this.root.querySelector("[data-wheel-hint]");
    if (!hint || this.hinted) return;
    this.hinted = true;
    hint.hidden = false;
    setTimeout(() => { hint.hidden = true; }, HINT_MS);
  }

  /** What was done to this picture, for the record of a classification. */
  record() {
    const { invert, step, black, white, softening } = this.tone.settings;
    return {
      zoom: Number(this.view.zoom.toFixed(3)),
      most_zoom: Number(this.mostZoom.toFixed(3)),
      rotation: this.view.rotation,
      invert,
      brightness_step: step,
      stretch: this.tone.usesDepth ? { black, white, softening } : null,
      used: { ...this.used },
      frames: this.frames.record(),
    };
  }
}
