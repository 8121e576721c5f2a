// htmx on a page with a strict Content-Security-Policy: no hx-headers in markup, so the token is added here.
import { csrfToken } from "./csrf.js";

const SAFE_METHODS = new Set(["get", "head", "options"]);

document.addEventListener("htmx:configRequest", (event) => {
  if (!SAFE_METHODS.has(event.detail.verb)) {
    event.detail.headers["X-CSRFToken"] = csrfToken();
  }
});

// A form that failed validation comes back as 422 with the errors in it: show it instead of dropping it.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 422) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});
