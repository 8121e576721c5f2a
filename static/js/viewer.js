// Every [data-viewer] on the page becomes a viewer, also when htmx brings it later. Keys work while it has the focus.
import { isForSomethingElse } from "./shortcuts.js";
import { Viewer } from "./viewer/viewer.js";

const viewers = new WeakMap();

const KEYS = {
  "+": "zoom-in", "=": "zoom-in", "-": "zoom-out", _: "zoom-out", 0: "reset",
  i: "invert", r: "rotate", "[": "darker", "]": "brighter", s: "stretch",
  " ": "blink", ",": "previous-frame", ".": "next-frame",
};
// A chosen radio button has no use for Space; what acts on it keeps it.
const ACTS_ON_SPACE = "button, summary, [role=button], input:not([type=radio]:checked)";
const ARROWS = { ArrowLeft: "pan-left", ArrowRight: "pan-right", ArrowUp: "pan-up", ArrowDown: "pan-down" };

/** The command that a key press stands for, or undefined. Arrows count only on the image itself. */
export function viewerCommand(event, viewer) {
  if (event.target === viewer.stage && event.key in ARROWS) return ARROWS[event.key];
  if (event.key === " " && event.target.closest?.(ACTS_ON_SPACE)) return undefined;
  return KEYS[event.key.toLowerCase()];
}

/** The viewer of an element, made on first use. */
export function viewerFor(element) {
  if (!viewers.has(element)) {
    const viewer = new Viewer(element);
    viewers.set(element, viewer);
    element.addEventListener("keydown", (event) => {
      if (isForSomethingElse(event)) return;
      if (event.target.matches("input[type=range]")) return;
      const command = viewerCommand(event, viewer);
      if (command && viewer.command(command)) event.preventDefault();
    });
  }
  return viewers.get(element);
}

function enhance(scope) {
  if (scope.matches?.("[data-viewer]")) viewerFor(scope);
  for (const element of scope.querySelectorAll("[data-viewer]")) viewerFor(element);
}

enhance(document);
document.addEventListener("htmx:load", (event) => enhance(event.detail.elt));
