// Buttons that open dialogs: <button data-opens="help-dialog">, and <button data-closes> inside one.
// <dialog data-drawer> opens beside the page when the window is wide, so it never covers the image.

const WIDE = window.matchMedia("(width >= 75rem)");

/** Open a dialog: as a drawer beside the content if it is one and there is room, else as a modal. */
export function openDialog(dialog) {
  if (dialog.open) return;
  if (dialog.hasAttribute("data-drawer") && WIDE.matches) dialog.show();
  else dialog.showModal();
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.opens);
    if (dialog?.open && dialog.hasAttribute("data-drawer")) dialog.close();
    else if (dialog) openDialog(dialog);
    return;
  }
  if (event.target.closest("[data-closes]")) {
    event.target.closest("dialog")?.close();
    return;
  }
  // A click on a modal's backdrop lands on the dialog itself, outside its box.
  if (event.target instanceof HTMLDialogElement && event.target.matches(":modal")) {
    const box = event.target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right
      && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) event.target.close();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const drawer = document.querySelector("dialog[data-drawer][open]:not(:modal)");
  if (!drawer?.contains(document.activeElement)) return;
  drawer.close();
  document.querySelector(`[data-opens="${drawer.id}"]`)?.focus();
});
