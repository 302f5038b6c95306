import assert from "node:assert/strict";
import { test } from "node:test";
import { NumberPlan } from "../../../detection/index.js";
import { configSchema, type Config } from "../../../gateway/config/schema.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import { silentLog } from "../../../gateway/core/log.js";
import { applyReload, type ReloadDeps } from "../../../gateway/wiring/reload.js";

type Input = Parameters<typeof configSchema.parse>[0];
const config = (input: Input): Config => configSchema.parse(input);

function setUp() {
  const calls: string[] = [];
  const hosts: string[] = [];
  const note =
    (what: string) =>
    (...[options]: readonly { ownHost?: string }[]): void => {
      calls.push(what);
      if (options?.ownHost !== undefined) hosts.push(options.ownHost);
    };
  const deps = {
    layer: {
      admission: { reload: note("trunks") },
      hops: { reconfigure: note("hops") },
      b2bua: { reconfigure: note("calls") },
    },
    detection: { reconfigure: note("detection") },
    engine: { reloadCertificates: () => Promise.resolve() },
    makeNumbers: (plan: ConstructorParameters<typeof NumberPlan>[0]) => new NumberPlan(plan),
    log: silentLog,
  } as unknown as ReloadDeps;
  return { deps, calls, hosts };
}

test("reload: what was applied is in force, what needs a restart is named and is not", async () => {
  const { deps, calls } = setUp();
  const before = config({ sip: { listenPort: 5060 }, http: { listenPort: 5000 } });
  const after = config({
    sip: { listenPort: 5070, nextHops: ["192.0.2.7"], hopTimeoutMs: 900, redressUrl: "https://example.org/card" },
    http: { listenPort: 5001 },
    limits: { drainMs: 1_000, unknownSources: "refuse" },
    trunks: [{ id: "north" }],
    detection: { shadow: true, memory: { windowMiB: 9 } },
  });
  const { report, inForce } = await applyReload(before, after, deps);
  assert.deepEqual(calls, ["trunks", "hops", "calls", "detection"]);
  assert.deepEqual(report.changed, ["certificates", "trunks", "nextHops", "calls", "detection"]);
  assert.deepEqual(report.ignored, ["http", "sip.listenPort", "limits.drainMs", "detection.memory"]);
  assert.deepEqual(
    [inForce.sip.listenPort, inForce.sip.nextHops, inForce.sip.hopTimeoutMs, inForce.http.listenPort],
    [5060, ["192.0.2.7"], 900, 5000],
  );
  assert.deepEqual(inForce.limits, { ...before.limits, unknownSources: "refuse" });
  assert.deepEqual(inForce.detection, { ...after.detection, memory: before.detection.memory });
});

test("reload: a second one names again what still needs a restart, and does not take it along", async () => {
  const { deps, hosts } = setUp();
  const before = config({ sip: { advertisedHost: "old.example" } });
  const first = await applyReload(before, config({ sip: { advertisedHost: "new.example" } }), deps);
  const after = config({ sip: { advertisedHost: "new.example", maxForks: 3 } });
  const second = await applyReload(first.inForce, after, deps);
  assert.deepEqual([first.report.ignored, second.report.ignored], [["sip.advertisedHost"], ["sip.advertisedHost"]]);
  assert.deepEqual(hosts, ["old.example"]);
});

test("reload: what serve would refuse is refused here too, and nothing changes", async () => {
  const { deps, calls } = setUp();
  const after = config({ sip: { nextHops: ["192.0.2.7"] }, trunks: [{ id: "north", hopGroup: "nowhere" }] });
  await assert.rejects(
    applyReload(config({}), after, deps),
    (error: unknown) =>
      error instanceof GatewayError && error.code === "config.invalid" && /^trunks\.0\.hopGroup: /.test(error.message),
  );
  assert.deepEqual(calls, []);
});

test("reload: a value that was taken out of the file is no longer in force", async () => {
  const { deps } = setUp();
  const before = config({ sip: { redressUrl: "https://example.org/card" } });
  const { inForce } = await applyReload(before, config({}), deps);
  assert.equal("redressUrl" in inForce.sip, false);
});
