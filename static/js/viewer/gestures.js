// Mouse, touch and pen on the stage: drag pans, two fingers pinch, the wheel zooms when meant.

const WHEEL_STEP = 1.0016;

/**
 * @param {HTMLElement} stage
 * @param {{zoom: (factor: number, point: {x: number, y: number}) => void, pan: (dx: number, dy: number) => void,
 *          isZoomed: () => boolean, wheelIgnored: () => void,
 *          fromCentre: (clientX: number, clientY: number) => {x: number, y: number}}} actions
 */
export function bindGestures(stage, actions) {
  const pointers = new Map();
  let spread = 0;

  const middleAndSpread = () => {
    const [a, b] = [...pointers.values()];
    return {
      middle: actions.fromCentre((a.x + b.x) / 2, (a.y + b.y) / 2),
      distance: Math.hypot(a.x - b.x, a.y - b.y),
    };
  };

  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest("button")) return;
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    // A stylus or synthetic pointer may be gone already; panning then simply ends at the stage's edge.
    try { stage.setPointerCapture(event.pointerId); } catch { /* nothing to capture */ }
    if (pointers.size === 2) spread = middleAndSpread().distance;
    stage.classList.toggle("is-dragging", actions.isZoomed());
  });

  stage.addEventListener("pointermove", (event) => {
    const last = pointers.get(event.pointerId);
    if (!last) return;
    const dx = event.clientX - last.x;
    const dy = event.clientY - last.y;
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (pointers.size === 1 && actions.isZoomed()) actions.pan(dx, dy);
    if (pointers.size === 2) {
      const { middle, distance } = middleAndSpread();
      actions.pan(dx / 2, dy / 2);
      if (spread > 0) actions.zoom(distance / spread, middle);
      spread = distance;
    }
  });

  const release = (event) => {
    pointers.delete(event.pointerId);
    spread = 0;
    if (pointers.size === 0) stage.classList.remove("is-dragging");
  };
  stage.addEventListener("pointerup", release);
  stage.addEventListener("pointercancel", release);

  // The page scrolls under a plain wheel; it zooms with Ctrl/Cmd held or when the image has the focus.
  stage.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== stage) {
      actions.wheelIgnored();
      return;
    }
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const delta = Math.min(Math.max(event.deltaY * lines, -200), 200);
    actions.zoom(WHEEL_STEP ** -(event.ctrlKey ? delta * 3 : delta), actions.fromCentre(event.clientX, event.clientY));
  }, { passive: false });

  stage.addEventListener("dblclick", (event) => {
    // While trails are marked, two quick clicks are two ends.
    if (event.target.closest("button") || stage.classList.contains("is-marking")) return;
    actions.zoom(actions.isZoomed() ? 1 / 1000 : 3, actions.fromCentre(event.clientX, event.clientY));
  });
}
