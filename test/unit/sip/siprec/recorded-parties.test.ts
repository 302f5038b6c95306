import assert from "node:assert/strict";
import { test } from "node:test";
import { isSameParty, recordedParties } from "../../../../gateway/sip/siprec/recorded-parties.js";
import {
  NO_METADATA,
  type RecordedParticipant,
  type RecordingMetadata,
} from "../../../../gateway/sip/siprec/recording-metadata.js";

const person = (id: string, more: Partial<RecordedParticipant> = {}): RecordedParticipant => ({
  id,
  aor: `sip:${id}@192.0.2.1`,
  name: "",
  sends: undefined,
  role: undefined,
  left: false,
  ...more,
});
const metadata = (
  participants: readonly RecordedParticipant[],
  streams: readonly (readonly [id: string, label: string])[] = [],
  more: Partial<RecordingMetadata> = {},
): RecordingMetadata => ({
  ...NO_METADATA,
  participants,
  streams: streams.map(([id, label]) => ({ id, label, sessionId: "S", mixed: false })),
  ...more,
});

const TWO = [
  ["T1", "1"],
  ["T2", "2"],
] as const;

test("parties: without metadata the first line is the caller's", () => {
  assert.deepEqual(recordedParties(undefined, ["", ""]).sides, ["caller", "called"]);
  assert.deepEqual(recordedParties(undefined, ["b_leg", "a_leg"]).sides, ["called", "caller"]);
  assert.deepEqual(recordedParties(undefined, ["2", "1"]).sides, ["called", "caller"]);
  assert.deepEqual(recordedParties(undefined, []).sides, []);
});

test("parties: what one is said to be counts before any order", () => {
  const people = [person("a", { sends: ["T1"], role: "called" }), person("b", { sends: ["T2"] })];
  const found = recordedParties(metadata(people, TWO), ["1", "2"]);
  assert.deepEqual(found.sides, ["called", "caller"]);
  assert.deepEqual([found.caller?.aor, found.called?.aor], ["sip:b@192.0.2.1", "sip:a@192.0.2.1"]);
});

test("parties: the number that the call came from tells who he is, however it is written", () => {
  const people = [
    person("x", { aor: "sip:0012025550199@192.0.2.1", sends: ["T1"] }),
    person("y", { aor: "tel:+1-202-555-0101", sends: ["T2"] }),
  ];
  const found = recordedParties(metadata(people, TWO, { caller: "sip:2025550101@192.0.2.7" }), ["1", "2"]);
  assert.deepEqual(found.sides, ["called", "caller"]);
});

test("parties: somebody who has left is nobody", () => {
  const people = [
    person("a", { sends: ["T1"], left: true }),
    person("b", { sends: ["T2"] }),
    person("c", { sends: ["T1"], role: "caller" }),
  ];
  const found = recordedParties(metadata(people, TWO), ["1", "2"]);
  assert.equal(found.caller?.aor, "sip:c@192.0.2.1");
  assert.deepEqual(found.warnings, []);
});

test("parties: three people are a conference; whoever shares a line with the called side is there too", () => {
  const people = [
    person("a", { sends: ["T1"], role: "caller" }),
    person("b", { sends: ["T2"] }),
    person("c", { sends: ["T2"] }),
  ];
  const found = recordedParties(metadata(people, TWO), ["1", "2"]);
  assert.deepEqual(found.sides, ["caller", "called"]);
  assert.deepEqual(found.warnings, ["conference"]);
});

test("parties: a line nobody is said to speak on goes to the side that is left", () => {
  const people = [person("a", { sends: ["T1"], role: "called" }), person("b")];
  const found = recordedParties(metadata(people, TWO), ["1", "2"]);
  assert.deepEqual(found.sides, ["called", "caller"]);
  assert.deepEqual(found.warnings, ["guessed-speaker"]);
});

test("parties: one line that two people share is heard as the caller's", () => {
  const people = [person("a", { sends: ["T1"] }), person("b", { sends: ["T1"] })];
  const found = recordedParties(metadata(people, [["T1", "1"]]), ["1"]);
  assert.deepEqual([found.sides, found.warnings], [["caller"], ["mixed"]]);
});

test("parties: one line of two people with a sender of its own is his", () => {
  const people = [person("a", { sends: ["T1"], role: "called" }), person("b", { sends: ["T2"] })];
  assert.deepEqual(recordedParties(metadata(people, [["T1", "1"]]), ["1"]).sides, ["called"]);
});

test("parties: labels that agree with nothing, or twice, are said", () => {
  const people = [person("a", { sends: ["T1"] }), person("b", { sends: ["T2"] })];
  assert.ok(recordedParties(metadata(people, [["T1", "x"]]), ["1", "2"]).warnings.includes("unknown-label"));
  const twice = recordedParties(metadata(people, TWO), ["1", "1"]);
  assert.ok(twice.warnings.includes("duplicate-label"));
  assert.equal(twice.sides.length, 2);
});

for (const [a, b, same] of [
  ["sip:+12025550101@192.0.2.1", "tel:+1-202-555-0101", true],
  ["+12025550101", "2025550101", true],
  ["sip:0012025550101@a.example;user=phone", "<sip:+12025550101@b.example>;tag=x", true],
  ["sip:%2B12025550101@a.example", "+12025550101", true],
  ["sip:101@a.example", "sip:101@b.example", true],
  ["sip:101@a.example", "sip:9101@a.example", false],
  ["sip:alice@a.example", "sip:alice2@a.example", false],
  ["sip:@a.example", "sip:@a.example", false],
  ["", "", false],
] as const)
  test(`parties: ${a} and ${b} are ${same ? "one" : "two"}`, () => assert.equal(isSameParty(a, b), same));
