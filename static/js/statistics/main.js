// The strip under the chart: dragging on it chooses the days. The dates above it do the same, with the keyboard, too.
import { dayAt, draggedRange, xOf } from "./range.js";

const EDGE_PX = 12;
const TOUCH_EDGE_PX = 22;

const inputs = () => ({ from: document.getElementById("range-from"), to: document.getElementById("range-to") });

/** The strip's geometry: pixels of the screen to days, and back to its own units. */
function scaleOf(strip) {
  const svg = strip.querySelector("svg");
  const box = svg.getBoundingClientRect();
  const unit = box.width / svg.viewBox.baseVal.width;
  const left = Number(strip.dataset.left);
  const right = Number(strip.dataset.right);
  const days = { first: strip.dataset.first, last: strip.dataset.last };
  return {
    day: (clientX) => dayAt(((clientX - box.left) / unit - left) / (right - left), days),
    x: (day, after = 0) => left + xOf(day, days, after) * (right - left),
    client: (x) => box.left + x * unit,
  };
}

/** What a pointer there takes hold of: one end of the frame, the whole frame, or nothing (a new range begins). */
function gripAt(strip, event) {
  const scale = scaleOf(strip);
  const frame = strip.querySelector("[data-part=window]");
  const start = scale.client(Number(frame.getAttribute("x")));
  const end = scale.client(Number(frame.getAttribute("x")) + Number(frame.getAttribute("width")));
  const reach = event.pointerType === "mouse" ? EDGE_PX : TOUCH_EDGE_PX;
  const toStart = Math.abs(event.clientX - start);
  const toEnd = Math.abs(event.clientX - end);
  if (Math.min(toStart, toEnd) <= reach) {
    return toStart < toEnd ? "from" : "to";
  }
  return start < event.clientX && event.clientX < end ? "move" : "new";
}

function show(strip, range) {
  const scale = scaleOf(strip);
  const frame = strip.querySelector("[data-part=window]");
  const x = scale.x(range.from);
  frame.setAttribute("x", x);
  frame.setAttribute("width", Math.max(1, scale.x(range.to, 1) - x));
  const { from, to } = inputs();
  from.value = range.from;
  to.value = range.to;
}

let drag = null;

function begin(strip, event) {
  if (!event.isPrimary || event.button !== 0) {
    return;
  }
  const { from, to } = inputs();
  const days = { first: strip.dataset.first, last: strip.dataset.last };
  const before = { from: from.value, to: to.value };
  drag = { strip, before, days, grip: gripAt(strip, event), at: scaleOf(strip).day(event.clientX), moved: false };
  strip.querySelector("svg").setPointerCapture(event.pointerId);
  event.preventDefault();
}

function move(event) {
  const { strip, before, days, grip, at } = drag;
  drag.moved = true;
  show(strip, draggedRange({ grip, before, at, now: scaleOf(strip).day(event.clientX), days }));
}

function end(cancelled) {
  const { strip, before, moved } = drag;
  drag = null;
  if (cancelled) {
    show(strip, before);
  } else if (moved) {
    document.querySelector("[data-part=range]").requestSubmit(document.getElementById("range-show"));
  }
}

const stripOf = (event) => event.target.closest?.("[data-part=strip] svg")?.closest("[data-part=strip]");

function prepare() {
  for (const strip of document.querySelectorAll("[data-part=strip]:not(.is-live)")) {
    strip.classList.add("is-live");
    strip.querySelector("[data-part=hint]").hidden = false;
  }
}

document.addEventListener("pointerdown", (event) => {
  const strip = stripOf(event);
  if (strip) {
    begin(strip, event);
  }
});
document.addEventListener("pointermove", (event) => {
  if (drag) {
    move(event);
    return;
  }
  const strip = stripOf(event);
  if (strip) {
    strip.dataset.at = { from: "edge", to: "edge" }[gripAt(strip, event)] ?? gripAt(strip, event);
  }
});
document.addEventListener("pointerup", () => drag && end(false));
document.addEventListener("pointercancel", () => drag && end(true));
document.addEventListener("keydown", (event) => {
  if (drag && event.key === "Escape") {
    end(true);
  }
});
document.addEventListener("htmx:afterSettle", prepare);
prepare();
