import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_RECORDING } from "../../../gateway/call/recording/recording-contracts.js";
import { recordingSchema } from "../../../gateway/config/recording-schema.js";

test("recording schema: the defaults are those of the code", () => {
  const { report, trunk, ...options } = recordingSchema.parse({});
  assert.deepEqual({ ...DEFAULT_RECORDING, ...options }, DEFAULT_RECORDING);
  assert.deepEqual([report, trunk], [true, undefined]);
});

for (const { name, value } of [
  { name: "a network that is none", value: { sources: ["example.org"] } },
  { name: "an unknown key", value: { source: [] } },
  { name: "no session at all", value: { maxSessions: 0 } },
  { name: "an empty user", value: { users: [""] } },
])
  test(`recording schema refuses ${name}`, () => assert.equal(recordingSchema.safeParse(value).success, false));
