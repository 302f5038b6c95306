import assert from "node:assert/strict";
import { test } from "node:test";
import type { CalledId, CallerId, TrunkId } from "../../../detection/index.js";
import { AskedCalls } from "../../../gateway/call/asked-calls.js";
import { unixMs } from "../../../gateway/core/time.js";

const AT = unixMs(1_700_000_000_000);
const identity = {
  caller: "+12025550100" as CallerId,
  called: "+12025550142" as CalledId,
  trunk: "pbx1" as TrunkId,
  emergency: false,
};

for (const { name, talkedMs, cdr } of [
  { name: "that talked was given up by Asterisk as no sound came", talkedMs: 2_000, cdr: ["no-media", "gateway", 200] },
  { name: "that did not talk was not", talkedMs: 0, cdr: ["failed", "called", 480] },
] as const)
  test(`asked calls: one ${name}, by its report's cause 44`, () => {
    const calls = new AskedCalls(10);
    calls.asked("pbx1;1.1", { identity, called: "2025550142" }, { verdict: "allow" }, AT);
    const made = calls.ended({ callId: "pbx1;1.1", cause: 44, talkedMs }, "cdr-1", unixMs(AT + 5_000));
    assert.deepEqual([made?.cause, made?.endedBy, made?.status], cdr);
  });
