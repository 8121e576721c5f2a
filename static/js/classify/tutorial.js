// The tutorial: one step at a time; opens by itself once for each person, and again with its button.
import { readCookie } from "../csrf.js";

const PREFIX = "asteroid-hunter:tutorial:";

function remembered(key) {
  try {
    return localStorage.getItem(key) !== null;
  } catch {
    return true; // a browser that keeps nothing would be shown it at every visit
  }
}

class Tutorial {
  constructor(dialog) {
    this.dialog = dialog;
    this.key = `${PREFIX}${dialog.dataset.tutorial}`;
    this.steps = [...dialog.querySelectorAll(".tutorial__step")];
    this.dots = [...dialog.querySelectorAll(".tutorial__dots li")];
    this.at = 0;
    this.told = dialog.dataset.seen === "yes";
    this.part("back").addEventListener("click", () => this.show(this.at - 1));
    this.part("next").addEventListener("click", () => this.forward());
    dialog.addEventListener("close", () => this.closed());
    dialog.addEventListener("keydown", (event) => this.pressed(event));
    new ResizeObserver(() => this.letScroll()).observe(this.part("steps"));
    this.show(0);
  }

  part(name) {
    return this.dialog.querySelector(`[data-part="${name}"]`);
  }

  /** Open it unless this person has seen it, on this device or another. */
  openOnFirstVisit() {
    if (this.told || remembered(this.key)) return;
    this.dialog.showModal();
    this.part("next").focus();
  }

  /** Where the text is longer than the window, the keyboard must be able to scroll it. */
  letScroll() {
    const steps = this.part("steps");
    if (steps.scrollHeight > steps.clientHeight) steps.tabIndex = 0;
    else steps.removeAttribute("tabindex");
  }

  show(number) {
    this.at = Math.max(0, Math.min(number, this.steps.length - 1));
    const last = this.at === this.steps.length - 1;
    for (const list of [this.steps, this.dots]) {
      list.forEach((one, index) => one.toggleAttribute("data-here", index === this.at));
    }
    const { msgStep, msgNext, msgStart } = this.dialog.dataset;
    this.part("step-count").textContent = msgStep.replace("{n}", this.at + 1).replace("{of}", this.steps.length);
    this.part("next").textContent = last ? msgStart : msgNext;
    const back = this.part("back");
    if (this.at === 0 && document.activeElement === back) this.part("next").focus();
    back.hidden = this.at === 0;
    this.part("steps").scrollTop = 0;
  }

  forward() {
    if (this.at < this.steps.length - 1) this.show(this.at + 1);
    else this.dialog.close();
  }

  pressed(event) {
    if (event.target.closest("a") || event.altKey || event.ctrlKey || event.metaKey) return;
    const forwards = document.documentElement.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
    const backwards = forwards === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";
    if (event.key === forwards && this.at < this.steps.length - 1) this.show(this.at + 1);
    else if (event.key === backwards) this.show(this.at - 1);
    else return;
    event.preventDefault();
  }

  /** However it was closed, it does not open by itself any more. */
  closed() {
    this.show(0);
    try {
      localStorage.setItem(this.key, "seen");
    } catch { /* then only the server remembers */ }
    if (this.told) return;
    this.told = true;
    const headers = { "X-CSRFToken": readCookie(document.documentElement.dataset.csrfCookie || "csrftoken") };
    // Lost, it is asked once more on another device: no harm.
    fetch(this.dialog.dataset.seenUrl, { method: "POST", headers, keepalive: true }).catch(() => {});
  }
}

const dialog = document.querySelector("dialog[data-tutorial]");
if (dialog) new Tutorial(dialog).openOnFirstVisit();
