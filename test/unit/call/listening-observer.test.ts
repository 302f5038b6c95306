import assert from "node:assert/strict";
import { test } from "node:test";
import { ListeningObserver } from "../../../gateway/call/listening-observer.js";
import type { HeardCall } from "../../../gateway/ports/listening.js";
import { AnchoredBench, SDP_TYPE, turns, type AnchoredSettings } from "../../support/anchored-bench.js";
import { LiveCallDouble } from "../../support/call-doubles.js";
import { audioSdp } from "../../support/fake-media-anchor.js";

function listeningBench(settings: AnchoredSettings = {}) {
  const opened: HeardCall[] = [];
  const log: string[] = [];
  const observer = new ListeningObserver({
    open: (call) => {
      opened.push(call);
      log.push(`open ${call.callId}`);
    },
    close: (callId) => log.push(`close ${callId}`),
  });
  return { bench: new AnchoredBench({ observers: [observer], ...settings }), observer, opened, log };
}

test("a call is listened to from its first media to its end, with what is known of it", async () => {
  const decision = { verdict: "allow", detected: true, wouldRefuse: false, actions: [] } as const;
  const { bench, opened, log } = listeningBench({ media: { calledSide: "agent" }, decide: () => decision });
  bench.offer();
  await turns();
  assert.deepEqual(log, [], "it only rings");
  bench.out.provisional(183, { tag: "bob", headers: SDP_TYPE, body: audioSdp("192.0.2.20", 20_000) });
  await turns();
  const parties = { caller: "+12025550101", called: "+12025550199", trunk: "t1" };
  assert.deepEqual(opened, [{ callId: "call1@caller.example", risk: 0.5, calledSide: "agent", parties }]);
  bench.out.final(486);
  await turns();
  assert.deepEqual(log, ["open call1@caller.example", "close call1@caller.example"]);
});

test("a trunk that does not listen is not opened, nor closed", async () => {
  const { bench, log } = listeningBench({ media: { listen: false } });
  const { a, b } = await bench.anchored();
  a.receive("BYE");
  b.last("BYE").final(200);
  await turns();
  assert.deepEqual(log, []);
});

test("an emergency call is not listened to, even if somebody anchored it", () => {
  const { observer, log } = listeningBench();
  observer.onMedia(new LiveCallDouble("x", { emergency: true }), { kind: "settling", listen: true });
  assert.deepEqual(log, []);
});

test("of two calls of one name the first is heard, and to the end of it, whatever the second does", () => {
  const { observer, log } = listeningBench();
  const [first, second, third] = [1, 2, 3].map(() => new LiveCallDouble("x"));
  for (const call of [first!, second!]) observer.onMedia(call, { kind: "settling", listen: true });
  observer.onEnded(second!);
  assert.deepEqual(log, ["open x"]);
  observer.onEnded(first!);
  observer.onMedia(third!, { kind: "settling", listen: true });
  assert.deepEqual(log, ["open x", "close x", "open x"]);
});
