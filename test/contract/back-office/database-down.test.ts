import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { BackOffice } from "../../../gateway/adapters/back-office/back-office.js";
import { RecordChannel } from "../../../gateway/adapters/record-spool/record-channel.js";
import { SystemClock } from "../../../gateway/adapters/system/system-clock.js";
import { silentLog } from "../../../gateway/core/log.js";
import { noMetrics } from "../../../gateway/core/metrics.js";
import { backOfficeEntry, type BackOfficeOptions } from "../../../gateway/workers/back-office-options.js";
import type { Alert } from "../../../detection/index.js";
import { FakeGatewayControl, sampleIncident } from "../../support/fake-gateway-control.js";
import { temporaryFolder } from "../../support/processes.js";

// PostgreSQL is configured and is not there: nothing listens on port 1.
const KEY = "the-admin-key-0123456789";
const clock = new SystemClock();
const folder = temporaryFolder("database-down");
const control = new FakeGatewayControl();
let channel: RecordChannel;
let backOffice: BackOffice<BackOfficeOptions>;

before(async () => {
  channel = await RecordChannel.open({ clock, metrics: noMetrics, log: silentLog }, { folder: folder.path });
  backOffice = new BackOffice<BackOfficeOptions>({
    entry: backOfficeEntry(),
    options: {
      version: "0.0.0-test",
      http: {
        listenAddress: "127.0.0.1",
        listenPort: 0,
        apiKeys: [{ key: KEY, role: "admin" }],
        switchSources: ["127.0.0.0/8"],
        maxBodyBytes: 5_000_000,
        maxBatchEvents: 10_000,
        requestsPerMinute: 6_000,
      },
      metrics: { listenAddress: "127.0.0.1", listenPort: 0 },
      store: {
        folder: folder.path,
        databaseUrl: "postgres://nobody@127.0.0.1:1/nothing",
        queueLimit: 10_000,
        spillLimitBytes: 1e8,
        retentionDays: 90,
        auditFileBytes: 1e7,
      },
      privacy: { transcriptDays: 30 },
      webhook: { timeoutMs: 1_000, giveUpMs: 60_000, attempts: 1 },
      logs: { level: "silent", showNumbers: false, key: randomBytes(32) },
    },
    control,
    clock,
    log: silentLog,
    metrics: noMetrics,
    beforeAnswer: () => channel.flush(),
    onRecordsTaken: (seq) => channel.acknowledge(seq),
    onUp: () => channel.attach((batch) => void backOffice.post(batch)),
    onDown: () => channel.detach(),
  });
  await backOffice.start();
});
after(async () => {
  await channel.close();
  await backOffice.stop();
  folder.remove();
});

const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${backOffice.addresses?.http ?? ""}${path}`, { headers: { authorization: `Bearer ${KEY}` }, ...init });

test("without its database the back office serves: degraded, not unhealthy", async () => {
  const health = await ask("/health");
  const { status, components } = (await health.json()) as {
    status: string;
    components: { name: string; ok: boolean }[];
  };
  assert.deepEqual([health.status, status], [200, "degraded"]);
  assert.equal(components.find(({ name }) => name === "store")?.ok, false);
});

test("events get their verdicts", async () => {
  const answer = await ask("/event", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ call_id: "c-1", a_number: "A001", b_number: "B999" }),
  });
  assert.equal(((await answer.json()) as { status: string }).status, "processed");
});

// Before anything is in the log: a file that is open can be written wherever its folder is.
test("an audit file that cannot be written is told, and is well again when the disk is, without another entry", async () => {
  const audit = join(folder.path, "audit");
  const isAuditUp = async (): Promise<boolean | undefined> => {
    const { components } = (await (await ask("/health")).json()) as { components: { name: string; ok: boolean }[] };
    return components.find(({ name }) => name === "audit")?.ok;
  };
  const deadline = Date.now() + 20_000;
  renameSync(audit, `${audit}.away`);
  assert.equal((await ask("/api/v1/reload", { method: "POST" })).status, 200);
  while ((await isAuditUp()) !== false && Date.now() < deadline);
  assert.equal(await isAuditUp(), false);
  renameSync(`${audit}.away`, audit);
  assert.equal(await isAuditUp(), true);
  const [name] = readdirSync(audit);
  assert.match(readFileSync(join(audit, name ?? ""), "utf8"), /"action":"audit.lost".*"count":1,/);
});

test("new alerts are shown from memory; what only the database has answers 503", async () => {
  const { called, callers, callerCount, callCount, severity, disposition, rule, openedAt } = sampleIncident("i");
  const shared = { called, callers, callerCount, callCount, severity, disposition, rule };
  const alert: Alert = { id: "a-1", incidentId: "i", callIds: ["c"], detectedAt: openedAt, message: "m", ...shared };
  channel.write({ kind: "alert", alert });
  const shown = (await (await ask("/alerts")).json()) as { alert_id: string }[];
  assert.deepEqual(
    shown.map(({ alert_id }) => alert_id),
    ["a-1"],
  );
  const cdrs = await ask("/api/v1/cdrs");
  assert.deepEqual([cdrs.status, cdrs.headers.get("retry-after")], [503, "1"]);
  await assert.rejects(backOffice.activeBlocks(openedAt), /./);
});

test("actions are on disk in the audit file all the same", async () => {
  assert.equal((await ask("/api/v1/reload", { method: "POST" })).status, 200);
  const audit = join(folder.path, "audit");
  const has = (): boolean =>
    readdirSync(audit).some((name) => readFileSync(join(audit, name), "utf8").includes('"reload"'));
  const deadline = Date.now() + 20_000;
  while (!has() && Date.now() < deadline) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(has());
});
