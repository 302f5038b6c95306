import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CdrDetection,
  DEFAULT_CDR_DETECTION,
  type CallRecord,
  type SavedPart,
  type UnixMs,
} from "../../../../detection/index.js";

const NIGHT = Date.parse("2026-03-03T23:00:00Z") as UnixMs;
const NEXT_NOON = Date.parse("2026-03-04T12:00:00Z") as UnixMs;

function detection(): CdrDetection {
  const made = CdrDetection.of(DEFAULT_CDR_DETECTION);
  assert.ok(made.ok);
  return made.value;
}

function sentOn(id: string, at: number, change: Partial<CallRecord>): CallRecord {
  return {
    ...{ id, source: "csv", callId: id, user: "madrid-1", direction: "out", caller: "+12025550101" },
    ...{ called: "+34600000001", country: "ES", numberClass: "mobile", international: false },
    ...{ startedAt: at as UnixMs, endedAt: at as UnixMs, durationMs: 60_000, outcome: "answered" },
    ...{ forwarded: { kind: "always", by: id } },
    ...change,
  };
}

const abroad = { called: "+33600000001", country: "FR", international: true };
const targets = Array.from({ length: 80 }, (_, n) =>
  sentOn(`n${n}`, NIGHT + n * 1_000, { called: `+346000001${String(n).padStart(2, "0")}` }),
);

const forwardings = (watching: CdrDetection, record: CallRecord): number =>
  watching.observe(record).filter(({ rule, change }) => rule === "call-forwarding" && change === "opened").length;

test("many numbers that a user's calls are sent on to at night make no country new to him", () => {
  const watching = detection();
  assert.equal(forwardings(watching, sentOn("first", NIGHT - 36_000_000, abroad)), 1, "a country that is new");
  for (const record of targets) assert.equal(forwardings(watching, record), 1, "a number that is new");
  assert.equal(forwardings(watching, sentOn("later", NEXT_NOON, abroad)), 0);
});

test("which numbers calls were sent on to is known after a restart; of many the last 64", () => {
  const watching = detection();
  for (const record of targets) watching.observe(record);
  const restarted = detection();
  for (const part of JSON.parse(JSON.stringify([...watching.save()])) as SavedPart[]) restarted.load(part);
  const again = (n: number): number =>
    forwardings(restarted, { ...targets[n]!, id: `again-${n}`, forwarded: { kind: "always", by: `again-${n}` } });
  assert.deepEqual([again(79), again(16), again(15)], [0, 0, 1]);
});
