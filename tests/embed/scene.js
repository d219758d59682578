/** A page of one tab, with clocks that the test moves and a server that says what the test lets it say. */
import { createMachine } from "./script.js";

export const IDLE = 900;
export const WARN = 60;
const DAY = 86_400;

/** The status JSON of a session with `left` seconds before it times out. */
export const alive = (left, more = {}) => ({
  state: "active",
  reason: null,
  session: "session-1",
  account: "alice",
  seq: 0,
  expires_in_seconds: left,
  idle_remaining_seconds: left,
  absolute_remaining_seconds: DAY,
  warn_before_seconds: WARN,
  ends_by: "idle",
  ...more,
});

export const over = (reason, more = {}) => ({ state: "ended", reason, session: "session-1", ...more });

export class Scene {
  at = 1_000;
  wall = 1_700_000_000_000;
  /** Queries that have not been answered. */
  open = [];
  /** Everything else that the page was told to do. */
  acts = [];
  /** What the page's own code was told. */
  told = [];
  sent = [];

  constructor(options = {}) {
    this.machine = createMachine(options);
  }

  /** A page that was loaded with `left` seconds of its session before it. */
  static of(left, more) {
    const scene = new Scene();
    scene.happens("start");
    scene.answers(alive(left, more));
    return scene;
  }

  happens(type, more = {}) {
    for (const effect of this.machine.handle({ type, at: this.at, wall: this.wall, ...more })) {
      if (effect.type === "tell") this.told.push(effect.name);
      else if (effect.type !== "query") this.acts.push(effect.type);
      else {
        this.open.push(effect);
        this.sent.push(effect);
      }
    }
    return this;
  }

  /** Time goes by, with a tick whenever the machine wants one. */
  passes(seconds) {
    const until = this.at + seconds * 1000;
    for (let next; (next = this.machine.wakeAt()) <= until; ) {
      this.#move(Math.max(0, next - this.at));
      this.happens("tick");
    }
    this.#move(until - this.at);
    return this;
  }

  /** Only the wall clock goes on. */
  sleeps(seconds) {
    this.wall += seconds * 1000;
    return this;
  }

  answers(answer, query = this.open.pop()) {
    return this.happens("answer", { query, answer });
  }

  fails({ retryAfter = 0, luck = 0.5 } = {}) {
    return this.happens("failed", { query: this.open.pop(), retryAfter, luck });
  }

  hears(answer, age = 0) {
    return this.happens("news", { answer, age });
  }

  get state() {
    return this.view.state;
  }

  /** What is to be seen besides the page. */
  get scene() {
    return this.view.scene;
  }

  get view() {
    return this.machine.view();
  }

  get causes() {
    return this.sent.map(({ cause }) => cause ?? "status");
  }

  #move(ms) {
    this.at += ms;
    this.wall += ms;
  }
}
