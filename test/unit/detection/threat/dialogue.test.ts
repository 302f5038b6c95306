import assert from "node:assert/strict";
import { test } from "node:test";
import { builtInWeights, loadWeights, ThreatClassifier, type Speaker, type Turn } from "../../../../detection/index.js";

const classifier = new ThreatClassifier(builtInWeights());
const said = (...lines: readonly (readonly [Speaker, string])[]): Turn[] =>
  lines.map(([speaker, text], index) => ({ speaker, text, atMs: index * 3000 }));

const SCAM = said(
  ["callee", "Hello?"],
  ["caller", "This is Officer Daniels with the police department, there is a warrant for your arrest."],
  ["callee", "Oh my God, I didn't do anything."],
  ["caller", "Do not hang up and do not tell anyone about this, or officers will come to your house."],
  ["callee", "What do I have to do?"],
  ["caller", "Go to the store, buy Google Play gift cards for two thousand dollars and read me the numbers."],
);
const BANK = said(
  ["callee", "Hello?"],
  [
    "caller",
    "Hi, this is Laura from the fraud team at your bank. We stopped a payment of $400 that looked unusual, was that you?",
  ],
  ["callee", "No, that wasn't me."],
  [
    "caller",
    "Then the card stays blocked and a new one is in the post. There is nothing you need to do, and we will never ask for your PIN or a code.",
  ],
  ["callee", "Thank you."],
);

test("a scam is a scam in the end, with its kind, stage and pieces to show", () => {
  const dialogue = classifier.open();
  const last = SCAM.map((turn) => dialogue.add(turn)).at(-1);
  assert.equal(last?.state, "scam");
  assert.equal(last.stage, "request");
  assert.notEqual(last.kind, "none");
  assert.ok(last.evidence.some(({ cue }) => cue === "request.gift"));
  for (const { turn, start, end, text } of last.evidence) assert.equal(SCAM[turn]?.text.slice(start, end), text);
});

test("a bank that asks for nothing is left alone", () => {
  const dialogue = classifier.open();
  for (const turn of BANK) assert.notEqual(dialogue.add(turn).state, "scam");
  assert.ok((dialogue.verdict?.score ?? 1) < classifier.thresholds.scam);
});

test("no verdict knows what is said later", () => {
  const whole = classifier.open();
  SCAM.forEach((turn, index) => {
    const verdict = whole.add(turn);
    const again = classifier.open();
    let last = again.verdict;
    for (const earlier of SCAM.slice(0, index + 1)) last = again.add(earlier);
    assert.deepEqual(verdict, last);
  });
});

test("a partial that grows leaves nothing behind", () => {
  const plain = classifier.open();
  const growing = classifier.open();
  for (const turn of SCAM) {
    plain.add(turn);
    const words = turn.text.split(" ");
    growing.add({ ...turn, text: words.slice(0, 3).join(" ") });
    growing.replaceLast({ ...turn, text: words.slice(0, 6).join(" ") });
    growing.replaceLast(turn);
    assert.deepEqual(growing.verdict, plain.verdict);
  }
});

test("an earlier turn may be replaced while the other speaks", () => {
  const dialogue = classifier.open();
  for (const turn of SCAM) dialogue.add(turn);
  const before = dialogue.verdict?.score ?? 0;
  const harmless: Turn = { speaker: "caller", text: "see you on sunday then", atMs: 0 };
  for (const index of [1, 3, 5]) dialogue.replace(index, harmless);
  assert.equal(dialogue.length, SCAM.length);
  assert.ok((dialogue.verdict?.score ?? 1) < before);
  assert.ok((dialogue.peak?.score ?? 0) >= before);
});

test("memory is bounded, and old talk counts no more", () => {
  const dialogue = classifier.open({ maxTurns: 20, maxTurnCharacters: 200 });
  for (const turn of SCAM) dialogue.add(turn);
  const high = dialogue.verdict?.score ?? 0;
  const chat = said(
    ["callee", "the weather is lovely and the garden is in bloom"],
    ["caller", "yes we had dinner outside with the kids"],
  );
  for (let i = 0; i < 60; i++) for (const turn of chat) dialogue.add(turn);
  dialogue.add({ speaker: "caller", text: "x ".repeat(100_000), atMs: 0 });
  assert.ok((dialogue.verdict?.score ?? 1) < high);
  assert.equal(dialogue.peak?.score, high);
});

test("in a contact centre the agent is not the suspect", () => {
  const ask = "I've sent you a code, please read me the code and tell me your date of birth";
  const asAgent = classifier.open();
  asAgent.add({ speaker: "agent", text: ask, atMs: 0 });
  const asCallee = classifier.open();
  asCallee.add({ speaker: "callee", text: ask, atMs: 0 });
  assert.ok((asAgent.verdict?.score ?? 1) < (asCallee.verdict?.score ?? 0));
});

const said50 = { bias: 50, features: {} };
const calibration = { slope: 1, offset: 0 };
test("the early head warns and never makes a scam, however sure it is", () => {
  const weights = { ...builtInWeights(), warning: { fraud: said50, calibration } };
  const warning = new ThreatClassifier(weights).open().add({ speaker: "caller", text: "hello", atMs: 0 });
  assert.equal(warning.state, "suspicious");
  assert.equal(warning.score, weights.thresholds.scam);
});

test("the sure head makes a scam, where there is something damning to show", () => {
  const weights = { ...builtInWeights(), fraud: said50, calibration };
  const dialogue = new ThreatClassifier(weights).open();
  const states = SCAM.map((turn) => dialogue.add(turn).state);
  assert.equal(states[0], "suspicious");
  assert.equal(states.at(-1), "scam");
  assert.equal(dialogue.peak?.score, 1);
});

test("weights with one head warn and cut by it", () => {
  const weights = { ...builtInWeights(), fraud: said50, calibration };
  Reflect.deleteProperty(weights, "warning");
  assert.equal(new ThreatClassifier(weights).open().add({ speaker: "caller", text: "hello", atMs: 0 }).score, 1);
});

/** Weighs every word of the suspected side the same. */
const allWords = (weight: number) => {
  const table = (step: number): string => Buffer.from(new Int8Array(4096).fill(step).buffer).toString("base64");
  return { bits: 12, scale: 0.01, suspect: table(weight), other: table(0) };
};
test("a kind is told by words as well as by cues", () => {
  const kinds = (weight: number) => ({
    ...builtInWeights(),
    kinds: {
      parcel: { bias: 0, features: {} },
      romance: { bias: 0, features: {}, words: allWords(weight) },
    },
  });
  const kindWith = (weight: number) => {
    const dialogue = new ThreatClassifier(kinds(weight)).open();
    return SCAM.map((turn) => dialogue.add(turn).kind).at(-1);
  };
  assert.equal(kindWith(100), "romance");
  assert.equal(kindWith(-100), "parcel");
});

const good = JSON.parse(JSON.stringify(builtInWeights())) as Record<string, unknown>;
const bad = [
  { field: "", json: null },
  { field: "version", json: { ...good, version: 7 } },
  { field: "thresholds.scam", json: { ...good, thresholds: { uncertain: 0.1, suspicious: 0.6, scam: 0.5, end: 0.9 } } },
  { field: "fraud", json: { ...good, fraud: { bias: "x", features: {} } } },
  { field: "kinds.burglary", json: { ...good, kinds: { burglary: { bias: 0, features: {} } } } },
  {
    field: "kinds.parcel",
    json: { ...good, kinds: { parcel: { bias: 0, features: {}, words: { ...allWords(1), bits: 13 } } } },
  },
  { field: "warning", json: { ...good, warning: 3 } },
  { field: "warning.calibration", json: { ...good, warning: { fraud: said50, calibration: { slope: "1" } } } },
  { field: "words", json: { ...good, words: { bits: 40, scale: 1, suspect: "", other: "" } } },
];
for (const { field, json } of bad) {
  test(`weights with a wrong ${field === "" ? "shape" : field} are refused by name`, () => {
    const read = loadWeights(json);
    assert.ok(!read.ok);
    assert.equal(read.error.field, field);
  });
}
