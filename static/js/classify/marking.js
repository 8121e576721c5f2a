// Both ends of each trail, marked on the image: by mouse, touch or keyboard. Kept in pixels of the image, drawn in
// pixels of the screen, so lines and handles keep their size however far one zooms in.

const MOST = 10;
const CLICK_PX = 6;
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
    if (this.overlay) this.draw();
  }

  /** Show the marks and take new ones, or neither. */
  setActive(active) {
    if (this.active === active) return;
    this.active = active;
    this.panel.hidden = !active;
    this.viewer.stage.classList.toggle("is-marking", active);
    if (!active) this.cross = null;
    this.draw();
  }

  /** The marks to send. */
  get value() {
    return this.active ? this.marks.map(({ x1, y1, x2, y2 }) => ({ x1, y1, x2, y2 })) : [];
  }

  listen() {
    const { stage } = this.viewer;
    const down = new Map();
    stage.addEventListener("pointerdown", (event) => {
      if (event.button === 0 && !event.target.closest("button")) down.set(event.pointerId, event);
    });
    stage.addEventListener("pointerup", (event) => {
      const start = down.get(event.pointerId);
      const alone = down.size === 1;
      down.delete(event.pointerId);
      if (!this.active || !start || !alone || start.several) return;
      this.pointed(start, event);
    });
    stage.addEventListener("pointercancel", (event) => down.delete(event.pointerId));
    stage.addEventListener("pointermove", () => {
      if (down.size > 1) for (const event of down.values()) event.several = true;
    });
    // Before the viewer takes the arrows for moving the image.
    stage.addEventListener("keydown", (event) => this.pressed(event), { capture: true });
    this.viewer.root.addEventListener("viewer:moved", () => this.draw());
    this.screen.part("unmark").addEventListener("click", () => this.undo());
  }

  /** A click sets one end; a stroke over an image that fits the stage marks both. */
  pointed(start, end) {
    const distance = Math.hypot(end.clientX - start.clientX, end.clientY - start.clientY);
    if (distance <= CLICK_PX) this.set(this.viewer.imagePoint(end.clientX, end.clientY));
    else if (distance >= DRAG_PX && this.viewer.view.zoom <= 1 && !this.pending) {
      this.set(this.viewer.imagePoint(start.clientX, start.clientY));
      this.set(this.viewer.imagePoint(end.clientX, end.clientY));
    }
  }

  pressed(event) {
    if (!this.active || event.ctrlKey || event.metaKey || event.altKey || event.target !== this.viewer.stage) return;
    const { key } = event;
    if (key.toLowerCase() === "m" || (key === "Enter" && this.cross)) this.atCross();
    else if (key === "Escape" && this.cross) {
      this.cross = null;
      this.draw();
    } else if (key in ARROWS && this.cross) {
      this.cross = this.moved(this.cross, event);
      this.draw();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** The keyboard's cross: the first press shows it in the middle of what is seen, the next ones set an end there. */
  atCross() {
    if (this.cross) {
      this.set(this.cross);
      return;
    }
    const box = this.viewer.stage.getBoundingClientRect();
    this.viewer.stage.focus({ preventScroll: true });
    this.cross = this.within(this.viewer.imagePoint(box.left + box.width / 2, box.top + box.height / 2));
    this.draw();
    this.screen.say(this.screen.text("markCross"));
  }

  /** A point moved by an arrow key, the way the arrow points on the screen. */
  moved(point, event) {
    const [dx, dy] = ARROWS[event.key];
    const step = event.shiftKey ? BIG_STEP_PX : STEP_PX;
    const box = this.viewer.stage.getBoundingClientRect();
    const at = this.viewer.stagePoint(point);
    return this.within(this.viewer.imagePoint(box.left + at.x + dx * step, box.top + at.y + dy * step));
  }

  within({ x, y }) {
    const { width, height } = this.viewer.size;
    return { x: rounded(Math.min(Math.max(x, 0), width)), y: rounded(Math.min(Math.max(y, 0), height)) };
  }

  /** Set the next end: of the trail that has one, or of a new trail. */
  set(point) {
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
      this.pending = end;
      screen.say(screen.numbered("markBegun", this.marks.length + 1));
    } else if (Math.hypot(end.x - this.pending.x, end.y - this.pending.y) >= 2) {
      this.marks.push({ x1: this.pending.x, y1: this.pending.y, x2: end.x, y2: end.y });
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
    this.screen.part("unmark").focus({ preventScroll: true });
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
    const { width, height } = this.viewer.stageSize;
    this.overlay.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.overlay.replaceChildren(...this.shapes());
    this.drawHandles();
    this.drawList();
  }

  shapes() {
    const shapes = this.marks.flatMap((mark) => {
      const a = this.viewer.stagePoint({ x: mark.x1, y: mark.y1 });
      const b = this.viewer.stagePoint({ x: mark.x2, y: mark.y2 });
      return ["marking__back", "marking__line"].map((name) => {
        const line = document.createElementNS(SVG, "line");
        line.setAttribute("class", name);
        for (const [key, value] of Object.entries({ x1: a.x, y1: a.y, x2: b.x, y2: b.y })) line.setAttribute(key, value);
        return line;
      });
    });
    if (this.pending) shapes.push(this.circle(this.pending, "marking__pending", 9));
    if (this.cross) shapes.push(...this.crossLines());
    return shapes;
  }

  circle(point, name, radius) {
    const { x, y } = this.viewer.stagePoint(point);
    const circle = document.createElementNS(SVG, "circle");
    circle.setAttribute("class", name);
    for (const [key, value] of Object.entries({ cx: x, cy: y, r: radius })) circle.setAttribute(key, value);
    return circle;
  }

  crossLines() {
    const { x, y } = this.viewer.stagePoint(this.cross);
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
    while (this.handles.children.length > wanted) this.handles.lastChild.remove();
    while (this.handles.children.length < wanted) this.handles.append(this.handle(this.handles.children.length));
    [...this.handles.children].forEach((button, place) => {
      const index = place >> 1;
      const first = place % 2 === 0;
      const mark = this.marks[index];
      const point = first ? { x: mark.x1, y: mark.y1 } : { x: mark.x2, y: mark.y2 };
      const { x, y } = this.viewer.stagePoint(point);
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
    const put = (point) => {
      const mark = this.marks[place >> 1];
      if (!mark || !point) return;
      const { x, y } = this.within(point);
      Object.assign(mark, place % 2 === 0 ? { x1: x, y1: y } : { x2: x, y2: y });
      this.changed();
    };
    button.addEventListener("pointerdown", (event) => {
      event.stopPropagation();
      button.setPointerCapture(event.pointerId);
    });
    button.addEventListener("pointermove", (event) => {
      if (button.hasPointerCapture(event.pointerId)) put(this.viewer.imagePoint(event.clientX, event.clientY));
    });
    button.addEventListener("keydown", (event) => {
      const mark = this.marks[place >> 1];
      if (event.key in ARROWS) put(this.moved(place % 2 === 0 ? { x: mark.x1, y: mark.y1 } : { x: mark.x2, y: mark.y2 }, event));
      else if (event.key === "Delete" || event.key === "Backspace") this.remove(place >> 1);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    return button;
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
