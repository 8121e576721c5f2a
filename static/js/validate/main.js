// The validation page by keyboard. Everything here presses a button or a link that is on the page:
// without JavaScript the same things are done with the mouse.
import { openDialog } from "../dialogs.js";
import { bindSingleKeySetting, isForSomethingElse, singleKeysEnabled } from "../shortcuts.js";
import { bindMarks } from "./marks.js";

const root = document.querySelector("[data-validate]");

if (root) {
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const form = part("decision");
  const radios = [...form.elements.trail_class];
  const note = form.elements.note;
  const status = part("status");
  let rejecting = false;
  let sent = false;

  const say = (text) => { status.textContent = text; };
  const press = (verdict) => form.querySelector(`[name="verdict"][value="${verdict}"]`).click();
  const chosen = () => radios.find((radio) => radio.checked);

  const choose = (index) => {
    const radio = radios[index];
    if (!radio) return;
    radio.checked = true;
    radio.focus();
    say("");
    if (rejecting && radio.value !== "asteroid") press("reject");
  };

  const keys = {
    a: () => press("accept"),
    r: () => press("reject"),
    j: () => part("next")?.click(),
    k: () => part("previous")?.click(),
    n: () => note.focus(),
    m: () => root.querySelector("[data-marks-toggle]")?.click(),
    "?": () => openDialog(document.getElementById("validate-help")),
  };

  form.addEventListener("submit", (event) => {
    const isReject = event.submitter?.value === "reject";
    if (isReject && chosen()?.value === "asteroid") {
      event.preventDefault();
      rejecting = true;
      say(root.dataset.msgSayWhat);
      chosen().focus();
      return;
    }
    // A second press while the first is on its way is dropped; the server would take it as the same decision.
    if (sent) event.preventDefault();
    sent = true;
  });
  // Coming back with the browser's Back button shows this page as it was left: let it decide again.
  window.addEventListener("pageshow", () => { sent = false; rejecting = false; });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target === note) {
      note.blur();
      return;
    }
    if (isForSomethingElse(event) || !singleKeysEnabled() || event.repeat) return;
    if (/^[1-6]$/.test(event.key)) {
      event.preventDefault();
      choose(Number(event.key) - 1);
      return;
    }
    const action = keys[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  });

  bindMarks(root);
  bindSingleKeySetting(document.querySelector('[data-setting="single-keys"]'));
  if (root.dataset.nextImage) new Image().src = root.dataset.nextImage;
}
