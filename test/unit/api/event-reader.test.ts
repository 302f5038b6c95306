import assert from "node:assert/strict";
import { test } from "node:test";
import { readTimestamp, switchEvent } from "../../../gateway/api/event-reader.js";

const AT = Date.UTC(2024, 0, 15, 10, 30, 0);
const times: readonly (readonly [raw: string | number | null | undefined, at: number | undefined])[] = [
  ["2024-01-15T10:30:00Z", AT],
  ["2024-01-15T10:30:00.250Z", AT + 250],
  ["2024-01-15T10:30:00.250999999Z", AT + 250],
  ["2024-01-15T12:30:00+02:00", AT],
  ["2024-01-15T12:30:00+0200", AT],
  ["2024-01-15 10:30:00", AT],
  ["2024-01-15T10:30:00", AT],
  ["2024.01.15D10:30:00.000000000", AT],
  [AT / 1000, AT],
  [AT / 1000 + 0.25, AT + 250],
  [AT, AT],
  [AT * 1000, AT],
  [AT * 1e6, AT],
  [String(AT / 1000), AT],
  [String(AT), AT],
  [undefined, undefined],
  [null, undefined],
  ["", undefined],
  ["yesterday", undefined],
  ["2024-13-45T10:30:00Z", undefined],
  [0, undefined],
  [-5, undefined],
  [Number.NaN, undefined],
];
for (const [raw, at] of times) {
  test(`timestamp ${JSON.stringify(raw)} is ${at === undefined ? "not read: arrival counts" : new Date(at).toISOString()}`, () => {
    assert.equal(readTimestamp(raw), at);
  });
}

const BODY = { call_id: "c", a_number: "A", b_number: "B" };
for (const [status, read] of [
  [undefined, "active"],
  [null, "active"],
  ["active", "active"],
  ["RINGING", "ringing"],
  ["answered", "answered"],
  ["completed", "ended"],
  ["disconnected", "ended"],
  ["something new", "active"],
] as const) {
  test(`status ${String(status)} counts as ${read}`, () => {
    assert.equal(switchEvent({ ...BODY, status }).status, read);
  });
}
