// The box to write a comment in: Write / Preview, answers with the quoted text, a draft that survives leaving the page,
// Ctrl+Enter to send. Without JavaScript it is a plain form, and "Answer" a link.

import { bindCompletion } from "./completion.js";

const DRAFT = "asteroid-hunter:draft:";
const SENT = "asteroid-hunter:sent:";
const ARRIVED = /^#(?:comment|message)-\d+$/;

function bind(form) {
  const text = form.querySelector("textarea");
  const panel = form.querySelector("[data-preview-panel]");
  const write = form.querySelector("[data-write]");
  const preview = form.querySelector("[data-preview]");

  const show = (previewing) => {
    panel.hidden = !previewing;
    text.hidden = previewing;
    write.setAttribute("aria-pressed", String(!previewing));
    preview.setAttribute("aria-pressed", String(previewing));
  };
  write.addEventListener("click", () => {
    show(false);
    text.focus();
  });
  preview.addEventListener("click", () => show(true));
  for (const element of form.querySelectorAll("[data-needs-script]")) element.hidden = false;

  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  // A required field that is not on screen cannot say what it misses.
  form.addEventListener("submit", () => show(false));
  keepDraft(form, text);
  bindCompletion(form, text);
  bindAnswers(form, text, () => show(false));
}

function bindAnswers(form, text, showText) {
  const replyTo = form.querySelector("input[name=reply_to]");
  const note = form.querySelector("[data-answers]");
  if (!replyTo || !note) return;
  form.querySelector("[data-answers-end]").addEventListener("click", () => {
    replyTo.value = "";
    note.hidden = true;
    text.focus();
  });

  const answer = async (link) => {
    const response = await fetch(link.dataset.quote, { headers: { Accept: "application/json" } });
    if (!response.ok || response.redirected) throw new Error(String(response.status));
    const { id, quote, says } = await response.json();
    replyTo.value = id;
    form.querySelector("[data-answers-says]").textContent = says;
    note.hidden = false;
    showText();
    text.value = (text.value.trimEnd() ? `${text.value.trimEnd()}\n\n` : "") + quote;
    text.dispatchEvent(new Event("input", { bubbles: true }));
    text.focus();
    text.setSelectionRange(text.value.length, text.value.length);
    form.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-quote]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    answer(link).catch(() => window.location.assign(link.href)); // the page can do it, too
  });
}

function keepDraft(form, text) {
  if (!form.dataset.draft) return;
  const [name, sent] = [DRAFT + form.dataset.draft, SENT + form.dataset.draft];
  if (!text.value) text.value = sessionStorage.getItem(name) ?? sessionStorage.getItem(sent) ?? "";
  text.addEventListener("input", () => {
    sessionStorage.removeItem(sent);
    if (text.value) sessionStorage.setItem(name, text.value);
    else sessionStorage.removeItem(name);
  });
  form.addEventListener("submit", () => {
    sessionStorage.setItem(sent, text.value);
    sessionStorage.removeItem(name);
  });
}

/** What was sent is kept until a page shows it: the session may have ended, or the network. */
function forgetArrived() {
  if (!ARRIVED.test(window.location.hash)) return;
  for (const name of Object.keys(sessionStorage)) if (name.startsWith(SENT)) sessionStorage.removeItem(name);
}

forgetArrived();

for (const form of document.querySelectorAll("[data-composer]")) bind(form);
