import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import type { AriBridge } from "../../../gateway/adapters/asterisk-ari/ari-contracts.js";
import { startAriAsterisk } from "../../support/ari-stage.js";
import { asteriskMissing, type Asterisk } from "../../support/asterisk.js";
import { until } from "../../support/processes.js";
import { openTelephones, type Leg, type Telephones } from "../../support/telephones.js";
import { watch, type Watching } from "../../support/watching.js";

const skip = asteriskMissing() ?? false;
const ALICE = "+12025550101";
const AGENT = "+12025550170";
const EXPERT = "+12025550171";

/** Calls that change hands, and calls that nobody called in for. */
describe("watching transfers, queues, conferences and originated calls of a real Asterisk", { skip }, () => {
  let phones: Telephones;
  let asterisk: Asterisk;
  let watching: Watching;

  before(async () => {
    phones = await openTelephones();
    asterisk = await startAriAsterisk({ peerPort: phones.called.port });
    for (const module of ["app_queue", "app_confbridge"]) await asterisk.cli(`module load ${module}.so`);
    watching = await watch({ ariUrl: asterisk.ariUrl, username: asterisk.ariUser, password: asterisk.ariPassword });
  });
  after(async () => {
    watching.close();
    await asterisk.stop();
    phones.close();
  });
  afterEach(async () => {
    await asterisk.cli("channel request hangup all");
    await until("all calls to be over", () => watching.watcher.size === 0);
    await until("every channel to be gone", async () => (await channels()) === 0);
    watching.desk.events.length = 0;
    watching.cdrs.length = 0;
    phones.called.legs.clear();
  });

  const to = () => ({ address: "127.0.0.1", port: asterisk.sipPort });
  const channels = async (): Promise<number> =>
    Number(/^(\d+) active channel/m.exec(await asterisk.cli("core show channels count"))?.[1] ?? -1);
  const bridges = async (): Promise<readonly AriBridge[]> => {
    const authorization = `Basic ${btoa(`${asterisk.ariUser}:${asterisk.ariPassword}`)}`;
    return (await (await fetch(`${asterisk.ariUrl}/bridges`, { headers: { authorization } })).json()) as AriBridge[];
  };
  const bridged = (pairs: number): Promise<void> =>
    until("the two to be bridged", async () => {
      const now = await bridges();
      return now.filter(({ channels: both }) => both.length === 2).length >= pairs;
    });
  const answered = (count: number): Promise<void> =>
    until(
      `${count} answers`,
      () => watching.desk.events.filter(({ status }) => status === "answered").length === count,
    );
  const legTo = async (number: string): Promise<Leg> => {
    const find = (): Leg | undefined =>
      [...phones.called.legs.values()].find((leg) => leg.to === number && leg.endedAt === undefined);
    await until(`a call at ${number}`, () => find() !== undefined);
    return find() ?? assert.fail();
  };
  const callIds = (): string[] => [...new Set(watching.desk.events.map(({ callId }) => callId))];
  /** Ends a call as a finding does, and says what came of it. */
  const end = async (callId: string): Promise<string> => {
    const [result] = await watching.teardown.disconnect([{ callId }], "test", "alert", AbortSignal.timeout(60_000));
    return result?.outcome ?? "";
  };
  const recorded = (count: number): Promise<void> => until(`${count} records`, () => watching.cdrs.length >= count);
  const place = async (number: string, from = ALICE): Promise<Leg> => {
    const leg = phones.carrierA.call(from, number, to());
    await phones.carrierA.until(() => leg.answeredAt !== undefined || leg.endedAt !== undefined);
    return leg;
  };

  test("a blind transfer is the same call: the caller, and whoever the caller speaks with now", async () => {
    const leg = await place(AGENT);
    await answered(1);
    const agent = await legTo(AGENT);
    // Asterisk refuses to transfer who is not connected with anybody yet.
    await bridged(1);
    phones.called.refer(agent, EXPERT);
    const expert = await legTo(EXPERT);
    phones.called.hangUp(agent);
    await until("the agent to be out", () => agent.endedAt !== undefined);
    assert.deepEqual(watching.desk.told, [`active ${ALICE} → ${AGENT}`, `answered ${ALICE} → ${AGENT}`]);
    const [callId = ""] = callIds();
    await until("two channels", () => watching.watcher.call(callId.slice(5))?.channels.size === 2);
    assert.equal(await end(callId), "confirmed");
    assert.ok(await phones.called.until(() => expert.endedAt !== undefined), "the expert is hung up as well");
    assert.ok(await phones.carrierA.until(() => leg.endedAt !== undefined));
    await recorded(1);
    assert.equal(watching.cdrs.length, 1, "one call, one record");
  });

  test("an attended transfer: the consultation is a call of its own, and over with it; the first goes on with the expert", async () => {
    const leg = await place(AGENT);
    await answered(1);
    const consultation = phones.called.call(AGENT, EXPERT, to());
    await answered(2);
    const expert = await legTo(EXPERT);
    await bridged(2);
    const [first = ""] = callIds();
    phones.called.refer(await legTo(AGENT), consultation);
    await recorded(1);
    assert.deepEqual([watching.cdrs[0]?.caller, watching.cdrs[0]?.called], [AGENT, EXPERT]);
    await until("it to be forgotten", () => watching.watcher.size === 1);
    assert.equal(leg.endedAt, undefined);
    assert.equal(callIds().length, 2);
    assert.equal(await end(first), "confirmed");
    assert.ok(await phones.called.until(() => expert.endedAt !== undefined), "the expert is of the first call now");
    await recorded(2);
    assert.deepEqual([watching.cdrs[1]?.caller, watching.cdrs[1]?.called], [ALICE, AGENT]);
    assert.equal(watching.cdrs.length, 2);
  });

  test("a queue: one call, with the member who took it", async () => {
    const leg = await place("80");
    await until("the member", () => [...phones.called.legs.values()].some(({ endedAt }) => endedAt === undefined));
    await answered(1);
    assert.deepEqual(watching.desk.told, [`active ${ALICE} → 80`, `answered ${ALICE} → 80`]);
    const [callId = ""] = callIds();
    await until("two channels", () => watching.watcher.call(callId.slice(5))?.channels.size === 2);
    assert.equal(await end(callId), "confirmed");
    await until("every channel to be gone", async () => (await channels()) === 0);
    assert.ok(await phones.carrierA.until(() => leg.endedAt !== undefined));
  });

  test("a conference: each caller is a call, and ends alone", async () => {
    const bob = "+12025550102";
    await place("81");
    const other = await place("81", bob);
    await answered(2);
    assert.deepEqual(
      watching.desk.events
        .filter(({ status }) => status === "active")
        .map(({ aNumber, bNumber }) => [aNumber, bNumber]),
      [ALICE, bob].map((number) => [number, "81"]),
    );
    const [first = ""] = callIds();
    assert.equal(await end(first), "confirmed");
    await until("one to be left", () => watching.watcher.size === 1);
    assert.equal(other.endedAt, undefined);
    await recorded(1);
    assert.equal(watching.cdrs.length, 1);
  });

  const originate = async (query: Readonly<Record<string, string>>): Promise<void> => {
    const answer = await fetch(`${asterisk.ariUrl}/channels?${new URLSearchParams(query).toString()}`, {
      method: "POST",
      headers: { authorization: `Basic ${btoa(`${asterisk.ariUser}:${asterisk.ariPassword}`)}` },
    });
    assert.equal(answer.status, 200);
  };
  const started: readonly { readonly name: string; readonly caller: string; readonly start: () => Promise<void> }[] = [
    {
      name: "click to call over ARI: the caller is who was rung first",
      caller: "1005",
      start: () => originate({ endpoint: "PJSIP/1005@peer", extension: EXPERT, context: "incoming" }),
    },
    {
      name: "over ARI with a number to show: that is the caller's",
      caller: "+12025550199",
      start: () =>
        originate({ endpoint: "PJSIP/1005@peer", extension: EXPERT, context: "incoming", callerId: "+12025550199" }),
    },
    {
      name: "a call file",
      caller: "1005",
      start: async () => {
        const text = `Channel: PJSIP/1005@peer\nContext: incoming\nExtension: ${EXPERT}\nPriority: 1\n`;
        writeFileSync(join(asterisk.folder, "spool/outgoing/test.call"), text);
        await Promise.resolve();
      },
    },
    {
      name: "through Local channels on the caller's side",
      caller: AGENT,
      start: async () => {
        await asterisk.cli(`channel originate Local/${AGENT}@incoming/n extension ${EXPERT}@incoming`);
      },
    },
  ];
  for (const { name, caller, start } of started) {
    test(`originated, ${name}`, async () => {
      await start();
      const expert = await legTo(EXPERT);
      await answered(1);
      assert.deepEqual(watching.desk.told, [`active ${caller} → ${EXPERT}`, `answered ${caller} → ${EXPERT}`]);
      const [callId = ""] = callIds();
      assert.equal(await end(callId), "confirmed");
      assert.ok(await phones.called.until(() => expert.endedAt !== undefined));
      await until("every channel to be gone, the first party's too", async () => (await channels()) === 0);
      await recorded(1);
      assert.equal(watching.cdrs.length, 1);
      const [record] = watching.cdrs;
      assert.deepEqual([record?.caller, record?.called, record?.status, record?.cause], [caller, EXPERT, 200, "fraud"]);
    });
  }

  test("an originated channel that calls nobody is no call", async () => {
    await originate({ endpoint: "PJSIP/1005@peer", extension: "62", context: "incoming" });
    await until("an answer", async () => (await asterisk.cli("core show channels concise")).includes("!62!"));
    assert.equal(watching.watcher.size, 0);
    assert.deepEqual(watching.desk.told, []);
  });
});
