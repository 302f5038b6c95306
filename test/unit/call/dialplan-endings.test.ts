import assert from "node:assert/strict";
import { test } from "node:test";
import { settle } from "../../support/call-doubles.js";
import { attack, event, switchBench } from "../../support/switch-bench.js";

/** As ARI reports calls to the number that is attacked. */
const OF_PBX = { switchId: "pbx1", source: "asterisk" } as const;
const later = (n: number) => event(`call${n}`, `A00${n}`, OF_PBX);

test("dialplan endings: the first call after a start is left to a dialplan that may ask, until it did not", async () => {
  const { control, disconnected, dialplans, clock } = switchBench({}, ["pbx1"]);
  await control.reportEvents(attack(5, OF_PBX));
  await settle();
  assert.deepEqual([disconnected.length, dialplans.isLeft("call5")], [4, true]);
  clock.advance(500);
  await settle();
  assert.deepEqual(disconnected.slice(4), ["call5"], "half a second is all that it gets");
  await control.reportEvents([later(6)]);
  await settle();
  assert.deepEqual(disconnected.slice(5), ["call6"], "a further one does not get that");
  dialplans.asks("pbx1");
  await control.reportEvents([later(7)]);
  assert.equal(dialplans.isLeft("call7"), true, "it asks after all");
});

test("dialplan endings: a dialplan that is asking is not given up for that call", async () => {
  const { control, disconnected, dialplans, clock } = switchBench({}, ["pbx1"]);
  await control.reportEvents(attack(5, OF_PBX));
  clock.advance(5);
  assert.equal(dialplans.told("call5", {}), true);
  dialplans.over("call5");
  clock.advance(3_000);
  await control.reportEvents([later(6)]);
  await settle();
  assert.deepEqual([disconnected.length, dialplans.isLeft("call6")], [4, true]);
});

test("dialplan endings: of another system all are ended at once", async () => {
  const { control, disconnected, dialplans } = switchBench({}, ["pbx2"]);
  await control.reportEvents(attack(5, OF_PBX));
  await settle();
  assert.deepEqual([disconnected.length, dialplans.isLeft("call5")], [5, false]);
});
