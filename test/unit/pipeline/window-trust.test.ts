import assert from "node:assert/strict";
import { test } from "node:test";
import { WindowTrust } from "../../../gateway/pipeline/window-trust.js";
import { FakeClock } from "../../support/fake-clock.js";

const MINUTE = 60_000;

test("windows: a recogniser that is too slow again rests for longer, and windows in vain meanwhile do not shorten that", () => {
  const clock = new FakeClock();
  const trust = new WindowTrust(clock);
  trust.tooSlow();
  clock.advance(10 * MINUTE);
  assert.equal(trust.pays, true);
  trust.tooSlow();
  for (let i = 0; i < 3; i++) trust.had(false);
  clock.advance(19 * MINUTE);
  assert.equal(trust.pays, false);
  clock.advance(MINUTE);
  assert.equal(trust.pays, true);
});
