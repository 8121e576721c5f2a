// Both ends of each trail, marked on the image: by mouse, touch or keyboard. Kept in pixels of the image, drawn in
// pixels of the screen, so lines and handles keep their size however far one zooms in.

const MOST = 10;
const CLICK_PX = { mouse: 6, pen: 10, touch: 14 };
const DRAG_PX = 14;
const STEP_PX = 3;
const BIG_STEP_PX = 24;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const SVG = "http://www.w3.org/2000/svg";

const rounded = (value) => Math.round(value * 10) / 10;

/** Fires "change" whenever the marks do. */
export class Marking extends EventTarget {
  constructor({ viewer, screen }) {
    super();
    this.viewer = viewer;
    this.screen = screen;
    this.panel = screen.part("marking");
    this.list = screen.part("marks");
    this.active = false;
    this.reset();
    this.overlay = document.createElementNS(SVG, "svg");
    this.overlay.classList.add("marking__lines");
    this.overlay.setAttribute("aria-hidden", "true");
    this.handles = document.createElement("div");
    this.handles.className = "marking__handles";
    viewer.stage.append(this.overlay, this.handles);
    this.listen();
  }

  /** Forget all marks. */
  reset(marks = []) {
    this.marks = marks.map((mark) => ({ ...mark }));
    this.pending = null;
    this.cross = null;
    this.aim = null;
    if (this.overlay) this.draw();
  }

  /** Show the marks and take new ones, or neither. */
  setActive(active) {
    if (this.active === active) return;
    this.active = active;
    this.panel.hidden = !active;
    this.viewer.stage.classList.toggle("is-marking", active);
    if (!active) this.cross = null;
    this.aim = null;
    this.draw();
  }

  /** The marks to send. */
  get value() {
    return this.active ? this.marks.map(({ x1, y1, x2, y2, frame }) => ({ x1, y1, x2, y2, frame })) : [];
  }

  /** What a yes lacks, as the name of the message that says so; null when nothing. */
  get lacks() {
    if (!this.active) return null;
    if (this.pending) return "markHalf";
    return this.marks.length === 0 ? "markNone" : null;
  }

  listen() {
    const { stage } = this.viewer;
    const down = new Map();
    stage.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.target.closest("button")) return;
      down.set(event.pointerId, { event, alone: true });
      // Two fingers zoom; neither of them marks, in whichever order they are lifted.
      if (down.size > 1) for (const start of down.values()) start.alone = false;
    });
    stage.addEventListener("pointerup", (event) => {
      const start = down.get(event.pointerId);
      down.delete(event.pointerId);
      this.aimAt(null);
      if (this.active && start?.alone) this.pointed(start.event, event);
    });
    stage.addEventListener("pointercancel", (event) => {
      down.delete(event.pointerId);
      this.aimAt(null);
    });
    stage.addEventListener("pointermove", (event) => this.aimAt(event, down.get(event.pointerId)));
    stage.addEventListener("pointerleave", () => this.aimAt(null));
    // Before the viewer takes the arrows for moving the image.
    stage.addEventListener("keydown", (event) => this.pressed(event), { capture: true });
    this.viewer.root.addEventListener("viewer:moved", () => this.draw());
    this.screen.part("unmark").addEventListener("click", () => this.undo());
  }

  /** A click sets one end; a stroke marks both where it cannot mean moving the image, which fits the stage. */
  pointed(start, end) {
    const distance = Math.hypot(end.clientX - start.clientX, end.clientY - start.clientY);
    const here = this.viewer.imagePoint(end.clientX, end.clientY);
    const { frame } = this.viewer.rectAt(end.clientX, end.clientY);
    if (distance <= (CLICK_PX[start.pointerType] ?? CLICK_PX.mouse)) this.set(here, frame);
    else if (distance >= DRAG_PX && this.viewer.view.zoom <= 1) {
      if (!this.pending) this.set(this.viewer.imagePoint(start.clientX, start.clientY), frame);
      this.set(here, frame);
    }
  }

  /** Show the trail as it would be if its other end were set where the pointer is. */
  aimAt(event, start) {
    const before = this.aim;
    this.aim = null;
    if (event && this.active && (!start || (start.alone && this.viewer.view.zoom <= 1))) {
      const from = this.pending ?? (start && this.viewer.imagePoint(start.event.clientX, start.event.clientY));
      if (from) this.aim = { from, to: this.within(this.viewer.imagePoint(event.clientX, event.clientY)) };
    }
    if (before || this.aim) this.drawLines();
  }

  pressed(event) {
    if (!this.active || event.ctrlKey || event.metaKey || event.altKey || event.target !== this.viewer.stage) return;
    const { key } = event;
    // Enter right where a trail was ended means Done: another trail does not begin there.
    if (key.toLowerCase() === "m" || (key === "Enter" && this.cross && !this.ended)) this.atCross();
    else if (key === "Escape" && this.cross) {
      this.cross = null;
      this.draw();
    } else if (key in ARROWS && this.cross) {
      this.cross = this.moved(this.cross, event);
      this.ended = false;
      this.viewer.reveal(this.cross);
      this.draw();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** The keyboard's cross: the first press shows it in the middle of what is seen, the next ones set an end there. */
  atCross() {
    if (this.cross) {
      const before = this.marks.length;
      this.set(this.cross);
      this.ended = this.marks.length > before;
      return;
    }
    this.ended = false;
    const { width, height } = this.viewer.rect;
    this.viewer.stage.focus({ preventScroll: true });
    this.cross = this.within(this.viewer.paneImagePoint({ x: width / 2, y: height / 2 }));
    this.draw();
    this.screen.say(this.screen.text("markCross"));
  }

  /** A point moved by an arrow key, the way the arrow points on the screen. */
  moved(point, event) {
    const [dx, dy] = ARROWS[event.key];
    const step = event.shiftKey ? BIG_STEP_PX : STEP_PX;
    const at = this.viewer.panePoint(point);
    return this.within(this.viewer.paneImagePoint({ x: at.x + dx * step, y: at.y + dy * step }));
  }

  within({ x, y }) {
    const { width, height } = this.viewer.size;
    return { x: rounded(Math.min(Math.max(x, 0), width)), y: rounded(Math.min(Math.max(y, 0), height)) };
  }

  /** Set the next end: of the trail that has one, or of a new trail, which belongs to the frame it was begun on. */
  set(point, frame = this.viewer.frames.current) {
    if (!point) return;
    const { width, height } = this.viewer.size;
    if (point.x < -8 || point.y < -8 || point.x > width + 8 || point.y > height + 8) return;
    const end = this.within(point);
    const { screen } = this;
    if (!this.pending) {
      if (this.marks.length >= MOST) {
        screen.say(screen.text("markMost"));
        return;
      }
      this.pending = { ...end, frame };
      screen.say(screen.numbered("markBegun", this.marks.length + 1));
    } else if (Math.hypot(end.x - this.pending.x, end.y - this.pending.y) >= 2) {
      this.marks.push({ x1: this.pending.x, y1: this.pending.y, x2: end.x, y2: end.y, frame: this.pending.frame });
      this.pending = null;
      screen.say(screen.numbered("markDone", this.marks.length));
    }
    this.changed();
  }

  /** Take the last end or trail back. */
  undo() {
    if (this.pending) this.pending = null;
    else this.marks.pop();
    this.changed();
    const button = this.screen.part("unmark");
    (button.hidden ? this.screen.status : button).focus({ preventScroll: true });
  }

  remove(index) {
    this.marks.splice(index, 1);
    this.changed();
    this.screen.status.focus({ preventScroll: true });
    this.screen.say(this.screen.numbered("markRemoved", index + 1));
  }

  changed() {
    this.draw();
    this.dispatchEvent(new Event("change"));
  }

  draw() {
    const shown = this.active && this.viewer.image?.naturalWidth;
    this.overlay.toggleAttribute("hidden", !shown);
    this.handles.hidden = !shown;
    if (!shown) return;
    this.drawLines();
    this.drawHandles();
    this.drawList();
  }

  drawLines() {
    this.overlay.replaceChildren(...this.viewer.rects.map(({ x, y, width, height }) => {
      const pane = document.createElementNS(SVG, "svg");
      for (const [key, value] of Object.entries({ x, y, width, height })) pane.setAttribute(key, value);
      pane.append(...this.shapes());
      return pane;
    }));
  }

  line(from, to, ...names) {
    const a = this.viewer.panePoint(from);
    const b = this.viewer.panePoint(to);
    return ["marking__back", ...names].map((name) => {
      const line = document.createElementNS(SVG, "line");
      line.setAttribute("class", name);
      for (const [key, value] of Object.entries({ x1: a.x, y1: a.y, x2: b.x, y2: b.y })) line.setAttribute(key, value);
      return line;
    });
  }

  shapes() {
    const shapes = this.marks.flatMap((mark) => this.line({ x: mark.x1, y: mark.y1 }, { x: mark.x2, y: mark.y2 }, "marking__line"));
    const aim = this.aim ?? (this.pending && this.cross && { from: this.pending, to: this.cross });
    if (aim) shapes.push(...this.line(aim.from, aim.to, "marking__line marking__aim"));
    if (this.pending) shapes.push(this.circle(this.pending, "marking__pending", 9));
    if (this.cross) shapes.push(...this.crossLines());
    return shapes;
  }

  circle(point, name, radius) {
    const { x, y } = this.viewer.panePoint(point);
    const circle = document.createElementNS(SVG, "circle");
    circle.setAttribute("class", name);
    for (const [key, value] of Object.entries({ cx: x, cy: y, r: radius })) circle.setAttribute(key, value);
    return circle;
  }

  crossLines() {
    const { x, y } = this.viewer.panePoint(this.cross);
    return ["marking__back", "marking__cross"].map((name) => {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("class", name);
      path.setAttribute("d", `M${x - 22} ${y}h16m12 0h16M${x} ${y - 22}v16m0 12v16`);
      return path;
    });
  }

  /** One button per end; kept while it is dragged or has the focus, so that neither is lost. */
  drawHandles() {
    const wanted = this.marks.length * 2;
    const { x: left, y: top, width, height } = this.viewer.rect;
    for (const [name, value] of Object.entries({ left, top, width, height })) this.handles.style[name] = `${value}px`;
    while (this.handles.children.length > wanted) this.handles.lastChild.remove();
    while (this.handles.children.length < wanted) this.handles.append(this.handle(this.handles.children.length));
    [...this.handles.children].forEach((button, place) => {
      const index = place >> 1;
      const first = place % 2 === 0;
      const point = this.endAt(place);
      const { x, y } = this.viewer.panePoint(point);
      button.style.transform = `translate(${x}px, ${y}px) translate(-50%, -50%)`;
      button.querySelector("span").textContent = first ? String(index + 1) : "";
      const name = this.screen.numbered(first ? "markFirst" : "markLast", index + 1);
      button.setAttribute("aria-label", `${name} (${Math.round(point.x)}, ${Math.round(point.y)})`);
    });
  }

  handle(place) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(document.createElement("span"));
    let grip = null;
    button.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.stopPropagation();
      button.setPointerCapture(event.pointerId);
      // The end keeps its distance from the finger that holds it beside its middle.
      const box = button.getBoundingClientRect();
      grip = { x: event.clientX - box.left - box.width / 2, y: event.clientY - box.top - box.height / 2 };
    });
    button.addEventListener("pointermove", (event) => {
      if (!grip || !button.hasPointerCapture(event.pointerId)) return;
      this.put(place, this.viewer.imagePoint(event.clientX - grip.x, event.clientY - grip.y, this.viewer.rect));
    });
    button.addEventListener("focus", () => {
      if (button.matches(":focus-visible")) this.viewer.reveal(this.endAt(place));
    });
    button.addEventListener("keydown", (event) => {
      if (event.key in ARROWS) {
        this.put(place, this.moved(this.endAt(place), event));
        this.viewer.reveal(this.endAt(place));
      } else if (event.key === "Delete" || event.key === "Backspace") this.remove(place >> 1);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    return button;
  }

  /** The end that a handle holds: two for each trail, the beginning first. */
  endAt(place) {
    const { x1, y1, x2, y2 } = this.marks[place >> 1];
    return place % 2 === 0 ? { x: x1, y: y1 } : { x: x2, y: y2 };
  }

  put(place, point) {
    const { x, y } = this.within(point);
    Object.assign(this.marks[place >> 1], place % 2 === 0 ? { x1: x, y1: y } : { x2: x, y2: y });
    this.changed();
  }

  drawList() {
    const items = this.marks.map((_, index) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button small";
      button.textContent = `${index + 1} ×`;
      button.setAttribute("aria-label", this.screen.numbered("markRemove", index + 1));
      button.addEventListener("click", () => this.remove(index));
      item.append(button);
      return item;
    });
    if (this.list.children.length !== items.length) this.list.replaceChildren(...items);
    this.screen.part("unmark").hidden = !this.pending && this.marks.length === 0;
  }
}
