import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { auditFiles, verifyAuditLog } from "../../gateway/adapters/audit-file/audit-folder.js";
import { FakeVoiceSwitch } from "../support/fake-switches.js";
import { startGateway, TEST_KEYS, type GatewayProcess } from "../support/gateway-process.js";
import { until } from "../support/processes.js";

// A switch that only reports its calls, as it does today: the source's environment, paths and field names.
const B = "+12025550142";
const event = (index: number) => ({
  call_id: `call-${index}@192.0.2.1`,
  a_number: `+1303555010${index}`,
  b_number: B,
  timestamp: new Date().toISOString(),
  status: "active",
  switch_id: "kamailio-sbc",
});
interface Verdict {
  readonly status: string;
  readonly detected: boolean;
  readonly alert_id?: string;
}
interface Alert {
  readonly alert_id: string;
  readonly b_number: string;
  readonly a_numbers: readonly string[];
  readonly call_count: number;
}

describe("a switch that reports calls over HTTP to the production process", () => {
  const voiceSwitch = new FakeVoiceSwitch();
  let gateway: GatewayProcess;
  const post = async (path: string, body: unknown): Promise<Verdict> =>
    (await gateway.api(path, { method: "POST", body, key: undefined })).json as Verdict;
  const alerts = async (): Promise<readonly Alert[]> => (await gateway.api("/alerts")).json as readonly Alert[];

  before(async () => {
    await voiceSwitch.start();
    for (let i = 1; i <= 9; i++) voiceSwitch.add(`call-${i}@192.0.2.1`);
    const env = { DETECTION_WINDOW_SEC: "60", DETECTION_THRESHOLD: "5", SWITCH_PROTOCOL: "voiceswitch" };
    gateway = await startGateway({}, { env: { ...env, VOICE_SWITCH_API_URL: `${voiceSwitch.origin}/api/v1` } });
  });
  after(async () => {
    await gateway.stop();
    await voiceSwitch.stop();
  });

  test("events delivered twice, by either path, count once (R6)", async () => {
    for (const path of ["/event", "/api/v1/fraud/events", "/event"]) {
      for (const index of [1, 2, 3, 4]) assert.equal((await post(path, event(index))).detected, false);
    }
    assert.deepEqual(await alerts(), []);
  });

  test("the fifth caller is detected in the answer, and the alert is in the very next GET /alerts", async () => {
    const verdict = await post("/event", event(5));
    assert.deepEqual([verdict.status, verdict.detected], ["processed", true]);
    const [alert, ...more] = await alerts();
    assert.deepEqual(more, []);
    assert.equal(alert?.alert_id, verdict.alert_id);
    assert.deepEqual([alert?.b_number, alert?.call_count], [B, 5]);
    assert.deepEqual(
      [...(alert?.a_numbers ?? [])].sort(),
      [1, 2, 3, 4, 5].map((index) => event(index).a_number),
    );
  });

  test("the calls of the attack are ended through the switch's /fraud/disconnect", async () => {
    await until("five calls down", () => voiceSwitch.dialogs.size === 4);
    const asked = voiceSwitch.requests.flatMap(({ body }) => (body as { call_ids: string[] }).call_ids);
    assert.deepEqual(
      [...new Set(asked)].sort(),
      [1, 2, 3, 4, 5].map((index) => event(index).call_id),
    );
  });

  test("a batch keeps the verdict of each event: one more attacker, and a call to another number (R6)", async () => {
    const other = { ...event(7), b_number: "+12025550177" };
    const { json } = await gateway.api("/events/batch", {
      method: "POST",
      body: { events: [event(6), other] },
      key: undefined,
    });
    const { processed, results } = json as { processed: number; results: Verdict[] };
    assert.equal(processed, 2);
    assert.deepEqual(
      results.map(({ detected }) => detected),
      [true, false],
    );
  });

  test("/fraud/disconnect needs a key, tells each call's outcome, and is audited (R6)", async () => {
    const order = { call_ids: [event(7).call_id, "nobody's@192.0.2.1"], alert_id: "a-1", reason: "fraud_detected" };
    const stranger = await gateway.api("/api/v1/fraud/disconnect", { method: "POST", body: order, key: undefined });
    assert.equal(stranger.status, 401);
    const { status, json } = await gateway.api("/api/v1/fraud/disconnect", {
      method: "POST",
      body: order,
      key: TEST_KEYS.switch,
    });
    const { requested, disconnected, results } = json as {
      requested: number;
      disconnected: number;
      results: { success: boolean }[];
    };
    assert.deepEqual([status, requested, disconnected], [200, 2, 1]);
    assert.deepEqual(
      results.map(({ success }) => success),
      [true, false],
    );
    for (const action of ["calls.disconnect", "auth.refused"]) {
      const entries = async () => (await gateway.api(`/api/v1/audit?action=${action}`)).json as unknown[];
      await until(action, async () => (await entries()).length > 0);
      assert.equal((await entries()).length, 1);
    }
  });

  test("/health, /stats, /config and /metrics have what the source's have", async () => {
    const health = () => gateway.api("/health", { key: undefined });
    await until("it is well", async () => (await health()).status === 200);
    assert.equal(((await health()).json as { status: string }).status, "healthy");
    const stats = (await gateway.api("/stats")).json as Record<string, number>;
    assert.equal(stats["alerts_total"], 1);
    for (const name of ["processed_total", "active_calls", "avg_latency_ms"])
      assert.equal(typeof stats[name], "number");
    const config = JSON.stringify((await gateway.api("/config")).json);
    assert.match(config, /"windowMs":60000/);
    for (const key of Object.values(TEST_KEYS)) assert.ok(!config.includes(key), "keys are hidden");
    for (const name of ["fraud_calls_processed_total", "fraud_alerts_generated_total", "fraud_disconnects_total"])
      await until(name, async () => (await gateway.metric(name)) > 0);
  });

  test("the audit file holds every one of these steps in an unbroken chain", async () => {
    const files = await auditFiles(`${gateway.folder}/data/audit`);
    const verdict = await verifyAuditLog(files.map(({ path }) => path));
    assert.ok(verdict.intact);
    assert.ok(verdict.records > 0);
  });
});
