// Answers by a stroke of the finger over the image: right is yes, left is no, up is impossible to tell. Off unless the
// person turned it on, and while the image is zoomed or trails are marked, when strokes mean something else.

const SETTING = "asteroid-hunter:swipe";
const LEAST_PX = 64;
const STRAIGHTER = 2;
const LONGEST_MS = 700;

export function swipeEnabled() {
  return localStorage.getItem(SETTING) === "on";
}

/** The answer that a stroke means, or null: too short, too slow, oblique, or downwards. */
export function answerOf({ dx, dy, ms }) {
  const [along, across] = Math.abs(dx) > Math.abs(dy) ? [dx, dy] : [dy, dx];
  if (Math.abs(along) < LEAST_PX || Math.abs(along) < STRAIGHTER * Math.abs(across) || ms > LONGEST_MS) return null;
  if (along === dx) return dx > 0 ? "yes" : "no";
  return dy < 0 ? "impossible-to-tell" : null;
}

/** Listen for strokes on a stage, and keep a checkbox and the stored setting equal. */
export function bindSwipe(stage, checkbox, { allowed, answer }) {
  const down = new Map();
  const apply = () => stage.classList.toggle("is-swiped", swipeEnabled());
  apply();
  if (checkbox) checkbox.checked = swipeEnabled();
  checkbox?.addEventListener("change", () => {
    localStorage.setItem(SETTING, checkbox.checked ? "on" : "off");
    apply();
  });
  stage.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch" || event.target.closest("button")) return;
    down.set(event.pointerId, { x: event.clientX, y: event.clientY, at: event.timeStamp, alone: true, allowed: allowed() });
    if (down.size > 1) for (const start of down.values()) start.alone = false;
  });
  stage.addEventListener("pointerup", (event) => {
    const start = down.get(event.pointerId);
    down.delete(event.pointerId);
    if (!start?.alone || !start.allowed || !swipeEnabled()) return;
    const stroke = { dx: event.clientX - start.x, dy: event.clientY - start.y, ms: event.timeStamp - start.at };
    const meant = answerOf(stroke);
    if (meant) answer(meant);
  });
  stage.addEventListener("pointercancel", (event) => down.delete(event.pointerId));
}
