import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import { test } from "node:test";
import { builtInWeights, Redactor, ThreatClassifier, type Turn, type TurnVerdict } from "../../../detection/index.js";
import { assemble } from "../../../gateway/pipeline/recordings/assemble.js";
import type { Breath } from "../../../gateway/pipeline/recordings/breath.js";
import { extractiveSummary } from "../../../gateway/pipeline/recordings/summarize.js";
import { readSummary } from "../../../gateway/pipeline/recordings/summary-question.js";
import type { RecordingLine } from "../../../gateway/ports/recordings.js";
import { breathOf } from "../../../gateway/workers/recordings-breath.js";
import { SeededRandom } from "../../support/seeded-random.js";

const WORDS =
  "hello this is the bank department please confirm your account number and the code that we sent you on monday because payment refund order delivery contract the customer wants cancel subscription thanks good bad problem".split(
    " ",
  );
const LINES = 300;
const LINE_MS = 4_000;
const judges = new ThreatClassifier(builtInWeights());
const never = new AbortController().signal;

/** Twenty minutes of talk. */
function talk(): readonly RecordingLine[] {
  const random = new SeededRandom(7);
  return Array.from({ length: LINES }, (_, i) => ({
    speaker: i % 2 === 0 ? "caller" : "callee",
    text: `${Array.from({ length: 14 }, () => WORDS[random.below(WORDS.length)]).join(" ")}.`,
    startMs: i * LINE_MS,
    endMs: i * LINE_MS + 3_500,
  }));
}

async function summarise(breathe: Breath): Promise<void> {
  const judge = {
    judge: async (turns: readonly Turn[]) => {
      const dialogue = judges.open({ calledSide: "callee" });
      let last: TurnVerdict | undefined;
      for (const turn of turns) {
        await breathe();
        last = dialogue.add(turn);
      }
      return last;
    },
  };
  const piece = { startMs: 0, lines: talk(), verdict: undefined, recogniser: "test", withoutText: 0 };
  const redactor = new Redactor({ phones: true });
  const { lines } = await assemble([piece], LINES * LINE_MS, "channel", redactor, judge, breathe);
  const own = await extractiveSummary(lines, LINES * LINE_MS, breathe);
  const answer = { summary: "s", topic: "t", actions: "caller: confirm your account\n".repeat(50) };
  assert.ok((await readSummary(JSON.stringify(answer), lines, own, breathe)) !== undefined);
}

/** @returns How long each bit of the work took, from one breath to the next, ms. */
async function bitsOfWork(): Promise<readonly number[]> {
  const bits: number[] = [];
  const breathe = breathOf(never);
  let since = performance.now();
  const ended = (): void => void bits.push(performance.now() - since);
  await summarise(async () => {
    ended();
    await breathe();
    since = performance.now();
  });
  ended();
  return bits;
}

const RUNS = 4;

test("a long recording is summarised bit by bit: others on the thread have their turn in between", async () => {
  let turns = 0;
  const others = setInterval(() => turns++, 1);
  const runs: (readonly number[])[] = [];
  for (let run = 0; run < RUNS; run++) runs.push(await bitsOfWork());
  clearInterval(others);
  const [first = []] = runs;
  assert.ok(runs.every(({ length }) => length === first.length));
  // The same work each time. The machine may stand still in any bit, but not in the same one each time.
  const bits = first.map((_, index) => Math.min(...runs.map((run) => run[index] ?? 0)));
  const workMs = bits.reduce((sum, each) => sum + each, 0);
  assert.ok(turns > (RUNS * workMs) / 50, `${turns} turns in ${RUNS} times ${Math.round(workMs)} ms`);
  const longest = bits.toSorted((a, b) => b - a).slice(0, 5);
  const text = longest.map((ms) => ms.toFixed(1)).join(", ");
  assert.ok((longest[0] ?? 0) < workMs / 10, `longest bits ${text} ms of ${Math.round(workMs)} ms`);
});

test("the work is over with its job", async () => {
  const stop = new AbortController();
  const working = summarise(breathOf(stop.signal));
  stop.abort(new Error("deleted"));
  await assert.rejects(working, /deleted/);
});
