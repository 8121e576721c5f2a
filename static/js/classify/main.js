// The classifier: shows a subject, takes an answer, keeps it safe, goes on at once.
import { openDialog } from "../dialogs.js";
import { bindOneKeySetting, bindSingleKeySetting, oneKeyEnabled } from "../shortcuts.js";
import { viewerFor } from "../viewer.js";
import { createApi } from "./api.js";
import { FavouriteButton } from "./favourite.js";
import { FeedbackDialog } from "./feedback.js";
import { bindKeys } from "./keys.js";
import { Marking } from "./marking.js";
import { Outbox } from "./outbox.js";
import { SubjectQueue } from "./queue.js";
import { Screen } from "./screen.js";
import { classificationOf, visit } from "./session.js";
import { bindSwipe } from "./swipe.js";

const TALK_WAIT_MS = 10_000;
const WIDE = "(width >= 56rem)";

class Classifier {
  constructor(root, config) {
    this.config = config;
    this.screen = new Screen(root);
    this.viewer = viewerFor(root.querySelector("[data-viewer]"));
    this.api = createApi(config);
    this.outbox = new Outbox(this.api);
    this.answeredHere = new Set();
    this.queue = new SubjectQueue({ api: this.api, workflow: config.workflow.id, answered: () => this.answered() });
    this.marking = new Marking({ viewer: this.viewer, screen: this.screen });
    this.feedback = new FeedbackDialog(document.getElementById("feedback-dialog"));
    this.favourite = new FavouriteButton(root, config, () => this.screen.say(this.screen.text("favouriteFailed")));
    this.lessons = new Map();
    this.given = new Set();
    this.entry = null;
    // The answer before: {key, entry, answer, marks}; null when it can no longer be taken back.
    this.last = null;
    this.supersedes = null;
    this.leaving = null;
    // True while the stage's next state is being decided; news from the queue then waits.
    this.deciding = true;
  }

  async start() {
    this.listen();
    this.screen.showCount(visit.count);
    this.screen.part("facts-box").open = window.matchMedia(WIDE).matches;
    this.outbox.flushSoon();
    await this.queue.restorePlace();
    this.advance({ first: true });
  }

  listen() {
    const { screen, outbox, queue } = this;
    screen.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (event.submitter?.value === "talk") this.doneAndTalk();
      else this.done();
    });
    screen.form.addEventListener("change", () => this.chosen());
    screen.part("undo").addEventListener("click", () => this.undo());
    screen.part("clear").addEventListener("click", () => this.clear());
    screen.part("warning-close").addEventListener("click", () => screen.warn(""));
    screen.part("retry").addEventListener("click", () => queue.wake());
    queue.addEventListener("state", () => this.queueChanged());
    outbox.addEventListener("count", (event) => screen.showWaiting(event.detail.waiting));
    // What the server has, it will not hand out again: no need to name it in every request.
    outbox.addEventListener("saved", (event) => {
      this.answeredHere.delete(event.detail.subject);
      this.saved(event.detail);
      queue.wake();
    });
    window.addEventListener("online", () => queue.wake());
    outbox.addEventListener("rejected", (event) => {
      // Refused for good: do not offer this subject again on this page, or it would come round at once.
      queue.skip(event.detail.subject);
      this.answeredHere.delete(event.detail.subject);
      this.forget(event.detail.key);
      const words = screen.text(event.detail.code === "not_undone" ? "notUndone" : "rejected");
      screen.warn(`${words} ${event.detail.message}`.trim());
    });
    outbox.addEventListener("held", (event) => this.held(event.detail.status));
    window.addEventListener("pagehide", () => {
      // Brought back, not answered anew: its first answer stands, so it is not offered again.
      if (this.supersedes) queue.current = null;
      queue.keepPlace();
    });
    bindSingleKeySetting(document.querySelector("[data-setting=single-keys]"));
    bindOneKeySetting(document.querySelector("[data-setting=one-key]"));
    bindSwipe(this.viewer.stage, document.querySelector("[data-setting=swipe]"), {
      allowed: () => this.entry !== null && this.viewer.view.zoom <= 1 && !this.marking.active,
      answer: (value) => this.swiped(value),
    });
    bindKeys({
      viewer: this.viewer,
      choose: (index) => this.choose(index),
      clear: () => this.clear(),
      done: () => this.done(),
      doneAndTalk: () => this.doneAndTalk(),
      undo: () => this.undo(),
      mark: () => this.mark(),
      help: () => openDialog(document.getElementById("help-dialog")),
    });
  }

  async answered() {
    return [...this.answeredHere, ...(await this.outbox.subjects())];
  }

  /** Put the next subject on the stage, or say why there is none. */
  async advance({ first = false } = {}) {
    this.entry = null;
    this.deciding = true;
    this.screen.clear();
    this.marking.reset();
    this.marking.setActive(false);
    const entry = this.queue.take();
    if (!entry) {
      this.deciding = false;
      this.queueChanged();
      return;
    }
    if (!entry.settled) this.screen.showStage("loading");
    const usable = await entry.ready;
    this.deciding = false;
    if (usable) {
      this.show(entry, first);
      return;
    }
    this.queue.skip(entry.subject.id);
    this.screen.warn(this.screen.text("broken"));
    this.advance({ first });
  }

  show(entry, first) {
    const { subject, image, frames } = entry;
    image.alt = this.screen.text("imageAlt");
    this.viewer.show(image, subject, frames);
    this.entry = entry;
    this.askedToMark = false;
    this.favourite.show(subject);
    this.startedAt = new Date().toISOString();
    this.screen.showSubject(subject, this.queue.server);
    this.screen.showStage("image");
    this.screen.say(this.screen.text(first ? "ready" : "nextShown"));
    performance.mark("subject-shown", { detail: { subject: subject.id } });
  }

  /** The queue has news: it matters only while the stage has nothing to show. */
  queueChanged() {
    if (this.entry || this.deciding) return;
    const { state } = this.queue;
    if (state === "ready") {
      this.advance({ first: true });
      return;
    }
    this.screen.showStage(state);
    this.screen.say(this.screen.text(state === "loading" ? "loading" : "noImage"));
  }

  /** Key 1, 2, 3: take the answer; the same key again takes it back. */
  choose(index) {
    const radio = this.screen.radios[index];
    if (!radio || !this.entry) return false;
    if (radio.checked) return this.clear();
    this.screen.choose(radio);
    // From the image the arrows must go on panning; from anywhere else Enter must mean Done.
    if (document.activeElement !== this.viewer.stage) radio.focus({ preventScroll: true });
    this.chosen();
    if (oneKeyEnabled() && !this.marking.active) this.done();
    return true;
  }

  /** A stroke answers at once; only a yes waits for its marks. */
  swiped(value) {
    const radio = this.screen.radios.find((one) => one.value === value);
    if (!radio || !this.entry) return;
    this.screen.choose(radio);
    this.chosen();
    if (!this.marking.active) this.done();
  }

  /** Another answer: marks belong to a yes. They stay for the moment, in case the person changes back. */
  chosen() {
    this.screen.readiness();
    this.marking.setActive(this.entry !== null && this.config.workflow.marking && this.screen.chosen === "yes");
    if (this.marking.active) this.screen.say(this.screen.text("markHow"));
  }

  /** Key M: mark by keyboard, wherever the focus is. */
  mark() {
    if (!this.marking.active) return false;
    this.marking.atCross();
    return true;
  }

  clear() {
    if (this.screen.chosen === null) return false;
    const hadFocus = this.screen.form.contains(document.activeElement);
    this.screen.clear();
    this.marking.setActive(false);
    if (hadFocus) this.screen.status.focus({ preventScroll: true });
    return true;
  }

  /** Take the answer off the screen and into the outbox; null when there is nothing to take. */
  takeAnswer() {
    const { screen, entry } = this;
    if (!entry) return null;
    const answer = screen.chosen;
    if (answer === null) {
      screen.say(screen.text("chooseFirst"));
      return null;
    }
    const lacks = this.marking.lacks;
    if (lacks && !this.askedToMark) {
      this.askedToMark = true;
      screen.say(screen.text(lacks));
      return null;
    }
    const classification = classificationOf({
      workflow: this.config.workflow,
      entry,
      answer,
      marks: this.marking.value,
      supersedes: this.supersedes,
      startedAt: this.startedAt,
      viewer: this.viewer,
      selectionState: this.queue.server,
    });
    // From here a second press of Done finds nothing to take.
    this.entry = null;
    this.given.add(classification.key);
    this.last = { key: classification.key, entry, answer, marks: classification.marks };
    if (!this.supersedes) screen.showCount(visit.add());
    this.supersedes = null;
    this.answeredHere.add(entry.subject.id);
    screen.showUndo(true);
    return classification;
  }

  /** The next image does not wait for the disk or the network. */
  async done() {
    performance.mark("done-pressed");
    const classification = this.takeAnswer();
    if (!classification) return;
    this.moveFocus();
    await Promise.all([this.outbox.add(classification), this.advance()]);
  }

  /** Talk shows this very subject, so its answer must be saved before anything there can sway it. */
  async doneAndTalk() {
    const { screen, outbox } = this;
    const classification = this.takeAnswer();
    if (!classification) return;
    this.forget(classification.key);
    this.leaving = classification.key;
    this.deciding = true;
    screen.showStage("saving");
    screen.say(screen.text("saving"));
    const outcome = outbox.settled(classification.key, TALK_WAIT_MS);
    await outbox.add(classification);
    const ended = await outcome;
    this.leaving = null;
    const lesson = this.lessons.get(classification.key);
    if (lesson) await this.feedback.show(lesson, { leaving: true });
    this.advance();
    if (ended === "saved") {
      window.location.assign(this.config.urls.talk.replace("/0/", `/${classification.subject}/`));
      return;
    }
    if (ended === "waiting") screen.warn(screen.text("talkLater"));
    this.moveFocus();
  }

  /** The server has it: say what is to be learnt, and when it came too late. */
  saved({ key, body }) {
    if (!body) return;
    // These stand: the answer to a training image, and one that does not count anyway.
    if (body.feedback || body.set_aside) {
      this.forget(key);
      // Taken back a moment too early.
      if (this.supersedes === key) {
        this.supersedes = null;
        this.advance();
      }
    }
    if (body.feedback) {
      this.lessons.set(key, body.feedback);
      if (this.leaving !== key && this.isMine(key)) this.teach(body.feedback);
    } else if (body.set_aside === "late" && this.isMine(key)) this.screen.say(this.screen.text("late"));
  }

  /** Given on this page, not in another tab. */
  isMine(key) {
    return this.given.has(key);
  }

  async teach(lesson) {
    await this.feedback.show(lesson);
    this.moveFocus();
  }

  /** This answer can no longer be taken back. */
  forget(key) {
    if (this.last?.key !== key) return;
    this.last = null;
    this.screen.showUndo(false);
  }

  /** Bring the last image back with its answer; the next Done replaces it. */
  undo() {
    const { last, screen } = this;
    if (!last || this.deciding || this.supersedes) {
      screen.say(screen.text("undoNone"));
      return;
    }
    this.queue.putBack(this.entry, last.entry);
    this.forget(last.key);
    this.supersedes = last.key;
    this.marking.reset(last.marks);
    this.show(last.entry, true);
    const radio = screen.radios.find((one) => one.value === last.answer);
    screen.choose(radio);
    this.chosen();
    radio.focus({ preventScroll: true });
    screen.say(screen.text("undone"));
  }

  /** After an answer the focus stays on the image if it was there, else goes to the status line. */
  moveFocus() {
    if (document.activeElement !== this.viewer.stage) this.screen.status.focus({ preventScroll: true });
  }

  held(status) {
    if (status === 401 || status === 403) this.screen.warn(this.screen.text("signedOut"));
  }
}

const root = document.querySelector("[data-classify]");
const config = document.getElementById("classify-config");
if (root && config) new Classifier(root, JSON.parse(config.textContent)).start();
