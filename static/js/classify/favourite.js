// The heart: an image one wants to find again on one's own page.
import { readCookie } from "../csrf.js";

export class FavouriteButton {
  constructor(root, config, failed) {
    this.failed = failed;
    this.button = root.querySelector('[data-part="favourite"]');
    this.config = config;
    this.liked = new Map();
    this.subject = null;
    if (!this.button) return;
    this.button.hidden = !config.urls.favourite;
    this.button.addEventListener("click", () => this.toggle());
  }

  show(subject) {
    this.subject = subject;
    this.press(this.liked.get(subject.id) ?? Boolean(subject.favourite));
  }

  press(liked) {
    this.button?.setAttribute("aria-pressed", String(liked));
  }

  async toggle() {
    const { subject, config } = this;
    if (!subject) return;
    const liked = this.button.getAttribute("aria-pressed") !== "true";
    this.press(liked);
    try {
      const response = await fetch(config.urls.favourite.replace("/0/", `/${subject.id}/`), {
        method: "POST",
        credentials: "same-origin",
        headers: { "X-CSRFToken": readCookie(config.csrf_cookie) },
        body: new URLSearchParams({ liked: liked ? "1" : "0" }),
      });
      if (!response.ok) throw new Error(String(response.status));
      this.liked.set(subject.id, liked);
    } catch {
      if (this.subject !== subject) return;
      this.press(!liked);
      this.failed();
    }
  }
}
