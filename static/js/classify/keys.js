// Keys of the classifier that work wherever the focus is: answers, Done, and the viewer's tools.
import { isForSomethingElse, singleKeysEnabled } from "../shortcuts.js";
import { viewerCommand } from "../viewer.js";

const ACTS_ON_ENTER = "a, button, summary, [role=button]";

/**
 * @param {{viewer: object, choose: (index: number) => void, clear: () => void, done: () => void,
 *          doneAndTalk: () => void, undo: () => void, mark: () => boolean, help: () => void}} actions
 */
export function bindKeys(actions) {
  document.addEventListener("keydown", (event) => {
    if (isForSomethingElse(event) || event.repeat && !event.key.startsWith("Arrow") && !"+-".includes(event.key)) return;
    if (run(event, actions)) event.preventDefault();
  });
}

function run(event, actions) {
  const { key, target } = event;
  if (key === "Enter") {
    if (target.closest?.(ACTS_ON_ENTER)) return false;
    actions.done();
    return true;
  }
  if (key === "Escape") return actions.clear();
  if (!singleKeysEnabled()) return false;
  if (/^[1-9]$/.test(key)) return actions.choose(Number(key) - 1);
  if (key === "?") {
    actions.help();
    return true;
  }
  if (key.toLowerCase() === "t") {
    actions.doneAndTalk();
    return true;
  }
  if (key.toLowerCase() === "u") {
    actions.undo();
    return true;
  }
  if (key.toLowerCase() === "m") return actions.mark();
  if (key.startsWith("Arrow")) return false;
  const command = viewerCommand(event, actions.viewer);
  return command ? actions.viewer.command(command) : false;
}
