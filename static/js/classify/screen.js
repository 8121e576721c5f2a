// What the person sees besides the image: status line, counters, notices, metadata. No decisions here.

/** Messages come from the template (data-msg-…), so that they are translated where everything else is. */
export class Screen {
  constructor(root) {
    this.root = root;
    this.messages = root.dataset;
    this.status = this.part("status");
    this.form = this.part("form");
    this.fieldset = this.part("answers");
    this.plural = new Intl.PluralRules(document.documentElement.lang || "en");
    this.number = new Intl.NumberFormat(document.documentElement.lang || "en");
  }

  part(name) {
    return this.root.querySelector(`[data-part="${name}"]`);
  }

  /** A message by name; {n} is filled in, with the plural form of the language where the template gives one. */
  text(name, n) {
    const key = `msg${name[0].toUpperCase()}${name.slice(1)}`;
    if (n === undefined) return this.messages[key] ?? "";
    const form = this.plural.select(n) === "one" ? "One" : "Other";
    return (this.messages[`${key}${form}`] ?? this.messages[key] ?? "").replace("{n}", this.number.format(n));
  }

  /** A message with a number in it that is a name, not an amount: "Trail {n}". */
  numbered(name, n) {
    return this.text(name).replace("{n}", this.number.format(n));
  }

  say(text) {
    this.status.textContent = text;
  }

  /** A problem the person should know of; stays until the next one or until closed. */
  warn(text) {
    this.part("warning-text").textContent = text;
    this.part("warning").hidden = text === "";
  }

  showCount(n) {
    this.part("count").textContent = n === 0 ? "" : this.text("classified", n);
  }

  showWaiting(n) {
    const element = this.part("waiting");
    element.hidden = n === 0;
    if (n > 0) element.textContent = this.text("waiting", n);
  }

  /** "image", "loading", "saving", or a notice: "finished", "user_finished", "empty", "unreachable". */
  showStage(mode) {
    this.root.dataset.mode = mode;
    const ready = mode === "image";
    this.fieldset.disabled = !ready;
    this.part("loading").hidden = mode !== "loading";
    for (const notice of this.root.querySelectorAll("[data-notice]")) notice.hidden = notice.dataset.notice !== mode;
    this.readiness();
  }

  /** Done looks ready only when there is an answer; it always says why not when pressed. */
  readiness() {
    const off = String(this.fieldset.disabled || this.chosen === null);
    for (const button of this.root.querySelectorAll("[data-needs-answer]")) button.setAttribute("aria-disabled", off);
    this.part("clear").hidden = this.chosen === null;
  }

  get radios() {
    return [...this.form.elements.answer];
  }

  get chosen() {
    return this.form.elements.answer.value || null;
  }

  choose(radio) {
    radio.checked = true;
    this.readiness();
  }

  clear() {
    for (const radio of this.radios) radio.checked = false;
    this.readiness();
  }

  showUndo(possible) {
    this.part("undo").hidden = !possible;
  }

  /** The banner above the task, most important first, as volunteers know it from Zooniverse. */
  showSubject(subject, serverState) {
    const reason = { finished: "bannerFinished", user_finished: "bannerSeenAll" }[serverState]
      ?? (subject.retired ? "bannerRetired" : subject.seen ? "bannerSeen" : null);
    const banner = this.part("banner");
    banner.hidden = reason === null;
    if (reason) banner.textContent = this.text(reason);
    this.part("simulated").hidden = !subject.simulated;
    this.showFacts(subject.metadata ?? {});
  }

  showFacts(metadata) {
    const shown = Object.entries(metadata).filter(([key]) => !/^(#|!|\/\/)/.test(key));
    const rows = shown.map(([key, value]) => {
      const row = document.createElement("div");
      const name = document.createElement("dt");
      const content = document.createElement("dd");
      name.textContent = key;
      content.textContent = String(value);
      row.append(name, content);
      return row;
    });
    this.part("facts").replaceChildren(...rows);
    this.part("facts-box").hidden = rows.length === 0;
  }
}
