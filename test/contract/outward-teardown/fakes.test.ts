import assert from "node:assert/strict";
import { test } from "node:test";
import type { SwitchDeps } from "../../../gateway/adapters/switch-control/json-request.js";
import { kamailioTeardown } from "../../../gateway/adapters/switch-control/kamailio-rpc.js";
import { opensipsTeardown } from "../../../gateway/adapters/switch-control/opensips-mi.js";
import { VoiceSwitchTeardown } from "../../../gateway/adapters/switch-control/voice-switch.js";
import { SystemClock } from "../../../gateway/adapters/system/system-clock.js";
import { silentLog } from "../../../gateway/core/log.js";
import { FakeKamailio, FakeOpensips, FakeVoiceSwitch } from "../../support/fake-switches.js";
import { describeOutwardTeardown } from "./outward-teardown-suite.js";

const deps: SwitchDeps = { clock: new SystemClock(), random: { token: () => "0", next: () => 0.5 }, log: silentLog };
const PATIENT = { timeoutMs: 30_000, attempts: 1, confirmMs: 30_000 };
const { signal } = new AbortController();

describeOutwardTeardown("the voice switch's API", {
  fake: () => new FakeVoiceSwitch(),
  make: (origin, options) => new VoiceSwitchTeardown({ url: `${origin}/api/v1`, ...options }, deps),
});
describeOutwardTeardown("Kamailio's JSON-RPC", {
  fake: () => new FakeKamailio(),
  make: (origin, options) => kamailioTeardown({ url: `${origin}/RPC`, ...options }, deps),
});
describeOutwardTeardown("OpenSIPS's MI", {
  fake: () => new FakeOpensips(),
  make: (origin, options) => opensipsTeardown({ url: `${origin}/mi`, ...options }, deps),
});

test("the voice switch gets the source's request: POST {url}/fraud/disconnect with call_ids, alert_id, reason", async () => {
  const world = new FakeVoiceSwitch();
  await world.start();
  const teardown = new VoiceSwitchTeardown({ url: `${world.origin}/api/v1/`, ...PATIENT }, deps);
  await teardown.disconnect([{ callId: "call1" }, { callId: "call2" }], "fraud_detected", "alert-789", signal);
  assert.deepEqual(
    world.requests.map(({ url, body }) => [url, body]),
    [["/api/v1/fraud/disconnect", { call_ids: ["call1", "call2"], alert_id: "alert-789", reason: "fraud_detected" }]],
  );
  await world.stop();
});

test("Kamailio gets the whole dialog identifier, whatever was known of it (R4)", async () => {
  const world = new FakeKamailio();
  await world.start();
  const teardown = kamailioTeardown({ url: `${world.origin}/RPC`, ...PATIENT }, deps);
  for (const tags of [{}, { fromTag: "from-a" }, { fromTag: "from-a", toTag: "another-leg" }]) {
    world.add("a");
    world.requests.length = 0;
    const [result] = await teardown.disconnect([{ callId: "a", ...tags }], "x", undefined, signal);
    assert.equal(result?.outcome, "confirmed", JSON.stringify(tags));
    assert.deepEqual(
      world.requests.map(({ body }) => [(body as { method: string }).method, (body as { params: unknown }).params]),
      [
        ["dlg.dlg_list", ["a"]],
        ["dlg.terminate_dlg", ["a", "from-a", "to-a"]],
        ["dlg.dlg_list", ["a"]],
      ],
    );
  }
  await world.stop();
});

test("a Kamailio without dlg.dlg_list is searched by dlg.list", async () => {
  const world = new FakeKamailio();
  await world.start();
  world.listsByCallId = false;
  world.add("a");
  world.add("b");
  const teardown = kamailioTeardown({ url: `${world.origin}/RPC`, ...PATIENT }, deps);
  const [result] = await teardown.disconnect([{ callId: "b" }], "x", undefined, signal);
  assert.equal(result?.outcome, "confirmed");
  assert.deepEqual([...world.dialogs.keys()], ["a"]);
  await world.stop();
});

test("an unknown call is told apart from one that would not end", async () => {
  const world = new FakeOpensips();
  await world.start();
  world.add("a");
  world.stubborn = true;
  const teardown = opensipsTeardown({ url: `${world.origin}/mi`, ...PATIENT, confirmMs: 60 }, deps);
  const results = await teardown.disconnect([{ callId: "a" }, { callId: "none" }], "x", undefined, signal);
  assert.deepEqual(
    results.map(({ outcome }) => outcome),
    ["timed-out", "unknown-call"],
  );
  await world.stop();
});

for (const [name, world, make, path] of [
  ["Kamailio", new FakeKamailio(), kamailioTeardown, "/RPC"],
  ["OpenSIPS", new FakeOpensips(), opensipsTeardown, "/mi"],
] as const) {
  test(`a URL that names only ${name}'s host gets the usual path, another path is kept`, async () => {
    await world.start();
    for (const given of ["", "/", "/control/rpc"]) {
      await make({ url: `${world.origin}${given}`, ...PATIENT }, deps).disconnect(
        [{ callId: "a" }],
        "x",
        undefined,
        signal,
      );
    }
    assert.deepEqual([...new Set(world.requests.map(({ url }) => url))], [path, "/control/rpc"]);
    await world.stop();
  });
}
