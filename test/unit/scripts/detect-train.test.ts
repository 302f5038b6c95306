import assert from "node:assert/strict";
import { test } from "node:test";
import { builtInWeights } from "../../../detection/index.js";
import { digest } from "../../../scripts/detect-train.js";

test("the committed weights were made from the stories, lexicons and settings that are committed", () => {
  assert.equal(builtInWeights().inputs, digest(), "run npm run detect:train");
});
