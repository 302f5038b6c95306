import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { WireTap } from "../../../gateway/adapters/sip-embedded/endpoint-options.js";
import type { LiveCall } from "../../../gateway/call/contracts.js";
import { configSchema } from "../../../gateway/config/schema.js";
import { silentLog } from "../../../gateway/core/log.js";
import { noMetrics } from "../../../gateway/core/metrics.js";
import { WireObservers } from "../../../gateway/wiring/wire-observers.js";
import { FakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/processes.js";
import { SeededRandom } from "../../support/seeded-random.js";

const CALLED = "+12025550150";
const PEER = { protocol: "udp", address: "192.0.2.1", port: 5060 } as const;
const invite = (callId: string): Uint8Array =>
  Buffer.from(`INVITE sip:x@192.0.2.2 SIP/2.0\r\nCall-ID: ${callId}\r\nContent-Length: 0\r\n\r\n`);

test("a call whose INVITE was left out for want of time is followed from then on, with no other call's in its place", async () => {
  const folder = temporaryFolder("observers");
  const clock = new FakeClock();
  let [onWire, isBusy]: [WireTap | undefined, boolean] = [undefined, false];
  const comes = (callId: string): void => onWire?.("in", invite(callId), PEER, undefined);
  const observers = new WireObservers(configSchema.parse({ store: { folder: folder.path } }), {
    ...{ clock, random: new SeededRandom(1), metrics: noMetrics, log: silentLog },
    tap: (tap) => (onWire = tap),
    busy: () => isBusy,
  });
  try {
    await observers.start();
    const { id } = await observers.startTrace(CALLED, 60_000);
    comes("another");
    isBusy = true;
    comes("traced");
    const identity = { caller: "+12025550160", called: CALLED };
    observers.onStarted({ callId: "traced~2", sipCallId: "traced", identity } as LiveCall);
    isBusy = false;
    comes("traced");
    await observers.stopTrace(id);
    const text = readFileSync(join(folder.path, "traces", `${id}.txt`), "latin1");
    assert.deepEqual(text.match(/^(?:Call-ID: .*|--- up to.*)$/gm), [
      "Call-ID: traced",
      "--- up to 1 messages left out: there was too much to do",
    ]);
  } finally {
    await observers.close();
    folder.remove();
  }
});
