import assert from "node:assert/strict";
import { test } from "node:test";
import { AgiConversation } from "../../gateway/adapters/asterisk-agi/agi-conversation.js";
import { replyTo } from "../../gateway/adapters/asterisk-agi/agi-scripts.js";
import { agiEnvironment } from "../support/agi-peer.js";
import { mutateSip } from "../support/mutate-sip.js";
import { SeededRandom } from "../support/seeded-random.js";

const SEED = Number(process.env["FUZZ_SEED"] ?? 4573);
const REQUESTS = 20_000;
const samples = ["check?server=pbx1&called=%2B12025550140", "report?cause=16&seconds=3", "listen?uuid=x", "nosuch"].map(
  (script) =>
    Buffer.from(`${agiEnvironment(script, {}, ["known=yes", "trunk=a"])}200 result=1\n200 result=1\nHANGUP\n`),
);

test(`${REQUESTS} mutated AGI conversations (seed ${SEED}), cut anywhere: one line a command, one end, nothing thrown`, () => {
  const random = new SeededRandom(SEED);
  const verdict = { verdict: "block", score: 1, reason: "masking" } as const;
  const deps = {
    verdicts: { ask: ({ callId }: { callId: string }) => ({ callId, ...verdict }), ended: () => undefined },
    serverOf: (named: string | undefined) => ({ id: named ?? "asterisk" }),
  };
  const outcomes = new Map<string, number>();
  for (let i = 0; i < REQUESTS; i++) {
    const bytes = mutateSip(samples[i % samples.length]!, random, samples);
    const conversation = new AgiConversation((request) => replyTo(request, "127.0.0.1", deps));
    let outcome = "waiting";
    for (let at = 0; at < bytes.length && outcome === "waiting";) {
      const size = 1 + random.below(400);
      for (const step of conversation.push(bytes.subarray(at, at + size))) {
        assert.equal(outcome, "waiting", "nothing comes after the end");
        if (step.kind === "finish") outcome = step.outcome;
        else assert.doesNotMatch(step.line, /[\u0000-\u001f\u007f]/);
      }
      at += size;
    }
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  for (const each of ["answered", "hung-up", "malformed", "unknown-script", "waiting"])
    assert.ok((outcomes.get(each) ?? 0) > 0, `none was ${each}: ${JSON.stringify([...outcomes])}`);
});
