import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { WIDE_WINDOW } from "../support/gateway-process.js";
import { hangUpThrough, RawCall, takeCall, takeUnlessRefused } from "../support/raw-call.js";
import { headerOf } from "../support/raw-message.js";
import { RawScene } from "../support/raw-scene.js";
import type { RawUa } from "../support/raw-ua.js";
import { until } from "../support/processes.js";
import { caller as callerNumber } from "../support/telephones.js";

interface LiveRow {
  readonly call_id: string;
  readonly trunk: string;
  readonly phase: string;
}

interface UpCall {
  readonly placed: RawCall;
  /** As the called side had it. */
  readonly invite: string;
}

/** A call through the gateway that is up. */
async function callUp(scene: RawScene, called: RawUa, headers: readonly string[] = []): Promise<UpCall> {
  const placed = RawCall.place(scene.caller, { headers });
  const invite = await takeCall(called);
  assert.equal(await placed.final(), 200);
  await called.receive("ACK ");
  return { placed, invite };
}

/** The caller hangs up; the called side sees it. */
const hangUp = ({ placed, invite }: UpCall, called: RawUa): Promise<void> => hangUpThrough(placed, called, invite);

const { windowMs } = WIDE_WINDOW.masking;
const NOT_RELOADED = '"event":"config.not-reloaded","code":"config.invalid"';

describe("a reload while calls are up", () => {
  let scene: RawScene;
  let other: RawUa;
  const base = (): Record<string, unknown> => ({
    sip: { listenAddress: "127.0.0.1", listenPort: 0, nextHops: [scene.called.address], optionsPingMs: 0 },
    trunks: [{ id: "old" }],
    detection: { masking: { windowMs, mode: "shadow" }, block: { mode: "shadow" } },
  });
  const trunkOf = async (callId: string): Promise<LiveRow | undefined> => {
    const rows = (await scene.gateway.api("/api/v1/calls")).json as readonly LiveRow[];
    return rows.find((row) => row.call_id === callId);
  };
  /** Places calls of different callers to one number. @returns Their final answers. */
  async function attack(number: string, trunk: string, from: number, count: number): Promise<readonly number[]> {
    const answers: number[] = [];
    for (let i = from; i < from + count; i++) {
      const placed = RawCall.place(scene.caller, {
        uri: `sip:${number}@127.0.0.1:${scene.gateway.sipPort}`,
        from: `<sip:${callerNumber(i)}@192.0.2.9>`,
        to: `<sip:${number}@192.0.2.1>`,
        headers: [`X-Ringfence-Trunk: ${trunk}`],
      });
      answers.push((await takeUnlessRefused(placed, scene.called)).status);
    }
    return answers;
  }

  before(async () => {
    scene = await RawScene.open((called) => ({
      sip: { listenAddress: "127.0.0.1", listenPort: 0, nextHops: [called], optionsPingMs: 0 },
      trunks: [{ id: "old" }],
      detection: { masking: { windowMs, mode: "shadow" }, block: { mode: "shadow" } },
    }));
    other = await scene.phone();
  });
  after(() => scene.close("SIGKILL"));
  beforeEach(() => scene.drop());

  test("SIGHUP adds a trunk; the call that was up keeps its own and ends as if nothing had been", async () => {
    const standing = await callUp(scene, scene.called, ["X-Ringfence-Trunk: old"]);
    scene.configure({ ...base(), trunks: [{ id: "new" }] });
    await scene.hangUpSignal();
    const fresh = await callUp(scene, scene.called, ["X-Ringfence-Trunk: new"]);
    assert.equal((await trunkOf(fresh.placed.callId))?.trunk, "new");
    const { trunk, phase } = (await trunkOf(standing.placed.callId)) ?? {};
    assert.deepEqual([trunk, phase], ["old", "answered"]);
    await hangUp(standing, scene.called);
    await hangUp(fresh, scene.called);
  });

  test("SIGHUP moves new calls to another next hop", async () => {
    const standing = await callUp(scene, scene.called);
    scene.configure({ ...base(), sip: { ...(base()["sip"] as object), nextHops: [other.address] } });
    await scene.hangUpSignal();
    const moved = await callUp(scene, other);
    await hangUp(moved, other);
    await hangUp(standing, scene.called);
    assert.deepEqual(
      scene.called.drop().filter((message) => message.startsWith("INVITE")),
      [],
    );
  });

  test("POST /api/v1/reload does the same, says what changed and what waits for a restart, and is audited", async () => {
    scene.configure({ ...base(), metrics: { listenPort: 0, listenAddress: "127.0.0.9" } });
    const { status, json } = await scene.gateway.api("/api/v1/reload", { method: "POST", body: {} });
    assert.equal(status, 200);
    const { changed, ignored } = json as { changed: string[]; ignored: string[] };
    assert.ok(changed.includes("nextHops"), changed.join());
    assert.deepEqual(ignored, ["metrics"]);
    const entries = async () => (await scene.gateway.api("/api/v1/audit?action=reload")).json as { outcome: string }[];
    await until("the audit's entry", async () => (await entries())[0]?.outcome === "done");
    await hangUp(await callUp(scene, scene.called), scene.called);
  });

  test("a broken file changes nothing, and both ways of reloading say what is wrong with it", async () => {
    const standing = await callUp(scene, scene.called);
    scene.configure({ ...base(), sip: { nextHops: [other.address], nextHop: "192.0.2.1" } });
    await scene.hangUpSignal(`${NOT_RELOADED},"why":"sip.nextHop`);
    const { status, json } = await scene.gateway.api("/api/v1/reload", { method: "POST", body: {} });
    assert.equal(status, 422);
    assert.match(JSON.stringify(json), /config\.invalid.*sip\.nextHop/);
    scene.configure("sip: [unfinished");
    await scene.hangUpSignal(NOT_RELOADED);
    scene.configure("alerts: &a { routes: [*a] }\n");
    await scene.hangUpSignal(`${NOT_RELOADED},"why":"alerts.routes.0: a value that contains itself`);
    const circular = await scene.gateway.api("/api/v1/reload", { method: "POST", body: {} });
    assert.equal(circular.status, 422);
    assert.match(JSON.stringify(circular.json), /config\.invalid.*alerts\.routes\.0/);
    const lines = scene.gateway.running.output().trimEnd().split("\n");
    assert.deepEqual(
      lines.filter((line) => !line.startsWith("{")),
      [],
      "all that it says is JSON",
    );
    assert.equal(lines.filter((line) => line.includes(NOT_RELOADED)).length, 3, "a failed signal is one line");
    await hangUp(await callUp(scene, scene.called), scene.called);
    await hangUp(standing, scene.called);
  });

  test("SIGHUP turns shadow into enforce in the middle of an attack, and a guard list saves its number", async () => {
    assert.deepEqual(await attack("+12025550171", "old", 0, 6), Array(6).fill(200), "shadow lets everybody through");
    const detection = { ...WIDE_WINDOW, guard: { calledNumbers: ["+12025550172"] } };
    scene.configure({ ...base(), detection });
    await scene.hangUpSignal();
    const [seventh] = await attack("+12025550171", "old", 6, 1);
    assert.equal(seventh, 603);
    assert.deepEqual(await attack("+12025550172", "old", 0, 6), Array(6).fill(200), "the guarded number");
    scene.configure({ ...base(), detection: WIDE_WINDOW });
    await scene.hangUpSignal();
    assert.deepEqual(await attack("+12025550173", "old", 20, 5), [200, 200, 200, 200, 603]);
  });
});

describe("SIGTERM", () => {
  const open = (): Promise<RawScene> =>
    RawScene.open((called) => ({
      sip: { listenAddress: "127.0.0.1", listenPort: 0, nextHops: [called], optionsPingMs: 0 },
      limits: { drainMs: 60_000 },
    }));
  const terminate = async (scene: RawScene): Promise<void> => {
    scene.gateway.running.child.kill("SIGTERM");
    await until("the drain", () => scene.gateway.running.output().includes("drain.started"));
  };

  test("a call that is up stays up, a new one gets 503 with Retry-After, and the process ends with the last call", async () => {
    const scene = await open();
    try {
      const standing = await callUp(scene, scene.called);
      await terminate(scene);
      const refused = RawCall.place(scene.caller);
      assert.equal(await refused.final(), 503);
      assert.match(headerOf(refused.answer, "Retry-After") ?? "", /^\d+/);
      assert.equal((await scene.gateway.api("/ready")).status, 503);
      assert.equal(scene.gateway.running.child.exitCode, null);
      await hangUp(standing, scene.called);
      assert.equal(await scene.gateway.running.exited, 0);
    } finally {
      await scene.close();
    }
  });

  test("a second signal ends the calls at once, with BYE on both legs", async () => {
    const scene = await open();
    try {
      const standing = await callUp(scene, scene.called);
      await terminate(scene);
      scene.gateway.running.child.kill("SIGTERM");
      const [bye] = await Promise.all([
        scene.called.receive("BYE ").then((request) => {
          scene.called.respond(request, 200);
          return request;
        }),
        standing.placed.expect("BYE"),
      ]);
      assert.match(headerOf(bye, "Reason") ?? "", /Q\.850/);
      assert.equal(await scene.gateway.running.exited, 0);
    } finally {
      await scene.close();
    }
  });
});

test("who read stdout and stderr is gone: the gateway goes on, reloads that fail included", async () => {
  const scene = await RawScene.open((called) => ({
    sip: { listenAddress: "127.0.0.1", listenPort: 0, nextHops: [called], optionsPingMs: 0 },
    limits: { drainMs: 0 },
    logs: { level: "debug" },
  }));
  try {
    const { child } = scene.gateway.running;
    child.stdout?.destroy();
    child.stderr?.destroy();
    await hangUp(await callUp(scene, scene.called), scene.called);
    scene.configure("sip: [unfinished");
    for (let i = 0; i < 3; i++) {
      child.kill("SIGHUP");
      await hangUp(await callUp(scene, scene.called), scene.called);
    }
    const { status } = await scene.gateway.api("/api/v1/reload", { method: "POST", body: {} });
    assert.equal(status, 422);
    await hangUp(await callUp(scene, scene.called), scene.called);
    assert.equal(await scene.gateway.metric("ringfence_faults_total"), 0);
    assert.equal(child.exitCode, null);
  } finally {
    await scene.close();
  }
});
