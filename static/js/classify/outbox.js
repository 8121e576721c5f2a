// The outbox: an answer is written to this device first and sent second, so no lost network, closed tab or expired
// session loses it. The key of each entry makes sending twice harmless; the server counts it once.
import { MemoryStore, openStore } from "./store.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 60_000;
const LOCK = "asteroid-hunter-outbox";

/** Fires "count" {waiting}, "saved" {key, subject, status, body}, "rejected" {key, subject, code, message}, "held" {status}. */
export class Outbox extends EventTarget {
  constructor(api) {
    super();
    this.api = api;
    this.opened = openStore();
    this.wait = FIRST_WAIT_MS;
    this.timer = 0;
    this.running = null;
    this.again = false;
    this.channel = "BroadcastChannel" in window ? new BroadcastChannel(LOCK) : null;
    this.channel?.addEventListener("message", (event) => this.heard(event.data));
    window.addEventListener("online", () => this.flushSoon());
    window.addEventListener("pageshow", () => this.flushSoon());
    document.addEventListener("visibilitychange", () => this.flushSoon());
  }

  /** Keep one classification. Resolves when it is safe on this device; sending goes on behind. */
  async add(classification) {
    const entry = { key: classification.key, queued: Date.now(), classification };
    try {
      await (await this.opened).put(entry);
    } catch {
      // The disk is full or was taken away: keep it in memory rather than not at all.
      const memory = new MemoryStore();
      await memory.put(entry);
      this.opened = Promise.resolve(memory);
    }
    await this.tellCount();
    this.flushSoon();
  }

  /** Resolves with "saved", "rejected" or "waiting" once one entry is settled or the time is over. */
  settled(key, timeoutMs) {
    return new Promise((resolve) => {
      const finish = (outcome) => {
        clearTimeout(timer);
        this.removeEventListener("saved", onSaved);
        this.removeEventListener("rejected", onRejected);
        resolve(outcome);
      };
      const onSaved = (event) => { if (event.detail.key === key) finish("saved"); };
      const onRejected = (event) => { if (event.detail.key === key) finish("rejected"); };
      const timer = setTimeout(() => finish("waiting"), timeoutMs);
      this.addEventListener("saved", onSaved);
      this.addEventListener("rejected", onRejected);
    });
  }

  /** Subjects answered here that the server may not know of yet. */
  async subjects() {
    return (await (await this.opened).all()).map((entry) => entry.classification.subject);
  }

  flushSoon() {
    clearTimeout(this.timer);
    this.wait = FIRST_WAIT_MS;
    return this.flush();
  }

  /** Send what waits, oldest first; one sender at a time over all tabs. */
  flush() {
    if (this.running) {
      this.again = true;
      return this.running;
    }
    this.running = this.sendUnderLock().finally(() => {
      this.running = null;
      if (!this.again) return;
      this.again = false;
      this.flush();
    });
    return this.running;
  }

  async sendUnderLock() {
    await this.tellCount();
    if (navigator.locks) await navigator.locks.request(LOCK, () => this.sendAll());
    else await this.sendAll();
    await this.tellCount();
  }

  async sendAll() {
    const store = await this.opened;
    for (const entry of await store.all()) {
      const result = await this.api.submit(entry.classification);
      if (result.outcome === "retry") {
        this.emit("held", { status: result.status });
        this.later(result.retryAfter);
        return;
      }
      await store.remove(entry.key);
      this.wait = FIRST_WAIT_MS;
      const { status, code = "", message, body = null } = result;
      const detail = { key: entry.key, subject: entry.classification.subject, status, code, message, body };
      this.emit(result.outcome, detail);
      this.channel?.postMessage({ type: result.outcome, detail });
      await this.tellCount();
    }
  }

  later(atLeastMs) {
    const jitter = 0.8 + Math.random() * 0.4;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), Math.max(this.wait * jitter, atLeastMs));
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS);
  }

  async tellCount() {
    const waiting = await (await this.opened).count();
    this.emit("count", { waiting });
  }

  /** Another tab settled an entry, perhaps ours. */
  heard({ type, detail }) {
    this.emit(type, detail);
    this.tellCount();
  }

  emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
