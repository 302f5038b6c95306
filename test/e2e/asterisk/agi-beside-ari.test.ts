import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { Phone } from "../../demo/phone.js";
import { serverOf } from "../../support/ari-stage.js";
import { asteriskMissing, startAsterisk, type Asterisk } from "../../support/asterisk.js";
import { PATIENT_AGI, startGateway, WIDE_WINDOW, type GatewayProcess } from "../../support/gateway-process.js";
import { until } from "../../support/processes.js";
import { place, type Leg } from "../../support/telephones.js";

const skip = asteriskMissing() ?? false;
/** Numbers that begin with 2 are refused by the dialplan; those with 3 are asked about, whatever is said of them they go on. */
const dialplanOf = (server: string): string => `[general]
static = yes
writeprotect = yes
[globals]
RINGFENCE_WAIT = 20
RINGFENCE_SERVER = ${server}
#include "ringfence.conf"
[incoming]
exten => _2.,1,Gosub(ringfence-check,s,1)
 same => n,Goto(ring,1)
exten => _3.,1,Gosub(ringfence-check,s,1(tell))
 same => n,Goto(ring,1)
exten => ring,1,Answer()
 same => n,Wait(60)
`;

interface Row {
  readonly call_id: string;
  readonly a_outcome: string;
  readonly took_ms: number;
}

interface CdrRow {
  readonly call_id: string;
  readonly caller: string;
  readonly called: string;
  readonly cause: string;
  readonly status: number;
  readonly started_at: string;
  readonly ended_at: string;
}

async function stage(server: Readonly<Record<string, unknown>>, named = "pbx1") {
  const asterisk = await startAsterisk({ files: { "extensions.conf": dialplanOf(named) } });
  const phone = new Phone("127.0.0.1");
  try {
    const gateway = await startGateway({
      asterisk: { agi: PATIENT_AGI, servers: [serverOf(asterisk, "pbx1", server)] },
      detection: WIDE_WINDOW,
    });
    await asterisk.cli(`dialplan set global RINGFENCE_AGI ${gateway.ready.asterisk?.["agi"] ?? ""}`);
    await phone.open();
    await until("ARI to be up", async () => (await gateway.metric("ringfence_ari_up")) === 1);
    return { asterisk, phone, gateway };
  } catch (error) {
    await asterisk.stop();
    throw error;
  }
}

for (const enforce of [true, false]) {
  describe(`the dialplan asks, and ARI watches the same Asterisk, enforce: ${enforce}`, { skip }, () => {
    let asterisk: Asterisk;
    let phone: Phone;
    let gateway: GatewayProcess;
    before(async () => void ({ asterisk, phone, gateway } = await stage({ enforce })));
    after(async () => {
      phone.close();
      await gateway.stop();
      await asterisk.stop();
    });

    const call = (to: string, from: number, count: number): Promise<Leg[]> =>
      place(phone, asterisk.sipPort, to, from, count);
    const rows = async <T>(path: string): Promise<readonly T[]> => (await gateway.api(path)).json as readonly T[];
    const teardowns = () => rows<Row>("/api/v1/teardowns?limit=100");
    const cdrs = async (called: string): Promise<readonly CdrRow[]> =>
      (await rows<CdrRow>("/api/v1/cdrs?limit=100")).filter((each) => each.called === called);
    const isUp = (leg: Leg): boolean => leg.status === 200 && leg.endedAt === undefined;

    test("the call that is blocked hears the dialplan's 603, and so do all after it", async () => {
      const legs = await call("2000001", 0, 12);
      const statuses = legs.map(({ status }) => status);
      assert.deepEqual(statuses, [...Array<number>(4).fill(200), ...Array<number>(8).fill(603)]);
      if (!enforce) return;
      assert.ok(await phone.until(() => legs.every((leg) => leg.endedAt !== undefined)));
      await until("the CDRs", async () => (await cdrs("2000001")).length === 12);
      const causes = (await cdrs("2000001")).map(({ cause, status }) => `${cause} ${status}`).toSorted();
      const expected = [...Array<string>(4).fill("fraud 200"), ...Array<string>(8).fill("refused 603")];
      assert.deepEqual(causes, expected);
      const ended = () => gateway.metric("ringfence_dialplan_endings_total", '{result="ended"}');
      await until("the dialplan's endings", async () => (await ended()) === 8);
      assert.equal((await teardowns()).length, 4, "of those that the dialplan refused there is nothing to end");
    });

    test("a dialplan that lets a blocked call go on has two seconds", async () => {
      const legs = await call("3000001", 20, 5);
      const [fifth] = legs.slice(4);
      assert.ok(fifth !== undefined);
      assert.deepEqual(
        legs.map(({ status }) => status),
        Array(5).fill(200),
      );
      if (enforce) {
        assert.ok(await phone.until(() => legs.every((leg) => leg.endedAt !== undefined)));
        const its = async () => (await cdrs("3000001")).find(({ caller: from }) => from === fifth.from);
        await until("its CDR", async () => (await its()) !== undefined);
        // By Asterisk's clock, and from before it asked: this telephone may have been told of either end later.
        const { started_at: from = "", ended_at: to = "" } = (await its()) ?? {};
        const lasted = Date.parse(to) - Date.parse(from);
        assert.ok(lasted > 1_900, `${lasted} ms`);
      }
      await until(
        "the order",
        async () => (await gateway.metric("ringfence_dialplan_endings_total", '{result="overdue"}')) === 1,
      );
    });

    if (enforce) return;
    test("nothing is ended through ARI, by whomever it is ordered, and the teardowns say so", async () => {
      await until("the teardowns", async () => (await teardowns()).length >= 9);
      for (const { a_outcome: outcome } of await teardowns()) assert.equal(outcome, "not-carried");
      const up = [...phone.legs.values()].filter(isUp);
      assert.equal(up.length, 9);
      const body = { call_ids: (await teardowns()).slice(0, 1).map(({ call_id: id }) => id), reason: "test" };
      const { json } = await gateway.api("/api/v1/calls/end", { body });
      assert.deepEqual(
        (json as { results: readonly { outcome: string; success: boolean }[] }).results.map((each) => [
          each.outcome,
          each.success,
        ]),
        [["not-carried", false]],
      );
      assert.equal(up.filter(isUp).length, 9);
    });
  });
}

/** What asterisk-conf writes as RINGFENCE_SERVER where nobody says otherwise. */
function nameByDefault(): string {
  const url = new URL("../../../asterisk-conf/settings.json", import.meta.url);
  const settings = JSON.parse(readFileSync(url, "utf8")) as readonly { name: string; default?: string }[];
  return settings.find(({ name }) => name === "SERVER_ID")?.default ?? "";
}

for (const named of [nameByDefault(), "", "pbx-1"]) {
  describe(`one Asterisk, watched as pbx1, its dialplan's RINGFENCE_SERVER is "${named}"`, { skip }, () => {
    let asterisk: Asterisk;
    let phone: Phone;
    let gateway: GatewayProcess;
    before(async () => void ({ asterisk, phone, gateway } = await stage({ enforce: true }, named)));
    after(async () => {
      phone.close();
      await gateway.stop();
      await asterisk.stop();
    });

    test("each call is one: one CDR, counted once, and who is blocked hears 603", async () => {
      const legs = await place(phone, asterisk.sipPort, "2000001", 0, 9);
      const statuses = legs.map(({ status }) => status);
      assert.deepEqual(statuses, [...Array<number>(4).fill(200), ...Array<number>(5).fill(603)]);
      assert.ok(await phone.until(() => legs.every((leg) => leg.endedAt !== undefined)));
      const cdrs = async () => (await gateway.api("/api/v1/cdrs?limit=100")).json as readonly CdrRow[];
      const ended = (result: string) => gateway.metric("ringfence_dialplan_endings_total", `{result="${result}"}`);
      await until("the dialplan's endings", async () => (await ended("ended")) === 5);
      // A report that finds no watcher of its call writes a record of its own two seconds later.
      await until("the CDRs", async () => (await cdrs()).length >= 9);
      const silentUntil = Date.now() + 3_000;
      await until("no more of them", async () => (await cdrs()).length > 9 || Date.now() > silentUntil);
      const ids = (await cdrs()).map(({ call_id: id }) => id);
      assert.equal(ids.length, 9);
      assert.equal(new Set(ids).size, 9);
      for (const id of ids) assert.match(id, /^pbx1;/);
      assert.equal(await ended("overdue"), 0);
    });

    test("a name that is none of the servers' is told of once, in the log and in /ready", async () => {
      const isWrong = named === "pbx-1";
      const lines = gateway.running
        .output()
        .split("\n")
        .filter((line) => line.includes('"agi.unknown-server"'));
      assert.equal(lines.length, isWrong ? 1 : 0);
      const { json } = await gateway.api("/ready");
      assert.equal(JSON.stringify(json).includes("none of asterisk.servers"), isWrong);
    });
  });
}
