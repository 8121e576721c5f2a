// A thumbnail beside a link to a subject (^S123), while the pointer or the focus is on it. Escape closes it.
// It is only an addition: the link itself leads to the image.

const LINK = ".prose a.subject";
const GAP_PX = 8;

const box = document.createElement("div");
box.className = "peek";
box.hidden = true;
box.setAttribute("aria-hidden", "true");
const picture = document.createElement("img");
picture.alt = "";
box.append(picture);
document.body.append(box);

function show(link) {
  picture.src = new URL("thumbnail/", link.href).href;
  const at = link.getBoundingClientRect();
  box.hidden = false;
  const fits = at.bottom + GAP_PX + box.offsetHeight < innerHeight;
  const top = fits ? at.bottom + GAP_PX : at.top - GAP_PX - box.offsetHeight;
  box.style.setProperty("top", `${Math.max(top, 0)}px`);
  box.style.setProperty("left", `${Math.max(Math.min(at.left, innerWidth - box.offsetWidth - GAP_PX), 0)}px`);
}

function hide() {
  box.hidden = true;
}

for (const begin of ["pointerover", "focusin"]) {
  document.addEventListener(begin, (event) => {
    const link = event.target instanceof Element ? event.target.closest(LINK) : null;
    if (link) show(link);
    else if (!box.contains(event.target)) hide();
  });
}
picture.addEventListener("error", hide);
document.addEventListener("scroll", hide, { passive: true });
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hide();
});
