// The marks beside the trail follow the image through zoom, pan and rotation, and can be switched off.

const HIDDEN = "asteroid-hunter:marks-hidden";

/** Put the drawn marks on the viewer's layer and keep them where its image is. */
export function bindMarks(root) {
  const marks = root.querySelector("[data-marks]");
  const layer = root.querySelector("[data-layer]");
  const button = root.querySelector("[data-marks-toggle]");
  if (!marks || !layer) {
    if (button) button.hidden = true;
    return;
  }
  const image = layer.querySelector("img");
  layer.append(marks);
  const follow = () => {
    const { transform, width, height } = image.style;
    Object.assign(marks.style, { transform, width, height });
    // Lines keep their width on screen however far one zooms in.
    const scale = Number(/scale\(([\d.]+)\)/.exec(transform)?.[1] ?? 1) * (parseFloat(width) || image.naturalWidth) / image.naturalWidth;
    marks.style.setProperty("--marks-scale", String(scale || 1));
  };
  new MutationObserver(follow).observe(image, { attributes: true, attributeFilter: ["style"] });
  follow();

  const show = (shown) => {
    marks.classList.toggle("is-off", !shown);
    button?.setAttribute("aria-pressed", String(shown));
  };
  show(sessionStorage.getItem(HIDDEN) !== "yes");
  button?.addEventListener("click", () => {
    const shown = marks.classList.contains("is-off");
    sessionStorage.setItem(HIDDEN, shown ? "no" : "yes");
    show(shown);
  });
}
