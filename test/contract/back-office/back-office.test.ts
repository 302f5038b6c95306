import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Worker } from "node:worker_threads";
import { parse } from "csv-parse/sync";
import { BackOffice } from "../../../gateway/adapters/back-office/back-office.js";
import { RecordChannel } from "../../../gateway/adapters/record-spool/record-channel.js";
import { SystemClock } from "../../../gateway/adapters/system/system-clock.js";
import { PrometheusMetrics } from "../../../gateway/adapters/metrics-prometheus/prometheus-metrics.js";
import { SPEECH_FOLDER, SpeechFolder } from "../../../gateway/adapters/speech-files/speech-folder.js";
import { sign } from "../../../gateway/adapters/webhook/sign.js";
import { alertsSchema } from "../../../gateway/config/alerts-schema.js";
import { unguarded } from "../../../gateway/core/cdr-format.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import { silentLog } from "../../../gateway/core/log.js";
import { writeWav } from "../../../gateway/media/wav/write-wav.js";
import { NO_ALERTS } from "../../../gateway/wiring/alerts.js";
import { backOfficeEntry, type BackOfficeOptions } from "../../../gateway/workers/back-office-options.js";
import type { Alert, Block, Cdr } from "../../../detection/index.js";
import { FakeGatewayControl, sampleIncident } from "../../support/fake-gateway-control.js";
import { temporaryFolder } from "../../support/processes.js";
import { sampleTranscript } from "../../support/records.js";

const KEY = "the-admin-key-0123456789";
const SECRET = "webhook-secret";
const LOG_KEY = randomBytes(32);
const clock = new SystemClock();
const folder = temporaryFolder("back-office");
const control = new FakeGatewayControl();
const metrics = new PrometheusMetrics();
control.metrics = () => metrics.toJson();
const hooks: { path: string | undefined; headers: IncomingMessage["headers"]; body: string }[] = [];
let hookServer: Server;
let channel: RecordChannel;
let handOvers = 0;
let backOffice: BackOffice<BackOfficeOptions>;

const options = (webhookUrl: string): BackOfficeOptions => ({
  version: "0.0.0-test",
  http: {
    listenAddress: "127.0.0.1",
    listenPort: 0,
    apiKeys: [{ key: KEY, role: "admin", id: "tester" }],
    switchSources: ["127.0.0.0/8"],
    maxBodyBytes: 5_000_000,
    maxBatchEvents: 10_000,
    requestsPerMinute: 6_000,
  },
  metrics: { listenAddress: "127.0.0.1", listenPort: 0 },
  store: { folder: folder.path, queueLimit: 10_000, spillLimitBytes: 1e8, retentionDays: 90, auditFileBytes: 1e7 },
  privacy: { transcriptDays: 30 },
  webhook: { alertUrl: webhookUrl, secret: SECRET, timeoutMs: 2_000, giveUpMs: 60_000, attempts: 2 },
  logs: { level: "silent", showNumbers: false, key: LOG_KEY },
});

const workers: Worker[] = [];
process.on("worker", (worker) => workers.push(worker));

before(async () => {
  hookServer = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      hooks.push({ path: request.url, headers: request.headers, body });
      response.end();
    });
  });
  await new Promise<void>((resolve) => hookServer.listen(0, "127.0.0.1", resolve));
  channel = await RecordChannel.open({ clock, metrics, log: silentLog }, { folder: folder.path });
  backOffice = new BackOffice({
    entry: backOfficeEntry(),
    options: options(`http://127.0.0.1:${(hookServer.address() as AddressInfo).port}/hook`),
    control,
    clock,
    log: silentLog,
    metrics,
    beforeAnswer: () => channel.flush(),
    handOver: () => {
      handOvers++;
      return channel.handOver();
    },
    onRecordsTaken: (seq) => channel.acknowledge(seq),
    onUp: () => channel.attach((batch) => void backOffice.post(batch)),
    onDown: () => channel.detach(),
  });
  await backOffice.start();
});

after(async () => {
  await channel.close();
  await backOffice.stop();
  hookServer.close();
  folder.remove();
});

const get = async (path: string): Promise<Response> =>
  fetch(`${backOffice.addresses?.http ?? ""}${path}`, { headers: { authorization: `Bearer ${KEY}` } });
const rows = async (path: string): Promise<Record<string, unknown>[]> =>
  (await (await get(path)).json()) as Record<string, unknown>[];

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    assert.ok(Date.now() < deadline, `waited too long for ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const incident = sampleIncident("incident-1");
const alert = (id: string): Alert => ({
  id,
  incidentId: incident.id,
  rule: "masking",
  called: incident.called,
  callers: incident.callers,
  callerCount: 5,
  callIds: ["call-1"],
  callCount: 5,
  severity: "high",
  detectedAt: incident.openedAt,
  disposition: "enforced",
  message: "5 callers",
});

test("events over HTTP reach the SIP thread, and its answer comes back", async () => {
  const answer = await fetch(`${backOffice.addresses?.http ?? ""}/event`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ call_id: "c-1", a_number: "A001", b_number: "B999", status: "active" }),
  });
  assert.deepEqual(await answer.json(), { status: "processed", detected: false, call_id: "c-1", verdict: "allow" });
  assert.equal(control.reported.at(-1)?.callId, "c-1");
});

test("a recording that is posted is handed to the SIP thread whole, and what it answers comes back", async () => {
  const samples = Float32Array.from({ length: 50_000 }, (_, i) => (i % 251) / 251);
  const sound = Uint8Array.from(writeWav({ sampleRateHz: 8_000, channels: [samples] }));
  const answer = await fetch(`${backOffice.addresses?.http ?? ""}/analyze?speakers=caller`, {
    method: "POST",
    headers: { "content-type": "audio/wav", authorization: `Bearer ${KEY}` },
    body: sound,
  });
  assert.equal(answer.status, 200);
  assert.equal(((await answer.json()) as { threat_detected: boolean }).threat_detected, false);
  const order = control.analysed.at(-1);
  assert.deepEqual(new Uint8Array(order?.wav ?? new ArrayBuffer(0)), sound);
  assert.deepEqual(order?.speakers, ["caller"]);
});

const forget = (number: string): Promise<Response> =>
  fetch(`${backOffice.addresses?.http ?? ""}/api/v1/subjects/${encodeURIComponent(number)}`, {
    method: "DELETE",
    headers: { authorization: `Bearer ${KEY}` },
  });

test("a subject that is deleted takes the kept speech of its calls along, and nobody else's", async () => {
  const speech = new SpeechFolder(join(folder.path, SPEECH_FOLDER), LOG_KEY);
  mkdirSync(speech.path);
  const [transcript, other] = [sampleTranscript(1), sampleTranscript(2)];
  for (const { callId } of [transcript, other]) writeFileSync(speech.pathOf(callId), "sealed");
  channel.write({ kind: "transcript", transcript });
  const answer = await forget(transcript.caller);
  assert.equal(answer.status, 200);
  const { transcripts, audio } = (await answer.json()) as { transcripts: number; audio: number };
  assert.deepEqual([transcripts, audio], [1, 1]);
  assert.deepEqual(
    [existsSync(speech.pathOf(transcript.callId)), existsSync(speech.pathOf(other.callId))],
    [false, true],
  );
});

test("a subject's deletion waits for what the SIP thread holds back on disk: it goes too, and does not come after it", async () => {
  const transcript = sampleTranscript(3);
  channel.detach();
  channel.write({ kind: "transcript", transcript });
  await until("it to be on disk", () => Promise.resolve(channel.pending === 0 || undefined));
  const before = handOvers;
  let isOver = false;
  const deletion = forget(transcript.caller).finally(() => (isOver = true));
  await until("it to be asked for", () => Promise.resolve(handOvers > before || isOver || undefined));
  channel.attach((batch) => void backOffice.post(batch));
  const answer = await deletion;
  assert.equal(answer.status, 200);
  assert.equal(((await answer.json()) as { transcripts: number }).transcripts, 1);
  assert.deepEqual(await rows("/api/v1/transcripts?a_number=" + encodeURIComponent(transcript.caller)), []);
});

test("an alert that the SIP thread has only just written is in the very next GET /alerts and goes to the webhook, signed", async () => {
  channel.write({ kind: "incident", change: "opened", incident } as never);
  channel.write({ kind: "alert", alert: alert("alert-1") });
  assert.deepEqual(
    (await rows("/alerts")).map((row) => row["alert_id"]),
    ["alert-1"],
  );
  const { headers, body } = await until("the webhook", () => Promise.resolve(hooks[0]));
  const t = Number(/^t=(\d+),/.exec(String(headers["x-ringfence-signature"]))?.[1]);
  assert.equal(headers["x-ringfence-signature"], sign(SECRET, body, t));
  const sent = JSON.parse(body) as { alert: { alert_id: string }; incident: { incident_id: string } };
  assert.deepEqual([sent.alert.alert_id, sent.incident.incident_id], ["alert-1", "incident-1"]);
});

test("blocks of the store can be read back by the SIP thread", async () => {
  const block: Block = {
    id: "block-1",
    called: incident.called,
    trunk: incident.trunks[0]!,
    createdAt: incident.openedAt,
    expiresAt: (incident.openedAt + 60_000) as Block["expiresAt"],
    createdBy: "policy",
    reason: "masking",
  };
  channel.write({ kind: "block", change: "added", block });
  await rows("/api/v1/audit");
  const found = await backOffice.activeBlocks(incident.openedAt);
  assert.deepEqual(found, [block]);
});

test("actions are in the audit log that the API reads", async () => {
  await fetch(`${backOffice.addresses?.http ?? ""}/api/v1/reload`, {
    method: "POST",
    headers: { authorization: `Bearer ${KEY}` },
  });
  const entries = await rows("/api/v1/audit?action=reload");
  assert.deepEqual(
    entries.map(({ actor, outcome }) => [actor, outcome]),
    [["tester", "done"]],
  );
});

test("R5: what a caller wrote goes through channel, spool, database, JSON and CSV as one piece of data", async () => {
  const caller = `x","call_id":"injected'; DROP TABLE cdrs; --\r\n=1+1`;
  const cdr = {
    id: "cdr-1",
    callId: "call-1",
    caller,
    called: incident.called,
    trunk: "default",
    startedAt: incident.openedAt,
  };
  const rest = {
    endedAt: incident.openedAt,
    durationMs: 0,
    status: 603,
    endedBy: "gateway",
    cause: "fraud",
    emergency: false,
  };
  channel.write({ kind: "cdr", cdr: { ...cdr, ...rest } as Cdr });
  assert.deepEqual(
    (await rows("/api/v1/cdrs")).map((row) => [row["id"], row["call_id"], row["caller"]]),
    [["cdr-1", "call-1", caller]],
  );
  const lines = (await (await get("/api/v1/cdrs/export?format=jsonl")).text()).trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as Cdr).caller),
    [caller],
  );
  const csv = await (await get("/api/v1/cdrs/export?format=csv")).text();
  const table = parse(csv, { columns: true }) as unknown as Record<string, string>[];
  assert.deepEqual(
    table.map((row) => [row["call_id"], unguarded(row["caller"] ?? "")]),
    [["call-1", caller]],
  );
});

test("GET /metrics has both threads' metrics, and the listener serves nothing else", async () => {
  metrics.counter("fraud_calls_processed_total", "Calls").inc(7);
  const url = backOffice.addresses?.metrics ?? "";
  const text = await (await fetch(`${url}/metrics`)).text();
  assert.match(text, /^fraud_calls_processed_total 7$/m);
  assert.match(text, /^ringfence_http_requests_total\{route="\/event",status="200"\} 1$/m);
  assert.match(text, /^ringfence_backoffice_up 1$/m);
  assert.equal((await fetch(`${url}/health`)).status, 404);
  assert.equal((await fetch(`${url}/metrics`, { method: "POST" })).status, 405);
});

const hookUrl = (path: string): string => `http://127.0.0.1:${(hookServer.address() as AddressInfo).port}${path}`;

test("other routes of alerts are in force at once; what cannot be opened is refused, and the old ones stay", async () => {
  const sides = {
    alerts: NO_ALERTS,
    webhook: { alertUrl: hookUrl("/moved"), timeoutMs: 2_000, giveUpMs: 60_000, attempts: 2 },
  };
  const email = { kind: "email", name: "mail", host: "192.0.2.1", from: "a@example.com", to: ["b@example.com"] };
  const bad = { ...sides, alerts: alertsSchema.parse({ routes: [{ ...email, caFile: "/nowhere/ca.pem" }] }) };
  await backOffice.reconfigureAlerts(sides, { ...options(""), ...sides });
  await assert.rejects(
    backOffice.reconfigureAlerts(bad, { ...options(""), ...bad }),
    (error) => error instanceof GatewayError && error.code === "tls.certificate" && error.message.includes("ca.pem"),
  );
  channel.write({ kind: "alert", alert: alert("alert-moved") });
  const { headers } = await until("the webhook", () => Promise.resolve(hooks.find(({ path }) => path === "/moved")));
  assert.deepEqual([headers["x-ringfence-delivery"], headers["x-ringfence-signature"]], ["alert-moved", undefined]);
});

test("a worker that dies is replaced at the same ports; what was written meanwhile arrives, nothing twice", async () => {
  const before = backOffice.addresses;
  await workers.at(-1)?.terminate();
  channel.write({ kind: "alert", alert: alert("alert-2") });
  await until("the new worker", () => Promise.resolve(backOffice.up ? true : undefined));
  assert.deepEqual(backOffice.addresses, before);
  const ids = (await rows("/alerts")).map((row) => row["alert_id"]).sort();
  assert.deepEqual(ids, ["alert-1", "alert-2", "alert-moved"]);
  const told = await until("its webhook", () =>
    Promise.resolve(hooks.find(({ headers }) => headers["x-ringfence-delivery"] === "alert-2")),
  );
  assert.equal(told.path, "/moved", "with the routes as they were last");
});
