import assert from "node:assert/strict";
import { it } from "node:test";

import { alive, over } from "./scene.js";
import { createService } from "./script.js";

const status = { type: "query", at: 0, cause: null, idleSeconds: 0, leaving: false };
const extension = { ...status, cause: "prompt", idleSeconds: 1.5 };

const ask = (query, response) => createService("https://auth.example.vn/", async () => response)(query);
const json = (body, init) => new Response(JSON.stringify(body), init);

it("asks without a header of its own, so that no preflight is needed", async () => {
  const calls = [];
  const service = createService("https://auth.example.vn/", async (...call) => calls.push(call) && json(alive(60)));
  await service(status);
  const [url, { headers, method, credentials, redirect }] = calls[0];
  assert.equal(url, "https://auth.example.vn/session");
  assert.deepEqual([headers, method, credentials, redirect], [undefined, undefined, "include", "manual"]);
});

it("keeps alive by a JSON post", async () => {
  const calls = [];
  const service = createService("/dvauth/", async (...call) => calls.push(call) && json(alive(60)));
  const event = await service(extension);
  const [url, { method, headers, body, keepalive }] = calls[0];
  assert.deepEqual([url, method, headers], ["/dvauth/session/keep-alive", "POST", { "content-type": "application/json" }]);
  assert.ok(keepalive, "it arrives when the page has gone");
  assert.deepEqual(JSON.parse(body), { cause: "prompt", idle_seconds: 1.5 });
  assert.deepEqual([event.type, event.answer], ["answer", alive(60)]);
});

it("takes the 401 of an ended session for an answer", async () => {
  const event = await ask(extension, json(over("idle"), { status: 401 }));
  assert.deepEqual([event.type, event.answer.reason], ["answer", "idle"]);
});

const failures = {
  "a server error": json({ title: "Internal Server Error" }, { status: 500 }),
  "a login page": new Response("<!doctype html><title>Đăng nhập</title>"),
  "somebody else's JSON": json({ ok: true }),
  "a redirect": Response.redirect("https://auth.example.vn/login"),
  "a 401 that is not ours": json({ title: "Unauthorized" }, { status: 401 }),
};
for (const [name, response] of Object.entries(failures))
  it(`${name} is a failure`, async () => assert.equal((await ask(extension, response)).type, "failed"));

it("a lost connection is a failure", async () => {
  const service = createService("/", async () => Promise.reject(new TypeError("Failed to fetch")));
  assert.equal((await service(status)).type, "failed");
});

it("tells how long the server wants to be left alone", async () => {
  const response = json({}, { status: 503, headers: { "retry-after": "7" } });
  assert.equal((await ask(status, response)).retryAfter, 7000);
});
