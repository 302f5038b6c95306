import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openAriStage, type AriStage } from "../../support/ari-stage.js";
import { asteriskMissing } from "../../support/asterisk.js";
import { WIDE_WINDOW } from "../../support/gateway-process.js";
import { until } from "../../support/processes.js";
import { caller, place, type Leg } from "../../support/telephones.js";

const VICTIM = "+12025550142";
const skip = asteriskMissing() ?? false;

interface Teardown {
  readonly call_id: string;
  readonly via: string;
  readonly a_outcome: string;
  readonly took_ms: number;
}

interface CdrView {
  readonly call_id: string;
  readonly caller: string;
  readonly called: string;
  readonly cause: string;
  readonly status: number;
}

interface RecordView {
  readonly source: string;
  readonly called: string;
  readonly outcome: string;
  readonly direction: string;
}

interface FindingView {
  readonly subject: string;
  readonly state: string;
}

describe("a masking attack on an Asterisk that is only observed", { skip }, () => {
  let stage: AriStage;
  let attackers: Leg[] = [];
  const rows = async <T>(path: string): Promise<readonly T[]> => (await stage.gateway.api(path)).json as readonly T[];
  const teardowns = () => rows<Teardown>("/api/v1/teardowns?limit=100");
  const cdrs = () => rows<CdrView>("/api/v1/cdrs?limit=100");

  before(async () => {
    stage = await openAriStage({ records: { liveCalls: true }, detection: WIDE_WINDOW });
    await until("ARI to be up", async () => (await stage.gateway.metric("ringfence_ari_up")) === 1);
  });
  after(() => stage.close());

  test("four callers are left alone", async () => {
    attackers = await place(stage.phones.carrierA, stage.asterisk.sipPort, VICTIM, 0, 4);
    assert.deepEqual(
      attackers.map((leg) => [leg.status, leg.endedBy]),
      Array(4).fill([200, undefined]),
    );
    await until("four calls to be watched", async () => (await stage.gateway.metric("ringfence_ari_calls_live")) === 4);
  });

  test("with the fifth all five are ended on both sides", async () => {
    attackers.push(...(await place(stage.phones.carrierA, stage.asterisk.sipPort, VICTIM, 4, 1)));
    const calledLegs = () => [...stage.phones.called.legs.values()];
    assert.ok(await stage.phones.carrierA.until(() => attackers.every((leg) => leg.endedAt !== undefined)));
    assert.ok(await stage.phones.called.until(() => calledLegs().every((leg) => leg.endedAt !== undefined)));
    assert.deepEqual(
      attackers.slice(0, 4).map((leg) => leg.endedBy),
      Array(4).fill("BYE"),
    );
  });

  test("the store has the proof for each, by Asterisk's own events", async () => {
    await until("the teardowns", async () => (await teardowns()).length >= 5);
    for (const { call_id: callId, via, a_outcome: outcome } of await teardowns()) {
      assert.match(callId, /^pbx1;\d+\.\d+$/);
      assert.equal(via, "asterisk");
      assert.ok(["confirmed", "already-gone"].includes(outcome), outcome);
    }
    const confirmed = (await teardowns()).filter((each) => each.a_outcome === "confirmed");
    assert.ok(confirmed.length >= 4);
  });

  test("further ones are ended at once, and none reaches anybody for longer than that", async () => {
    const more = await place(stage.phones.carrierA, stage.asterisk.sipPort, VICTIM, 5, 10);
    assert.ok(await stage.phones.carrierA.until(() => more.every((leg) => leg.endedAt !== undefined)));
  });

  test("each call has one CDR, with who called whom and why it ended", async () => {
    await until("the CDRs", async () => (await cdrs()).length >= 15);
    const all = await cdrs();
    assert.equal(all.length, 15);
    assert.deepEqual([...new Set(all.map(({ called }) => called))], [VICTIM]);
    assert.equal(new Set(all.map(({ caller }) => caller)).size, 15);
    assert.deepEqual([...new Set(all.map(({ cause }) => cause))], ["fraud"]);
  });

  test("a caller who is blocked by hand is hung up at once, others are not", async () => {
    const other = "+12025550143";
    const refused = () => stage.gateway.metric("ringfence_ari_calls_total", '{server="pbx1",result="refused"}');
    const before = await refused();
    const body = { b_number: other, a_number: caller(30), reason: "test", ttl_ms: 600_000 };
    const answer = await stage.gateway.api("/api/v1/blocks", { body });
    assert.equal(answer.status, 201, JSON.stringify(answer.json));
    const [blocked] = await place(stage.phones.carrierB, stage.asterisk.sipPort, other, 30, 1);
    assert.ok(await stage.phones.carrierB.until(() => blocked?.endedAt !== undefined));
    const [honest] = await place(stage.phones.carrierB, stage.asterisk.sipPort, other, 31, 1);
    assert.ok(honest !== undefined);
    assert.deepEqual([honest.status, honest.endedBy], [200, undefined]);
    const calls = () => rows<Record<string, string>>("/api/v1/calls");
    await until("it to be told of", async () => (await calls()).some(({ phase }) => phase === "answered"));
    assert.deepEqual(
      (await calls()).map(({ call_id: callId, a_number: a, b_number: b, phase, carried_by: by, server }) => [
        ...[/^pbx1;\d+\.\d+$/.test(callId ?? ""), a, b, phase, by, server],
      ]),
      [[true, caller(31), other, "answered", "asterisk", "pbx1"]],
    );
    stage.phones.carrierB.hangUp(honest);
    await until("both CDRs", async () => (await cdrs()).filter(({ called }) => called === other).length === 2);
    const causes = (await cdrs()).filter(({ called }) => called === other).map(({ cause }) => cause);
    assert.deepEqual(causes.sort(), ["normal", "refused"]);
    await until("it to be counted", async () => (await refused()) > before);
    assert.equal(await refused(), before + 1);
  });

  test("an emergency call is left alone, however many there are", async () => {
    const calls = await place(stage.phones.carrierB, stage.asterisk.sipPort, "911", 50, 6);
    assert.deepEqual(
      calls.map((leg) => [leg.status, leg.endedBy]),
      Array(6).fill([200, undefined]),
    );
    await until("six to be watched", async () => (await stage.gateway.metric("ringfence_ari_calls_live")) === 6);
    const ids = (await stage.asterisk.cli("core show channels concise")).split("\n").flatMap((line) => {
      const id = line.split("!").at(-1);
      return id === undefined || id === "" ? [] : [`pbx1;${id}`];
    });
    assert.equal(ids.length, 6);
    const body = { call_ids: ids, reason: "test" };
    const { json } = await stage.gateway.api("/api/v1/calls/end", { body });
    const { results } = json as { results: readonly { outcome: string }[] };
    assert.deepEqual(
      results.map(({ outcome }) => outcome),
      Array(6).fill("emergency"),
      JSON.stringify(json),
    );
    assert.deepEqual(
      calls.map((leg) => leg.endedBy),
      Array(6).fill(undefined),
    );
    for (const leg of calls) stage.phones.carrierB.hangUp(leg);
    await until("all to be over", async () => (await stage.gateway.metric("ringfence_ari_calls_live")) === 0);
  });

  test("its calls are call records when they end, and detectors read them: a scan of neighbouring numbers is found", async () => {
    const scanner = caller(60);
    const records = (query: string) => rows<RecordView>(`/api/v1/records?limit=100&${query}`);
    for (let i = 0; i < 9; i++) {
      const to = `+1202555017${i}`;
      const leg = stage.phones.carrierB.call(scanner, to, { address: "127.0.0.1", port: stage.asterisk.sipPort });
      assert.ok(await stage.phones.carrierB.until(() => leg.answeredAt !== undefined));
      stage.phones.carrierB.hangUp(leg);
      await until(`the record of call ${i}`, async () => (await records(`called=%2B1202555017${i}`)).length === 1);
    }
    const scanned = await records(`user=${encodeURIComponent(scanner)}`);
    assert.deepEqual(
      scanned.map(({ called, source, outcome, direction }) => ({ called, source, outcome, direction })),
      Array.from({ length: 9 }, (_, i) => ({
        called: `+1202555017${8 - i}`,
        source: "asterisk",
        outcome: "answered",
        direction: "out",
      })),
    );
    assert.equal((await records("source=asterisk")).length, 32, "those of the attack, of the blocked, emergencies too");
    const findings = () => rows<FindingView>("/api/v1/findings?limit=100&rule=number-scan");
    await until("the finding", async () => (await findings()).length > 0);
    const [finding, ...more] = await findings();
    assert.deepEqual([finding?.subject, finding?.state, more.length], [scanner, "open", 0]);
  });

  test("no number, password or address was logged", () => {
    const log = stage.gateway.running
      .output()
      .split("\n")
      .filter((line) => !line.startsWith('{"ready"'))
      .join("\n");
    assert.doesNotMatch(log, /\+?1?(202|303)555\d{4}|sips?:[^\s"]+@|secret|Basic /);
  });
});
