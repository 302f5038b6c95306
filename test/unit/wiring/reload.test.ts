import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { NumberPlan } from "../../../detection/index.js";
import { configSchema, type Config } from "../../../gateway/config/schema.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import { silentLog } from "../../../gateway/core/log.js";
import { writeWav } from "../../../gateway/media/wav/write-wav.js";
import { applyReload, type ReloadDeps } from "../../../gateway/wiring/reload.js";
import { temporaryFolder } from "../../support/processes.js";

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
      verdicts: { reconfigure: note("verdicts") },
    },
    detection: { reconfigure: note("detection") },
    engine: { reloadCertificates: () => Promise.resolve() },
    makeNumbers: (plan: ConstructorParameters<typeof NumberPlan>[0]) => new NumberPlan(plan),
    reconfigureAlerts: ({ alerts, webhook }: Config) => {
      if (alerts.routes.some(({ name }) => name === "broken"))
        return Promise.reject(new GatewayError("tls.certificate", "no such file"));
      calls.push(`alerts ${alerts.routes.length} ${webhook.timeoutMs}`);
      return Promise.resolve();
    },
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
  assert.deepEqual(report.changed, ["trunks", "nextHops", "calls", "detection"]);
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

test("reload: the dialplan's verdicts are in force at once; what else `asterisk` says needs a restart, and is named", async () => {
  const { deps, calls } = setUp();
  const after = config({
    asterisk: { verdict: { unknownCallers: "screen", rememberedCallers: 5 }, agi: { budgetMs: 100 } },
  });
  const { report, inForce } = await applyReload(config({}), after, deps);
  assert.deepEqual(calls, ["verdicts"]);
  assert.deepEqual(report.changed, ["asterisk.verdict"]);
  assert.deepEqual(report.ignored, ["asterisk.agi", "asterisk.verdict.rememberedCallers"]);
  const { verdict, agi } = inForce.asterisk;
  assert.deepEqual([verdict.unknownCallers, verdict.rememberedCallers, agi.budgetMs], ["screen", 100_000, 500]);
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

for (const [what, sip, changed] of [
  ["none are configured", {}, []],
  ["a client certificate is", { tlsClient: { caFile: import.meta.filename } }, ["certificates"]],
  ["drachtio has them", { engine: "drachtio", tlsClient: { caFile: import.meta.filename } }, []],
] as const)
  test(`reload: certificates are told as read again where there are some: ${what}`, async () => {
    const { deps } = setUp();
    const settings = config({ sip });
    const { report } = await applyReload(settings, settings, deps);
    assert.deepEqual(report, { changed, ignored: [] });
  });

test("reload: an announcement that is no sound is refused, whatever else has changed, and nothing changes", async () => {
  const { deps, calls } = setUp();
  const after = config({ media: { consentFile: import.meta.filename }, defaultTrunk: { media: { listen: false } } });
  await assert.rejects(
    applyReload(config({}), after, deps),
    (error: unknown) => error instanceof GatewayError && error.code === "config.invalid",
  );
  assert.deepEqual(calls, []);
});

for (const [what, first, second] of [
  ["added", {}, { warningFile: "WAV" }],
  ["removed", { warningFile: "WAV" }, {}],
  ["changed", { warningFile: "WAV" }, { warningFile: "OTHER" }],
] as const)
  test(`reload: a warning's file that was ${what} needs a restart: /config shows the old one`, async (t) => {
    const folder = temporaryFolder("reload");
    t.after(folder.remove);
    const of = ({ warningFile }: { readonly warningFile?: string }): Config => {
      if (warningFile === undefined) return config({});
      const path = join(folder.path, warningFile);
      writeFileSync(path, writeWav({ sampleRateHz: 8_000, channels: [new Float32Array(160)] }));
      return config({ threat: { warningFile: path } });
    };
    const { deps } = setUp();
    const before = of(first);
    const { report, inForce } = await applyReload(before, of(second), deps);
    assert.deepEqual(inForce.threat, before.threat);
    assert.deepEqual(report.ignored, ["threat.warningFile"]);
    const again = await applyReload(inForce, of(first), deps);
    assert.deepEqual(again.report.ignored, []);
  });

test("reload: a value that was taken out of the file is no longer in force", async () => {
  const { deps } = setUp();
  const before = config({ sip: { redressUrl: "https://example.org/card" } });
  const { inForce } = await applyReload(before, config({}), deps);
  assert.equal("redressUrl" in inForce.sip, false);
});

const slack = (name: string) => ({ kind: "slack", name, url: "https://hooks.example.com/x" }) as const;

test("reload: routes of alerts and the webhook are in force; where a route cannot be opened nothing is changed", async () => {
  const { deps, calls } = setUp();
  const next = { alerts: { routes: [slack("soc")] }, webhook: { timeoutMs: 900 } };
  const { report, inForce } = await applyReload(config({}), config(next), deps);
  assert.deepEqual([calls, report.changed, report.ignored], [["alerts 1 900"], ["alerts"], []]);
  assert.deepEqual([inForce.alerts.routes.length, inForce.webhook.timeoutMs], [1, 900]);
  const bad = config({ alerts: { routes: [slack("broken")] }, sip: { nextHops: ["192.0.2.7"] } });
  await assert.rejects(applyReload(inForce, bad, deps), /no such file/);
  assert.deepEqual(calls, ["alerts 1 900"]);
});

for (const section of Object.keys(configSchema.shape) as (keyof Config)[]) {
  test(`reload: what is changed in ${section} is in force or named as in need of a restart`, async () => {
    const { deps } = setUp();
    const before = config({});
    const marked =
      section === "trunks" ? [...config({ trunks: [{ id: "new" }] }).trunks] : { ...before[section], marker: 1 };
    const { report } = await applyReload(before, { ...before, [section]: marked }, deps);
    assert.ok(report.changed.length + report.ignored.length > 0, JSON.stringify(report));
  });
}
