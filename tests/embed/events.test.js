/** What the page's own code is told, and what it may do. */
import assert from "node:assert/strict";
import { it } from "node:test";

import { IDLE, Scene, WARN, alive, over } from "./scene.js";

const prompted = () => Scene.of(IDLE).passes(IDLE - WARN);

it("nothing is told about an ordinary hour", () => {
  const scene = Scene.of(IDLE).passes(400).happens("input").answers(alive(IDLE, { seq: 1 }));
  assert.deepEqual(scene.told, []);
});

it("a warning and its extension, in order", () => {
  const scene = prompted().happens("stay");
  assert.deepEqual(scene.told, ["warning"]);
  scene.answers(alive(IDLE, { seq: 1 }));
  assert.deepEqual(scene.told, ["warning", "extended"]);
});

it("an extension in another tab", () => {
  assert.deepEqual(prompted().hears(alive(IDLE, { seq: 1 })).told, ["warning", "extended"]);
});

it("that the service is out of reach, once until it answers", () => {
  const scene = prompted().happens("stay");
  scene.fails().passes(0.5).fails().passes(1);
  assert.deepEqual(scene.told, ["warning", "error"]);
  scene.answers(alive(WARN)).happens("stay").fails();
  assert.deepEqual(scene.told, ["warning", "error", "error"]);
});

it("the end, and that the same person is back", () => {
  const scene = Scene.of(IDLE).hears(over("idle")).passes(5).happens("look", { hidden: false });
  scene.answers(alive(IDLE, { session: "session-2" }));
  assert.deepEqual(scene.told, ["ended", "resumed"]);
});

it("the end before the page is dropped, so that a draft can be saved", () => {
  const scene = Scene.of(IDLE);
  const query = scene.happens("look", { hidden: true }) && { type: "query", at: scene.at, cause: null };
  const effects = scene.machine.handle({ type: "answer", query, answer: over("logout"), at: scene.at, wall: scene.wall });
  assert.deepEqual(effects.map(({ type }) => type), ["tell", "drop"]);
});

it("nothing when somebody else has logged in: a draft would be saved as theirs", () => {
  const scene = Scene.of(IDLE).passes(5).sleeps(5).happens("tick");
  scene.answers(alive(IDLE, { session: "session-2", account: "bob" }));
  assert.deepEqual([scene.told, scene.acts], [[], ["reload", "drop"]]);
});

it("a page that warns in its own way has no prompt, answers by activity, and is covered all the same", () => {
  const scene = prompted().happens("yield");
  assert.deepEqual([scene.state, scene.scene], ["warning", ""]);
  scene.answers(alive(WARN)).happens("input");
  assert.ok(!scene.causes.includes("prompt"), "only what the page calls an answer is one");
  scene.happens("activity");
  assert.deepEqual([scene.state, scene.causes.at(-1)], ["extending", "prompt"]);
  scene.answers(alive(IDLE, { seq: 1 })).passes(IDLE - WARN);
  assert.equal(scene.scene, "warning", "each warning is asked for anew");
  scene.happens("yield").passes(WARN);
  assert.equal(scene.scene, "checking");
});

it("activity that only the page knows of counts as input, and answers no prompt of ours", () => {
  const scene = Scene.of(IDLE).passes(400).happens("activity");
  assert.deepEqual(scene.causes, ["status", "input"]);
  const open = prompted().happens("activity");
  assert.equal(open.state, "warning");
});
