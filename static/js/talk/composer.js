// The box to write a comment in: Write / Preview, a draft that survives leaving the page, Ctrl+Enter to send.
// Without JavaScript it is a plain form.

const DRAFT = "asteroid-hunter:draft:";

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
}

function keepDraft(form, text) {
  if (!form.dataset.draft) return;
  const name = DRAFT + form.dataset.draft;
  if (!text.value) text.value = sessionStorage.getItem(name) ?? "";
  text.addEventListener("input", () => {
    if (text.value) sessionStorage.setItem(name, text.value);
    else sessionStorage.removeItem(name);
  });
  // A refused post comes back with its text in the page, so the draft may go.
  form.addEventListener("submit", () => sessionStorage.removeItem(name));
}

for (const form of document.querySelectorAll("[data-composer]")) bind(form);
