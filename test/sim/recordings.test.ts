import assert from "node:assert/strict";
import { test } from "node:test";
import { DIALECTS, sdpOf } from "../fixtures/siprec/dialects.js";
import { recordingBench, RecordingClient, SIPREC, type RecordingBench } from "../support/recording-bench.js";
import { SeededRandom } from "../support/seeded-random.js";
import type { NetworkFaults } from "../support/sip-network.js";

const SEED = Number(process.env["SIM_SEED"] ?? 7866);
const SESSIONS = 60;

/** What a session does once it is up. */
type Fate = "client ends it" | "server ends it" | "client dies";
const FATES: readonly Fate[] = ["client ends it", "server ends it", "client dies"];

async function live(bench: RecordingBench, client: RecordingClient, callId: string, fate: Fate): Promise<void> {
  if (client.caller.dialogs.length === 0) return;
  client.dialog.user = client.dialogUser;
  client.dialog.ack();
  await bench.settle(500);
  if (fate === "client dies") {
    client.dialog.discard();
    return;
  }
  const held = client.request("INVITE", "application/sdp", sdpOf(["96", "97"], ["a=inactive"]));
  await bench.settle(2_000);
  await held;
  if (fate === "server ends it") void bench.server.endRecording(callId);
  else client.dialog.request({ method: "BYE" }, { onFinal: () => undefined });
  await bench.settle(500);
}

const NETWORKS: readonly { readonly name: string; readonly faults: NetworkFaults }[] = [
  { name: "a good network", faults: {} },
  { name: "20 % loss, 10 % twice, 1 to 80 ms", faults: { loss: 0.2, duplicates: 0.1, delayMs: [1, 80] } },
  { name: "40 % loss", faults: { loss: 0.4, delayMs: [1, 20] } },
];

for (const { name, faults } of NETWORKS)
  test(`${SESSIONS} recording sessions over ${name} (seed ${SEED}): each is over at both ends, nothing is left`, async () => {
    const bench = await recordingBench({ faults, seed: SEED, options: { keepAliveMs: 20_000 } });
    const random = new SeededRandom(SEED);
    const all: Promise<void>[] = [];
    for (let i = 0; i < SESSIONS; i++) {
      const callId = `rec-${i}`;
      const client = new RecordingClient(bench, DIALECTS[0]!.body, { callId, headers: SIPREC });
      const fate = FATES[random.below(FATES.length)]!;
      // Up, or given up by the client's own timer.
      await bench.settle(name === "a good network" ? 100 : 1_500);
      all.push(live(bench, client, callId, fate));
      await bench.settle(200);
    }
    const state = { over: false };
    void Promise.all(all).then(() => (state.over = true));
    // Two keep-alives that are not answered, with their time-outs, and what is repeated meanwhile.
    for (let i = 0; i < 40 && (!state.over || bench.server.size > 0); i++) await bench.settle(5_000);
    assert.equal(state.over, true);
    assert.deepEqual(
      [bench.server.size, bench.media.open.length, bench.listening.streams.size, bench.listening.openCalls],
      [0, 0, 0, []],
    );
    const begun = bench.desk.log.filter((line) => line.startsWith("begin"));
    const ended = bench.desk.log.filter((line) => line.startsWith("ended"));
    assert.equal(begun.length, ended.length);
    if (name === "a good network") assert.equal(begun.length, SESSIONS);
    else assert.ok(begun.length > SESSIONS / 2, `${begun.length} begun`);
    await bench.settle(40_000);
    assert.equal(bench.called.load.dialogs, 0);
    assert.equal(
      bench.log.lines.filter(({ level }) => level === "error").length,
      0,
      JSON.stringify(bench.log.lines.filter(({ level }) => level === "error")),
    );
  });
