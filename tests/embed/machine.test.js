import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { IDLE, Scene, WARN, alive, over } from "./scene.js";

const HOUR = 3600;
const PROMPT_AT = IDLE - WARN;

const prompted = () => Scene.of(IDLE).passes(PROMPT_AT);

describe("the way to the prompt", () => {
  it("asks once at the start and shows nothing", () => {
    const scene = new Scene().happens("start");
    assert.deepEqual(scene.causes, ["status"]);
    assert.equal(scene.scene, "");
  });

  it("leaves an anonymous visitor alone for good", () => {
    const scene = new Scene().happens("start").answers({ state: "anonymous" });
    scene.happens("input").happens("look", { hidden: false }).sleeps(HOUR).happens("tick").passes(HOUR);
    assert.equal(scene.scene, "");
    assert.equal(scene.machine.wakeAt(), Infinity);
    assert.deepEqual(scene.causes, ["status"]);
  });

  it("treats a page that came after the end as an anonymous one", () => {
    const scene = new Scene().happens("start").answers(over("idle"));
    assert.equal(scene.scene, "");
  });

  it("opens the prompt at the warning, not before", () => {
    const scene = Scene.of(IDLE).passes(PROMPT_AT - 0.01);
    assert.equal(scene.scene, "");
    scene.passes(0.01);
    assert.equal(scene.state, "warning");
    assert.deepEqual([scene.scene, scene.view.seconds, scene.view.offline, scene.view.reason], ["warning", 60, false, ""]);
  });

  it("opens it at once on a page that is loaded late", () => {
    assert.equal(Scene.of(40).view.seconds, 40);
  });

  it("counts down by the second", () => {
    const scene = prompted();
    const seen = [];
    for (let second = 0; second < 4; second += 1) {
      seen.push(scene.view.seconds);
      scene.passes(1);
    }
    assert.deepEqual(seen, [60, 59, 58, 57]);
  });

  it("counts from when the question was sent, so a slow answer makes it early and never late", () => {
    const scene = new Scene().happens("start").passes(3);
    scene.answers(alive(50));
    assert.equal(scene.view.seconds, 47);
  });

  it("asks two seconds ahead whether there was activity elsewhere", () => {
    const scene = Scene.of(IDLE).passes(PROMPT_AT - 2);
    assert.deepEqual(scene.causes, ["status", "status"]);
    scene.answers(alive(IDLE, { seq: 5 })).passes(2);
    assert.equal(scene.state, "active");
  });

  it("does not need the answer: the prompt comes on time", () => {
    const scene = Scene.of(IDLE).passes(PROMPT_AT - 2);
    scene.fails().passes(2);
    assert.equal(scene.state, "warning");
  });

  it("follows timeouts that were changed meanwhile", () => {
    const scene = Scene.of(IDLE).passes(100);
    scene.hears(alive(30, { warn_before_seconds: 20 })).passes(10);
    assert.equal(scene.view.seconds, 20);
  });
});

describe("activity", () => {
  it("is reported only when the server's knowledge is older than 40 % of the idle window", () => {
    const scene = Scene.of(IDLE).passes(0.4 * IDLE).happens("input");
    assert.deepEqual(scene.causes, ["status"]);
    scene.passes(1).happens("input");
    assert.deepEqual(scene.causes, ["status", "input"]);
    assert.equal(scene.sent[1].idleSeconds, 0);
  });

  it("is measured from the last activity, not from the last answer", () => {
    const scene = Scene.of(IDLE).passes(100).hears(alive(IDLE - 100)).passes(261).happens("input");
    assert.deepEqual(scene.causes, ["status", "input"]);
  });

  it("is reported at once when the prompt is near, however short the window is", () => {
    const scene = Scene.of(90).passes(28).answers(alive(62)).passes(1).happens("input");
    assert.deepEqual(scene.causes, ["status", "status", "input"]);
  });

  // proves: P18
  it("costs at most 12 requests in an hour of work in one of ten tabs", () => {
    const tabs = Array.from({ length: 10 }, () => Scene.of(IDLE));
    const [working, ...others] = tabs;
    const loads = 10;
    for (let second = 1; second <= HOUR; second += 1) {
      for (const tab of tabs) tab.passes(1);
      working.happens("input");
      for (const asking of tabs.filter(({ open }) => open.length)) {
        const answer = alive(IDLE, { seq: working.sent.length });
        asking.answers(answer);
        for (const tab of tabs) if (tab !== asking) tab.hears(answer);
      }
    }
    const requests = tabs.flatMap(({ sent }) => sent).length - loads;
    assert.ok(requests <= 12, `${requests} requests`);
    assert.ok(others.every(({ scene }) => scene === ""));
  });

  it("that was not reported is credited before the prompt would open", () => {
    const scene = Scene.of(IDLE).passes(300).happens("input").passes(PROMPT_AT - 302);
    assert.deepEqual(scene.causes, ["status", "input"]);
    assert.equal(Math.round(scene.sent[1].idleSeconds), PROMPT_AT - 302);
    scene.answers(alive(IDLE - (PROMPT_AT - 302), { seq: 300 })).passes(2);
    assert.equal(scene.state, "active");
  });

  it("is reported by a page that goes away, if it is worth a tenth of the window", () => {
    const little = Scene.of(IDLE).passes(80).happens("input").happens("pagehide");
    assert.deepEqual(little.causes, ["status"]);
    const enough = Scene.of(IDLE).passes(100).happens("input").happens("pagehide");
    assert.deepEqual(enough.causes, ["status", "input"]);
  });

  it("is never made up: a page left alone asks, and reports nothing", () => {
    const scene = Scene.of(IDLE).passes(IDLE);
    assert.deepEqual([...new Set(scene.causes)], ["status"]);
  });

  it("does not answer an open prompt", () => {
    const scene = prompted();
    scene.answers(alive(WARN));
    const before = scene.sent.length;
    scene.passes(1).happens("input").passes(1).happens("input");
    assert.equal(scene.state, "warning");
    assert.equal(scene.sent.length, before);
  });

  it("is told again when the server could not be reached", () => {
    const scene = Scene.of(IDLE).passes(400).happens("input");
    scene.fails().passes(0.5);
    assert.deepEqual(scene.causes, ["status", "input", "input"]);
  });

  it("sends one report for many inputs", () => {
    const scene = Scene.of(IDLE).passes(400);
    for (let i = 0; i < 5; i += 1) scene.passes(1).happens("input");
    assert.deepEqual(scene.causes, ["status", "input"]);
  });
});

describe("the person's answer", () => {
  it("closes the prompt when the server agreed, not before", () => {
    const scene = prompted().happens("stay");
    assert.equal(scene.state, "extending");
    assert.equal(scene.scene, "warning");
    scene.answers(alive(IDLE, { seq: 1 }));
    assert.equal(scene.state, "active");
    assert.equal(scene.scene, "");
  });

  it("is sent once, however often it is given", () => {
    const scene = prompted().happens("stay").happens("stay").happens("stay");
    assert.deepEqual(scene.causes.filter((cause) => cause === "prompt"), ["prompt"]);
  });

  it("is remembered and repeated until the deadline", () => {
    const scene = prompted().happens("stay");
    scene.fails();
    assert.ok(scene.view.offline);
    for (const pause of [0.5, 1, 2, 4, 8, 8]) {
      const before = scene.sent.length;
      scene.passes(pause - 0.01);
      assert.equal(scene.sent.length, before, `too early, within ${pause} s`);
      scene.passes(0.01);
      assert.equal(scene.sent.at(-1).cause, "prompt");
      scene.fails();
    }
    scene.happens("online");
    scene.answers(alive(IDLE, { seq: 1 }));
    assert.equal(scene.state, "active");
  });

  it("waits as long as the server asks for", () => {
    const scene = prompted().happens("stay");
    scene.fails({ retryAfter: 5000 });
    const before = scene.sent.length;
    scene.passes(4.9);
    assert.equal(scene.sent.length, before);
    scene.passes(0.1);
    assert.equal(scene.sent.length, before + 1);
  });

  it("is not taken back by an answer to an older question", () => {
    const scene = Scene.of(IDLE).passes(PROMPT_AT);
    const status = scene.open.pop();
    scene.happens("stay");
    scene.fails();
    scene.answers(alive(WARN), status);
    assert.equal(scene.state, "extending");
    scene.passes(0.5);
    assert.equal(scene.sent.at(-1).cause, "prompt");
  });

  it("comes too late after the end: 401 ends at once, with the reason", () => {
    const scene = prompted().happens("stay");
    scene.answers(over("revoked"));
    assert.equal(scene.state, "ended");
    assert.equal(scene.view.reason, "revoked");
  });
});

describe("the deadline", () => {
  it("ends nothing by itself: the page is covered and the server is asked", () => {
    const scene = prompted();
    scene.answers(alive(WARN));
    scene.passes(WARN);
    assert.equal(scene.state, "checking");
    assert.equal(scene.scene, "checking");
    assert.equal(scene.open.length, 1);
    scene.answers(over("idle"));
    assert.deepEqual([scene.state, scene.view.reason, scene.view.kept], ["ended", "idle", "10"]);
  });

  // proves: P8
  it("passes without harm in a hidden tab when another one extended", () => {
    const scene = Scene.of(IDLE).happens("look", { hidden: true }).passes(IDLE);
    assert.equal(scene.state, "checking");
    scene.answers(alive(700, { seq: 9 }));
    assert.equal(scene.state, "active");
    assert.deepEqual(scene.acts, []);
  });

  it("without a connection: covered, nothing claimed, asked again until there is an answer", () => {
    const scene = prompted();
    scene.fails().passes(WARN);
    scene.fails();
    assert.deepEqual([scene.scene, scene.view.offline, scene.view.reason], ["checking", true, ""]);
    scene.passes(HOUR);
    assert.equal(scene.state, "checking");
    scene.happens("online").answers(over("idle"));
    assert.equal(scene.state, "ended");
  });

  it("of the absolute limit is announced as one that nothing can move", () => {
    const scene = Scene.of(70, { ends_by: "absolute", idle_remaining_seconds: IDLE }).passes(10);
    assert.equal(scene.scene, "limit");
    scene.happens("stay");
    assert.equal(scene.scene, "");
    assert.ok(!scene.causes.includes("prompt"));
    scene.passes(WARN);
    assert.equal(scene.state, "checking");
  });
});

describe("clocks", () => {
  // proves: P11
  it("a wall clock that jumps ahead brings a question, and the session lives on", () => {
    const scene = Scene.of(IDLE).passes(60).sleeps(HOUR).happens("tick");
    assert.equal(scene.state, "checking");
    scene.answers(alive(IDLE - 60));
    assert.equal(scene.state, "active");
    scene.passes(PROMPT_AT - 61);
    assert.equal(scene.state, "active");
    scene.passes(1);
    assert.equal(scene.state, "warning");
  });

  // proves: P12
  it("a wall clock that is set back delays nothing, answered or not", () => {
    const scene = Scene.of(IDLE).passes(60).sleeps(-HOUR).happens("tick");
    assert.equal(scene.state, "active");
    assert.equal(scene.open.length, 1);
    scene.fails().passes(PROMPT_AT - 60);
    assert.equal(scene.state, "warning");
    scene.passes(WARN);
    assert.equal(scene.state, "checking");
  });

  it("a small drift is nobody's business", () => {
    const scene = Scene.of(IDLE).passes(60).sleeps(1.9).happens("tick");
    assert.deepEqual(scene.causes, ["status"]);
  });

  it("sleep past the end covers the page before the server is asked", () => {
    const scene = Scene.of(IDLE).sleeps(HOUR).happens("look", { hidden: false });
    assert.equal(scene.scene, "checking");
    assert.equal(scene.open.length, 1);
  });

  it("a visible page notices within five seconds, without any event", () => {
    const scene = Scene.of(IDLE).passes(1).sleeps(HOUR).passes(5);
    assert.equal(scene.scene, "checking");
  });

  it("a hidden page sleeps through to its next moment on one timer", () => {
    const scene = Scene.of(IDLE).happens("look", { hidden: true });
    assert.equal(scene.machine.wakeAt() - scene.at, (PROMPT_AT - 2) * 1000);
  });

  it("sleep while a question was on its way counts too", () => {
    const scene = new Scene().happens("start").sleeps(HOUR);
    scene.answers(alive(IDLE));
    assert.equal(scene.state, "checking");
  });
});

describe("other tabs", () => {
  it("their extension closes this prompt", () => {
    const scene = prompted().hears(alive(IDLE, { seq: 1 }));
    assert.equal(scene.state, "active");
  });

  it("their old news changes nothing", () => {
    const scene = Scene.of(IDLE, { seq: 7 }).passes(100);
    scene.hears(alive(20, { seq: 6 }), 150_000);
    assert.equal(scene.state, "active");
  });

  it("activity on another portal closes a prompt that one comes back to", () => {
    const scene = prompted();
    scene.answers(alive(WARN)).passes(5).happens("look", { hidden: false });
    scene.answers(alive(IDLE, { seq: 4 }));
    assert.equal(scene.scene, "");
  });

  it("their news counts from when it was asked for", () => {
    const scene = Scene.of(IDLE).passes(100).hears(alive(100), 50_000);
    assert.equal(scene.view.seconds, 50);
  });

  it("their logout covers this page without a request, and keeps nothing", () => {
    const scene = Scene.of(IDLE).passes(10).hears(over("logout"));
    assert.deepEqual([scene.state, scene.view.kept], ["ended", ""]);
    assert.deepEqual(scene.acts, ["drop"]);
    assert.deepEqual(scene.causes, ["status"]);
  });

  it("a tab that finds itself anonymous after us tells of the logout, one that asked before us does not", () => {
    const before = Scene.of(IDLE).passes(10).hears({ state: "anonymous" }, 20_000);
    assert.equal(before.state, "active");
    const after = Scene.of(IDLE).passes(10).hears({ state: "anonymous" });
    assert.deepEqual([after.view.reason, after.acts], ["logout", ["drop"]]);
  });

  // proves: P10
  it("another session's news is not ours: we ask for ourselves, and another account's page is not shown", () => {
    const bob = { session: "session-2", account: "bob" };
    const scene = Scene.of(IDLE).passes(10).hears(alive(IDLE, bob));
    assert.deepEqual(scene.causes, ["status", "status"]);
    assert.equal(scene.state, "active");
    scene.answers(alive(IDLE, bob));
    assert.deepEqual(scene.acts, ["reload", "drop"]);
    assert.equal(scene.state, "ended");
  });

  it("the end of another session is not ours either", () => {
    const scene = Scene.of(IDLE).hears(over("logout", { session: "session-2" }));
    assert.equal(scene.state, "active");
  });

  it("an answer heard from another tab is not asked for again", () => {
    const scene = Scene.of(IDLE).passes(PROMPT_AT - 2);
    const question = scene.open.at(-1);
    assert.ok(scene.machine.awaits(question));
    scene.hears(alive(WARN + 2));
    assert.ok(!scene.machine.awaits(question));
  });
});

describe("after the end", () => {
  const ended = (reason = "idle") => Scene.of(IDLE).passes(10).hears(over(reason));

  it("the page is kept under the cover, then dropped", () => {
    const scene = ended().passes(599);
    assert.ok(scene.view.kept);
    scene.passes(1);
    assert.ok(!scene.view.kept);
    assert.deepEqual(scene.acts, ["drop"]);
  });

  it("the page is dropped on time after a sleep", () => {
    const scene = ended().passes(1).sleeps(HOUR).passes(5);
    assert.deepEqual(scene.acts, ["drop"]);
  });

  for (const reason of ["logout", "revoked", "account-disabled"])
    it(`the page is not kept after ${reason}`, () => assert.deepEqual(ended(reason).acts, ["drop"]));

  it("the same account comes back to the page as it was", () => {
    const scene = ended().passes(30).happens("look", { hidden: false });
    scene.answers(alive(IDLE, { session: "session-2" }));
    assert.deepEqual([scene.state, scene.scene, scene.acts], ["active", "", []]);
    scene.passes(PROMPT_AT);
    assert.deepEqual([scene.scene, scene.view.reason, scene.view.kept], ["warning", "", ""]);
    assert.ok(scene.machine.wakeAt() > scene.at);
  });

  it("the same account gets a fresh page when the old one was dropped", () => {
    const scene = ended("logout").passes(30).happens("look", { hidden: false });
    scene.answers(alive(IDLE, { session: "session-2" }));
    assert.deepEqual(scene.acts, ["drop", "reload"]);
  });

  it("another account sees nothing of the first", () => {
    const scene = ended().passes(30).happens("look", { hidden: false });
    scene.answers(alive(IDLE, { session: "session-2", account: "bob" }));
    assert.deepEqual(scene.acts, ["reload"]);
    assert.equal(scene.state, "ended");
  });

  it("no old answer brings the page back", () => {
    const scene = Scene.of(IDLE).passes(PROMPT_AT - 2);
    const slow = scene.open.pop();
    scene.passes(1).hears(over("idle")).answers(alive(IDLE, { seq: 9 }), slow);
    assert.equal(scene.state, "ended");
  });

  describe("the end that an older question was answered with", () => {
    const returned = { session: "session-2" };
    const focused = (scene) => scene.happens("look", { hidden: false }).open.pop();

    it("does not cover a page that came back meanwhile: it asks again", () => {
      const scene = ended();
      const slow = focused(scene);
      scene.passes(3).hears(alive(IDLE)).passes(1).answers(over("idle"), slow);
      assert.deepEqual([scene.state, scene.told], ["active", ["ended", "resumed"]]);
      assert.equal(scene.open.length, 1);
      scene.answers(over("idle"));
      assert.equal(scene.state, "ended");
    });

    it("does not take away a prompt that was answered elsewhere", () => {
      const scene = prompted();
      const slow = scene.open.pop();
      scene.passes(2).hears(alive(IDLE, { seq: 5 })).passes(1).answers({ state: "anonymous", reason: null }, slow);
      assert.equal(scene.state, "active");
    });

    it("is not the last word when there was news of another session", () => {
      const scene = ended();
      const slow = focused(scene);
      scene.passes(3).hears(alive(IDLE, returned)).passes(1).answers(over("idle"), slow);
      scene.passes(1).hears(over("idle"), 3000).answers(alive(IDLE, returned));
      assert.deepEqual([scene.state, scene.told], ["active", ["ended", "resumed"]]);
    });
  });

  it("a portal may choose to leave for the login page", () => {
    const scene = new Scene({ onEnd: "leave" }).happens("start").answers(alive(IDLE));
    assert.deepEqual(scene.hears(over("idle")).acts, ["leave"]);
  });
});

describe("an end without a reason", () => {
  const nobody = { state: "anonymous", reason: null };
  const { passes, sleeps } = Scene.prototype;

  it("covers the page and keeps it: the service may have forgotten the page's secret, or all sessions", () => {
    const scene = Scene.of(IDLE).passes(10).happens("look", { hidden: false }).passes(PROMPT_AT - 12);
    scene.answers(nobody);
    assert.deepEqual([scene.state, scene.view.reason, scene.view.kept], ["ended", "", "10"]);
    assert.deepEqual(scene.acts, []);
    scene.passes(10).happens("look", { hidden: false }).answers(alive(IDLE, { session: "session-2" }));
    assert.equal(scene.scene, "");
  });

  it("is dropped when the page has been kept for long enough", () => {
    const scene = prompted().answers(nobody).passes(600);
    assert.deepEqual(scene.acts, ["drop"]);
  });

  for (const [what, pass] of Object.entries({ sleep: sleeps, waiting: passes }))
    for (const ends_by of ["idle", "absolute"])
      it(`has that of the deadline, if it was passed in ${what} (${ends_by})`, () => {
        const scene = Scene.of(IDLE, { ends_by });
        pass.call(scene, HOUR).happens("tick").answers(nobody);
        assert.deepEqual([scene.view.reason, scene.view.kept], [ends_by, "10"]);
      });

  it("is the same when another tab of the session hears it first", () => {
    const scene = Scene.of(IDLE).passes(10).hears({ ...nobody, session: "session-1" });
    assert.deepEqual([scene.state, scene.view.reason, scene.view.kept], ["ended", "", "10"]);
  });

  it("is old news if we have heard of life since", () => {
    const scene = Scene.of(IDLE).passes(10).hears({ ...nobody, session: "session-1" }, 20_000);
    assert.equal(scene.state, "active");
  });

  it("is no logout of a fresh tab once the deadline has passed", () => {
    const scene = Scene.of(IDLE).sleeps(HOUR).happens("tick").hears(nobody);
    assert.deepEqual([scene.view.reason, scene.view.kept], ["idle", "10"]);
  });
});

describe("a page that the browser had stored away", () => {
  it("is covered until the server was asked", () => {
    const scene = Scene.of(IDLE).happens("look", { hidden: false, persisted: true });
    assert.equal(scene.scene, "checking");
    scene.answers(alive(IDLE));
    assert.equal(scene.scene, "");
  });
});
