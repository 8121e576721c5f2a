// Subjects ahead of the person: records and decoded images, so that Done shows the next one at once.

import { loadFrames } from "../viewer/frames.js";

const WANTED = 4;
const REFILL_AT = 3;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
const PLACE = "asteroid-hunter:place";
const PLACE_VALID_MS = 4 * 60_000;

/** A subject with its image and all its frames decoding ahead of its turn; `ready` resolves with whether it can be shown, never rejects. */
function prefetched(subject) {
  const image = new Image();
  image.decoding = "async";
  if (subject.width) image.width = subject.width;
  if (subject.height) image.height = subject.height;
  image.src = subject.image;
  const entry = { subject, image, frames: [], settled: false };
  entry.ready = Promise.all([image.decode(), loadFrames(subject.frames)]).then(([, frames]) => {
    entry.frames = frames;
    return true;
  }, () => false).then((shown) => {
    entry.settled = true;
    return shown;
  });
  return entry;
}

/** Fires "state" {state, reason} whenever what can be taken changes: ready, loading, empty, finished, user_finished, unreachable. */
export class SubjectQueue extends EventTarget {
  /** @param {{api: object, workflow: number, answered: () => Promise<number[]>}} options  answered: not yet known to the server */
  constructor({ api, workflow, answered }) {
    super();
    this.api = api;
    this.workflow = workflow;
    this.answered = answered;
    this.entries = [];
    this.skipped = new Set();
    this.current = null;
    this.server = "normal";
    this.state = "loading";
    this.wait = FIRST_WAIT_MS;
    this.timer = 0;
    this.filling = false;
  }

  /** The next entry {subject, image, frames, ready, settled}, or null when none is here yet; see `state`. */
  take() {
    this.current = this.entries.shift() ?? null;
    this.fill();
    return this.current;
  }

  /** What was on the stage (null: nothing was left) comes next again; `current` takes its place. */
  putBack(entry, current) {
    if (entry) this.entries.unshift(entry);
    this.current = current;
  }

  /** Do not ask for this subject again on this page: its image is broken. */
  skip(subject) {
    this.skipped.add(subject);
  }

  async fill() {
    if (this.filling || this.entries.length > REFILL_AT) return;
    this.filling = true;
    clearTimeout(this.timer);
    if (this.entries.length === 0) this.change("loading");
    try {
      const known = await this.known();
      const { subjects, state } = await this.api.next(WANTED, [...known]);
      this.server = state;
      const fresh = subjects.filter((subject) => !known.has(subject.id));
      for (const subject of fresh) this.entries.push(prefetched(subject));
      if (fresh.length > 0) this.wait = FIRST_WAIT_MS;
      this.afterFill(fresh.length);
    } catch (error) {
      this.change(this.entries.length ? "ready" : "unreachable", { status: error.status ?? 0, message: error.message });
      this.retry();
    } finally {
      this.filling = false;
    }
  }

  afterFill(added) {
    if (this.entries.length > 0) this.change("ready");
    else this.change(this.server === "normal" ? "empty" : this.server);
    // Nothing for the moment: others hold the last ones, and may let them go.
    if (added === 0 && this.server === "normal") this.retry();
  }

  async known() {
    const ids = new Set([...this.skipped, ...(await this.answered()), ...this.entries.map((entry) => entry.subject.id)]);
    if (this.current) ids.add(this.current.subject.id);
    return ids;
  }

  retry() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fill(), this.wait);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS);
  }

  /** The server answered again: ask now instead of when the wait is over. */
  wake() {
    if (this.state !== "unreachable" && this.state !== "empty") return;
    this.wait = FIRST_WAIT_MS;
    this.fill();
  }

  change(state, reason = {}) {
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: { state, reason } }));
  }

  /** Remember the place for a return from Talk: what is on screen and what would have come next. */
  keepPlace() {
    const entries = this.current ? [this.current, ...this.entries] : this.entries;
    const subjects = entries.map((entry) => entry.subject);
    sessionStorage.setItem(PLACE, JSON.stringify({ workflow: this.workflow, at: Date.now(), subjects }));
  }

  /** Take up a kept place, if it is fresh enough for the server's leases. */
  async restorePlace() {
    let place = null;
    try {
      place = JSON.parse(sessionStorage.getItem(PLACE) ?? "null");
    } catch { /* unreadable: start anew */ }
    sessionStorage.removeItem(PLACE);
    if (!place || place.workflow !== this.workflow || Date.now() - place.at > PLACE_VALID_MS) return;
    const answered = new Set(await this.answered());
    for (const subject of place.subjects) {
      if (!answered.has(subject.id)) this.entries.push(prefetched(subject));
    }
    if (this.entries.length > 0) this.change("ready");
  }
}
