import assert from "node:assert/strict";
import { test } from "node:test";
import type { CalledId, CallerId, TranscriptLine, TrunkId } from "../../../detection/index.js";
import { transcriptContext, TranscriptKeeper } from "../../../gateway/call/transcript-keeper.js";
import { noMetrics } from "../../../gateway/core/metrics.js";
import type { HeardView } from "../../../gateway/ports/gateway-control.js";
import type { HeardCall } from "../../../gateway/ports/listening.js";
import type { StoreRecord } from "../../../gateway/ports/records.js";
import { FakeClock } from "../../support/fake-clock.js";

const call: HeardCall = {
  callId: "call-1",
  risk: 0,
  calledSide: "callee",
  parties: { caller: "+12025550101" as CallerId, called: "+12025550199" as CalledId, trunk: "t" as TrunkId },
};
const line = (segment: number, text: string, final: boolean): TranscriptLine => ({
  kind: "transcript.line",
  callId: "call-1",
  segment,
  speaker: "caller",
  text,
  startMs: segment * 1_000,
  endMs: segment * 1_000 + 900,
  final,
});
const view = (lines: readonly TranscriptLine[]): HeardView => ({
  callId: "call-1",
  trunk: "t",
  threat: { score: 0.7, state: "suspicious" },
  verdict: undefined,
  shed: false,
  lines,
});

function keep(lines: readonly TranscriptLine[]): { readonly written: StoreRecord[]; readonly sealed: string[] } {
  const written: StoreRecord[] = [];
  const sealed: string[] = [];
  const vault = {
    seal: (plain: Uint8Array, context: string) => {
      assert.equal(context, transcriptContext("call-1"));
      sealed.push(new TextDecoder().decode(plain));
      return Uint8Array.from([1, 2, 3]);
    },
    open: (piece: Uint8Array) => piece,
  };
  const sink = { write: (record: StoreRecord) => void written.push(record) };
  new TranscriptKeeper({ vault, sink, clock: new FakeClock(), metrics: noMetrics }).keep(view(lines), call);
  return { written, sealed };
}

test("the final lines are kept, sealed; numbers and verdict stand beside", () => {
  const { written, sealed } = keep([line(0, "pay today", true), line(1, "or els", false)]);
  const [record] = written;
  assert.ok(record?.kind === "transcript");
  const { sealed: base64, state, score, caller } = record.transcript;
  assert.deepEqual([base64, state, score, caller], ["AQID", "suspicious", 0.7, "+12025550101"]);
  assert.deepEqual(
    (JSON.parse(sealed[0] ?? "") as { lines: { text: string }[] }).lines.map(({ text }) => text),
    ["pay today"],
  );
  assert.ok(!JSON.stringify(written).includes("pay"), "no word leaves memory in the clear");
});

test("a call in which nothing was understood leaves nothing", () => {
  assert.deepEqual(keep([]).written, []);
  assert.deepEqual(keep([line(0, "hal", false)]).written, []);
});

test("a long transcript is sealed whole", () => {
  const lines = Array.from({ length: 400 }, (_, i) => line(i, "x".repeat(150), true));
  const [plain = ""] = keep(lines).sealed;
  assert.equal((JSON.parse(plain) as { lines: unknown[] }).lines.length, 400);
});
