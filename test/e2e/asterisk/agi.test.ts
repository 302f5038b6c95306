import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { agiStage, type AgiStage } from "../../support/agi-stage.js";
import { asteriskMissing } from "../../support/asterisk.js";
import { WIDE_WINDOW } from "../../support/gateway-process.js";
import { until } from "../../support/processes.js";
import { caller, place, type Leg } from "../../support/telephones.js";

const skip = asteriskMissing() ?? false;
/** What a call waits for a gateway at most, seconds: long for one that is there, on a machine that stands still for a while. */
const WAIT_SECONDS = 12;
/** The same for a gateway that hangs. */
const HUNG_WAIT_SECONDS = 2;

describe("AGI: the dialplan of a real Asterisk asks the production process", { skip }, () => {
  let stage: AgiStage;
  before(async () => void (stage = await agiStage({ detection: WIDE_WINDOW }, WAIT_SECONDS)));
  after(() => stage.close());

  const call = (to: string, from: number, count = 1): Promise<Leg[]> =>
    place(stage.phone, stage.asterisk.sipPort, to, from, count);
  const setUpMs = async (to: string, from: number): Promise<number> => {
    const startedAt = performance.now();
    const [leg] = await call(to, from);
    assert.equal(leg?.status, 200, stage.asterisk.log().slice(-4_000));
    return (leg.answeredAt ?? Infinity) - startedAt;
  };

  test("four callers of one number are let through, the fifth is blocked", async () => {
    const legs = await call("+12025550140", 0, 5);
    assert.deepEqual(
      legs.map(({ status }) => status),
      [200, 200, 200, 200, 603],
      stage.asterisk.log().slice(-4_000),
    );
    await until("the verdicts in Asterisk's log", () => stage.seen().length >= 4);
    const seen = stage.seen().map((line) => line.split(" "));
    assert.deepEqual(
      seen.map(([verdict, reason, score]) => [verdict, reason, score]),
      seen.map(() => ["allow", "unknown-caller", "0.20"]),
    );
    for (const [, , , callId] of seen) assert.match(callId ?? "", /^asterisk;\d+\.\d+$/);
    let alerts: readonly { readonly b_number: string; readonly a_number_count: number }[] = [];
    await until("the alert", async () => {
      alerts = (await stage.gateway.api("/api/v1/alerts")).json as typeof alerts;
      return alerts.length > 0;
    });
    assert.deepEqual([alerts[0]?.b_number, alerts[0]?.a_number_count], ["+12025550140", 5]);
    assert.equal(await stage.gateway.metric("ringfence_asked_calls_total", '{verdict="block",reason="masking"}'), 1);
  });

  test("a call that is over is reported by the hang-up handler", async () => {
    const before = await stage.gateway.metric("ringfence_asked_calls_ended_total");
    const [leg] = await call("+12025550141", 20);
    assert.ok(leg !== undefined);
    stage.phone.hangUp(leg);
    await until("the report", async () => (await stage.gateway.metric("ringfence_asked_calls_ended_total")) > before);
    const cdrs = async () => (await stage.gateway.api("/api/v1/cdrs?limit=100")).json as readonly { called: string }[];
    await until("its CDR", async () => (await cdrs()).some(({ called }) => called === "+12025550141"));
    assert.equal((await cdrs()).filter(({ called }) => called === "+12025550141").length, 1);
  });

  test("a hundred at a time all get their verdict", async () => {
    const before = await stage.gateway.metric("ringfence_agi_requests_total", '{script="check",outcome="answered"}');
    const { phone } = stage;
    const legs = Array.from({ length: 100 }, (_each, i) =>
      phone.call(caller(100 + i), `+1202555${1000 + i}`, { address: "127.0.0.1", port: stage.asterisk.sipPort }),
    );
    await phone.until(() => legs.every(({ status }) => status >= 200), 60_000);
    assert.deepEqual(new Set(legs.map(({ status }) => status)), new Set([200]));
    const answered = () => stage.gateway.metric("ringfence_agi_requests_total", '{script="check",outcome="answered"}');
    await until("a hundred answers", async () => (await answered()) - before >= 100);
    assert.equal((await answered()) - before, 100);
    legs.forEach((leg) => phone.hangUp(leg));
  });

  test("a gateway that hangs holds a call no longer than the dialplan says; afterwards it answers again", async () => {
    const wait = (seconds: number) => stage.asterisk.cli(`dialplan set global RINGFENCE_WAIT ${seconds}`);
    await wait(HUNG_WAIT_SECONDS);
    process.kill(stage.gateway.running.pid, "SIGSTOP");
    try {
      // That it is answered at all says that it does not wait for ever.
      const tookMs = await setUpMs("+12025550142", 21);
      assert.ok(tookMs >= HUNG_WAIT_SECONDS * 900, `the call did not wait at all: ${tookMs} ms`);
    } finally {
      process.kill(stage.gateway.running.pid, "SIGCONT");
      await wait(WAIT_SECONDS);
    }
    await until("the log", () => stage.seen().some((line) => line.startsWith("allow unavailable")));
    await until("an answer again", async () => {
      await setUpMs("+12025550143", 22);
      return stage.seen().at(-1)?.startsWith("allow unknown-caller") ?? false;
    });
  });

  test("a gateway that is gone costs nothing: the call goes on at once", async () => {
    await stage.gateway.stop();
    const tookMs = await setUpMs("+12025550144", 23);
    assert.ok(tookMs < WAIT_SECONDS * 1_000, `it waited: ${tookMs} ms`);
    await until("the log", () => stage.seen().at(-1)?.startsWith("allow unavailable") ?? false);
  });
});
