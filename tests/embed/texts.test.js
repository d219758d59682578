import assert from "node:assert/strict";
import { it } from "node:test";

import { TEXTS } from "./script.js";

const sentence = ({ message, button, left }) => `${message}${button}. ${left.replace("{}", 60)}`;

it("says the sentence of the regulation", () => {
  assert.equal(
    sentence(TEXTS.vi),
    "Bạn đã không sử dụng Site, Bấm vào đây để duy trì trạng thái đăng nhập. Thời gian chờ: 60 giây",
  );
  assert.equal(
    sentence(TEXTS.en),
    "You have not been using the site. Click here to stay logged in. Time left: 60 seconds",
  );
});

it("knows every reason in both languages", () => {
  const reasons = "idle absolute logout revoked evicted password-changed account-disabled".split(" ");
  for (const language of Object.values(TEXTS)) for (const reason of reasons) assert.ok(language[reason], reason);
  assert.deepEqual(Object.keys(TEXTS.vi), Object.keys(TEXTS.en));
});
