// The two requests of the classifier, and what their failures mean.
import { readCookie } from "../csrf.js";

// Answers that will come right by themselves, by signing in or by waiting: the vote must be kept, not dropped.
const KEEP = new Set([401, 403, 408, 425, 429]);

// The server takes no longer list; what is on this page comes last in it, so that is never cut.
const MOST_EXCLUDED = 200;

export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

async function readJson(response) {
  try {
    return await response.json();
  } catch {
    return {};
  }
}

export function createApi({ urls, csrf_cookie: csrfCookie = "csrftoken" }) {
  return {
    /** Subjects to show next. @returns {Promise<{subjects: object[], state: string}>} @throws {ApiError|TypeError} */
    async next(count, exclude) {
      const url = new URL(urls.next, document.baseURI);
      url.searchParams.set("n", String(count));
      if (exclude.length) url.searchParams.set("exclude", exclude.slice(-MOST_EXCLUDED).join(","));
      const response = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      const body = await readJson(response);
      if (!response.ok) throw new ApiError(response.status, body.error?.code ?? "", body.error?.message ?? "");
      return { subjects: body.subjects ?? [], state: body.state ?? "normal" };
    },

    /**
     * Send one classification. Never throws: says what to do with the kept copy.
     * @returns {Promise<{outcome: "saved"|"rejected"|"retry", status: number, code?: string, message: string, retryAfter: number}>}
     */
    async submit(classification) {
      let response;
      try {
        response = await fetch(urls.submit, {
          method: "POST",
          keepalive: true,
          credentials: "same-origin",
          headers: {
            Accept: "application/json",
            "Content-Type": "application/json",
            "Idempotency-Key": classification.key,
            "X-CSRFToken": readCookie(csrfCookie),
          },
          body: JSON.stringify(classification),
        });
      } catch {
        return { outcome: "retry", status: 0, message: "", retryAfter: 0 };
      }
      const { status } = response;
      const body = await readJson(response);
      const { code = "", message = "" } = body.error ?? {};
      if (response.ok) return { outcome: "saved", status, message, retryAfter: 0, body };
      const permanent = status >= 400 && status < 500 && !KEEP.has(status);
      const retryAfter = Number(response.headers.get("Retry-After")) * 1000 || 0;
      return { outcome: permanent ? "rejected" : "retry", status, code, message, retryAfter };
    },
  };
}
