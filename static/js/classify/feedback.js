// What a training image teaches, after the answer: the truth drawn on it, beside what the person marked.

const NOT_YET_MS = 700;
const SVG = "http://www.w3.org/2000/svg";

function lines(marks, name) {
  return marks.map(([x1, y1, x2, y2]) => {
    const line = document.createElementNS(SVG, "line");
    line.setAttribute("class", name);
    for (const [key, value] of Object.entries({ x1, y1, x2, y2 })) line.setAttribute(key, value);
    return line;
  });
}

export class FeedbackDialog {
  constructor(dialog) {
    this.dialog = dialog;
    this.messages = dialog.dataset;
    this.before = Promise.resolve();
    this.ready = true;
    // Only its button and Escape close it, and neither before there was time to see what it is.
    dialog.addEventListener("cancel", (event) => { if (!this.ready) event.preventDefault(); });
    dialog.addEventListener("click", (event) => { if (event.target === dialog) event.stopPropagation(); });
  }

  part(name) {
    return this.dialog.querySelector(`[data-part="${name}"]`);
  }

  /** Show what was learnt, after what is shown already; resolves when the person goes on. `leaving`: to Talk then. */
  show(feedback, { leaving = false } = {}) {
    this.before = this.before.then(() => this.present(feedback, leaving));
    return this.before;
  }

  async present(feedback, leaving) {
    const { subject } = feedback;
    const image = this.part("feedback-image");
    image.src = subject.image;
    image.width = subject.width;
    image.height = subject.height;
    const overlay = this.part("feedback-lines");
    overlay.setAttribute("viewBox", `0 0 ${subject.width} ${subject.height}`);
    overlay.replaceChildren(
      ...lines(feedback.marks, "feedback__back"), ...lines(feedback.marks, "feedback__truth"),
      ...lines(feedback.your_marks, "feedback__yours"),
    );
    this.dialog.classList.toggle("is-right", feedback.right);
    this.part("feedback-title").textContent = feedback.right ? this.messages.msgRight : this.messages.msgWrong;
    this.part("feedback-answer").textContent = `${feedback.kind_label}: ${feedback.answer_label}`;
    this.part("feedback-text").textContent = feedback.explanation;
    this.part("feedback-marks").hidden = feedback.marks_right !== false;
    this.part("legend-truth").hidden = feedback.marks.length === 0;
    this.part("legend-yours").hidden = feedback.your_marks.length === 0;
    this.part("feedback-go").textContent = leaving ? this.messages.msgTalk : this.messages.msgGo;
    this.dialog.showModal();
    // Who works fast presses Enter for the next image at this moment: that must not close what was not read.
    const go = this.part("feedback-go");
    go.disabled = true;
    this.ready = false;
    this.dialog.scrollTop = 0;
    setTimeout(() => {
      go.disabled = false;
      this.ready = true;
      go.focus({ preventScroll: true });
    }, NOT_YET_MS);
    await new Promise((resolve) => this.dialog.addEventListener("close", resolve, { once: true }));
  }
}
