/** The requests of the prompt's script in compressed time, as JSON: the real machine, with tabs that hear each other. */
import { IDLE, Scene, alive, over } from "../tests/embed/scene.js";

const HOUR = 3600;

class Tabs {
  constructor(count) {
    this.tabs = Array.from({ length: count }, () => Scene.of(IDLE));
    this.left = IDLE;
    this.requests = 0;
  }

  /** One of several tabs with the same question asks, as the lock of the browser has it; the others hear the answer. */
  second(isWorking) {
    this.left -= 1;
    for (const tab of this.tabs) tab.passes(1);
    if (isWorking) this.tabs[0].happens("input");
    for (const tab of this.tabs) {
      const query = tab.open.pop();
      if (query && tab.machine.awaits(query)) this.#answer(tab, query);
    }
  }

  #answer(tab, query) {
    this.requests += 1;
    if (query.cause && this.left > 0) this.left = IDLE - query.idleSeconds;
    const answer = this.left > 0 ? alive(this.left, { seq: this.requests }) : over("idle");
    tab.answers(answer, query);
    for (const other of this.tabs) if (other !== tab) other.hears(answer);
  }
}

const count = (tabs, seconds, isWorking) => {
  const scene = new Tabs(tabs);
  for (let second = 0; second < seconds; second += 1) scene.second(isWorking);
  return scene.requests;
};

const figures = {};
for (const tabs of [1, 10]) {
  figures[`requests in an hour of work, ${tabs === 1 ? "one tab" : "ten tabs"}`] = count(tabs, HOUR, true);
  figures[`requests from the last input to the end, ${tabs === 1 ? "one tab" : "ten tabs"}`] = count(tabs, IDLE + 10, false);
}
console.log(JSON.stringify(figures));
