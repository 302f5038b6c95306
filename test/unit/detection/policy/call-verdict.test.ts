import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DEFAULT_VERDICT_CHOICES,
  judgeCall,
  type CallFacts,
  type VerdictChoices,
} from "../../../../detection/index.js";

const clean = { verdict: "allow", detected: false, wouldRefuse: false } as const;
const refused = { verdict: "refuse", detected: true, wouldRefuse: false } as const;
const wouldRefuse = { verdict: "allow", detected: true, wouldRefuse: true } as const;
const quiet: CallFacts = {
  decision: clean,
  emergency: false,
  shadow: false,
  guarded: false,
  anonymous: false,
  known: true,
  history: 0,
  proof: { signature: "unknown" },
};
const strict: VerdictChoices = {
  unknownCallers: "screen",
  anonymous: "screen",
  suspected: "screen",
  badIdentity: "screen",
  unsigned: "warn",
};

type Expected = readonly [verdict: string, reason: string, score: number];
const cases: readonly (readonly [
  name: string,
  facts: Partial<CallFacts>,
  choices: Partial<VerdictChoices>,
  expected: Expected,
])[] = [
  ["a known caller and nothing else", {}, {}, ["allow", "none", 0]],
  ["an unknown caller is told as such and let through", { known: false }, {}, ["allow", "unknown-caller", 0.2]],
  ["an unknown caller, screened", { known: false }, strict, ["screen", "unknown-caller", 0.2]],
  ["an anonymous caller is not unknown as well", { anonymous: true, known: false }, {}, ["allow", "anonymous", 0.3]],
  ["an anonymous caller, screened", { anonymous: true }, strict, ["screen", "anonymous", 0.3]],
  ["refused as part of an attack", { decision: refused }, {}, ["block", "masking", 1]],
  ["refused by a block", { decision: { ...refused, blockId: "b" } }, {}, ["block", "blocked", 1]],
  ["refused, whatever else is asked for", { decision: refused, anonymous: true }, strict, ["block", "masking", 1]],
  ["would have been refused", { decision: wouldRefuse }, {}, ["warn", "would-refuse", 0.8]],
  ["would have been refused, screened", { decision: wouldRefuse }, strict, ["screen", "would-refuse", 0.8]],
  [
    "in shadow nothing is stronger than warn",
    { decision: wouldRefuse, shadow: true },
    strict,
    ["warn", "would-refuse", 0.8],
  ],
  ["in shadow nobody is screened", { known: false, shadow: true }, strict, ["warn", "unknown-caller", 0.2]],
  [
    "in shadow nothing is blocked, whoever says refuse",
    { decision: refused, shadow: true },
    {},
    ["warn", "would-refuse", 0.8],
  ],
  ["a guarded number is not blocked", { decision: refused, guarded: true }, strict, ["warn", "would-refuse", 0.8]],
  ["a guarded caller is not screened", { known: false, guarded: true }, strict, ["warn", "unknown-caller", 0.2]],
  ["shadow does not make an allow stronger", { known: false, shadow: true }, {}, ["allow", "unknown-caller", 0.2]],
  [
    "an attack on a number that is busy by habit",
    { decision: { ...clean, detected: true } },
    {},
    ["warn", "would-refuse", 0.5],
  ],
  [
    "an emergency call",
    { emergency: true, decision: refused, anonymous: true, history: 1 },
    strict,
    ["allow", "emergency", 0],
  ],
  ["a caller heard to be a fraud", { history: 0.9 }, {}, ["warn", "known-fraud", 0.9]],
  ["a past that has faded", { history: 0.4 }, strict, ["allow", "known-fraud", 0.4]],
  ["a history out of its range", { history: 7 }, {}, ["warn", "known-fraud", 1]],
  ["a signature that does not hold", { proof: { signature: "invalid" } }, {}, ["warn", "identity", 0.6]],
  [
    "the same, by choice let through",
    { proof: { signature: "invalid" } },
    { badIdentity: "allow" },
    ["allow", "identity", 0.6],
  ],
  ["no signature where one was looked for", { proof: { signature: "absent" } }, strict, ["warn", "identity", 0.1]],
  ["no signature, by default", { proof: { signature: "absent" } }, {}, ["allow", "identity", 0.1]],
  ["signed in full", { proof: { signature: "valid", attestation: "A" } }, {}, ["allow", "none", 0]],
  ["signed by a gateway", { proof: { signature: "valid", attestation: "C" } }, strict, ["allow", "identity", 0.2]],
  [
    "the attestation of a bad signature is worth nothing",
    { proof: { signature: "invalid", attestation: "A" } },
    {},
    ["warn", "identity", 0.6],
  ],
  [
    "signs add up, the strongest measure gives the reason",
    { known: false, proof: { signature: "invalid" } },
    {},
    ["warn", "identity", 0.68],
  ],
  [
    "of two equal measures the heavier sign gives the reason",
    { history: 0.6, decision: wouldRefuse },
    {},
    ["warn", "would-refuse", 0.92],
  ],
];
for (const [name, facts, choices, [verdict, reason, score]] of cases) {
  test(`verdict: ${name}`, () => {
    const judged = judgeCall({ ...quiet, ...facts }, { ...DEFAULT_VERDICT_CHOICES, ...choices });
    assert.deepEqual({ ...judged, score: Number(judged.score.toFixed(6)) }, { verdict, reason, score });
  });
}
