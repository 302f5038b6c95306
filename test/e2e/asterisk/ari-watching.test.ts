import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import type { Cdr } from "../../../detection/index.js";
import { startAriAsterisk } from "../../support/ari-stage.js";
import { asteriskMissing, type Asterisk } from "../../support/asterisk.js";
import { until } from "../../support/processes.js";
import { openTelephones, type Leg, type Telephones } from "../../support/telephones.js";
import { watch, type Watching } from "../../support/watching.js";

const skip = asteriskMissing() ?? false;
/** start, answer, end, duration, billsec of a line of Master.csv. */
const OWN_CDR = /"(\d{4}-[^"]*)",(?:"(\d{4}-[^"]*)"|""|),"(\d{4}-[^"]*)",(\d+),(\d+)/;
const ALICE = "+12025550101";

/** Calls of a real Asterisk, as its dialplan makes them. */
describe("watching a real Asterisk", { skip }, () => {
  let phones: Telephones;
  let asterisk: Asterisk;
  let watching: Watching;

  before(async () => {
    phones = await openTelephones();
    asterisk = await startAriAsterisk({ peerPort: phones.called.port });
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
    watching.desk.events.length = 0;
    watching.cdrs.length = 0;
  });

  const place = async (to: string, from = ALICE): Promise<Leg> => {
    const leg = phones.carrierA.call(from, to, { address: "127.0.0.1", port: asterisk.sipPort });
    await phones.carrierA.until(() => leg.answeredAt !== undefined || leg.endedAt !== undefined);
    return leg;
  };
  const cdrOf = async (): Promise<Cdr> => {
    await until("a CDR", () => watching.cdrs.length > 0);
    assert.equal(watching.cdrs.length, 1, "one call, one CDR");
    return watching.cdrs[0] ?? assert.fail();
  };

  for (const { name, dialled, cdr, told } of [
    {
      name: "answered through Dial",
      dialled: "+12025550142",
      cdr: { status: 200, cause: "normal", endedBy: "caller", q850: 16 },
      told: ["active", "answered", "ended"],
    },
    {
      name: "answered by the dialplan",
      dialled: "56",
      cdr: { status: 200, cause: "normal", endedBy: "caller", q850: undefined },
      told: ["active", "answered", "ended"],
    },
    {
      name: "to a ring group: two legs, one call",
      dialled: "51",
      cdr: { status: 200, cause: "normal", endedBy: "caller", q850: 16 },
      told: ["active", "answered", "ended"],
    },
    {
      name: "forwarded through a Local channel that is optimised away",
      dialled: "52",
      cdr: { status: 200, cause: "normal", endedBy: "caller", q850: 16 },
      told: ["active", "answered", "ended"],
    },
    {
      name: "forwarded through a Local channel that stays",
      dialled: "53",
      cdr: { status: 200, cause: "normal", endedBy: "caller", q850: 16 },
      told: ["active", "answered", "ended"],
    },
    {
      name: "busy",
      dialled: "55",
      cdr: { status: 486, cause: "failed", endedBy: "called", q850: 17 },
      told: ["active", "ended"],
    },
    {
      name: "rejected by the dialplan",
      dialled: "58",
      cdr: { status: 603, cause: "failed", endedBy: "called", q850: 21 },
      told: ["active", "ended"],
    },
    {
      name: "answered first, then sent on",
      dialled: "60",
      cdr: { status: 200, cause: "normal", endedBy: "caller" },
      told: ["active", "answered", "ended"],
    },
  ] as const) {
    test(`a call ${name}`, async () => {
      const leg = await place(dialled);
      if (leg.endedAt === undefined) {
        await until("the answer to be told", () => watching.desk.events.some(({ status }) => status === "answered"));
        phones.carrierA.hangUp(leg);
      }
      const record = await cdrOf();
      assert.deepEqual(
        watching.desk.events.map(({ status }) => status),
        told,
      );
      const [started] = watching.desk.events;
      assert.deepEqual(
        [started?.aNumber, started?.bNumber, started?.source, started?.switchId],
        [ALICE, dialled, "asterisk", "pbx1"],
      );
      assert.match(record.callId, /^pbx1;\d+\.\d+$/);
      for (const [key, value] of Object.entries(cdr)) assert.equal(record[key as keyof Cdr], value, key);
      assert.equal(record.durationMs, record.answeredAt === undefined ? 0 : record.endedAt - record.answeredAt);
      assert.ok(Math.abs((started?.at ?? 0) - Date.now()) < 30_000);
    });
  }

  test("start, answer, end, duration and billsec are those of Asterisk's own CDR", async () => {
    for (const dialled of ["+12025550145", "56", "58"]) {
      const leg = await place(dialled);
      if (leg.endedAt === undefined) {
        await until("the answer", () => watching.desk.events.some(({ status }) => status === "answered"));
        phones.carrierA.hangUp(leg);
      }
      const ours = await cdrOf();
      const uniqueId = ours.callId.slice("pbx1;".length);
      const line = (): string | undefined =>
        asterisk
          .logged("cdr-csv/Master.csv")
          .split("\n")
          .find((each) => each.includes(uniqueId));
      await until("Asterisk's own record", () => line() !== undefined);
      const [, start, answer, end, duration, billsec] = OWN_CDR.exec(line() ?? "") ?? assert.fail(line());
      // Whole seconds, cut off.
      const near = (theirs: string | undefined, ourMs: number | undefined): boolean =>
        theirs === undefined || theirs === ""
          ? ourMs === undefined
          : Math.abs(Date.parse(`${theirs.replace(" ", "T")}Z`) - (ourMs ?? 0)) <= 1_000;
      assert.ok(near(start, ours.startedAt) && near(answer, ours.answeredAt) && near(end, ours.endedAt), line());
      assert.ok(Math.abs(Number(billsec) - ours.durationMs / 1_000) < 1, line());
      assert.ok(Math.abs(Number(duration) - (ours.endedAt - ours.startedAt) / 1_000) < 1, line());
      watching.desk.events.length = 0;
      watching.cdrs.length = 0;
    }
  });

  test("the called side hangs up: the CDR says so", async () => {
    const leg = await place("+12025550143");
    const called = [...phones.called.legs.values()].at(-1);
    assert.ok(called !== undefined);
    await until("the answer", () => watching.desk.events.some(({ status }) => status === "answered"));
    const channels = await asterisk.cli("core show channels concise");
    const peer = /^(PJSIP\/peer-[^!]+)/m.exec(channels)?.[1] ?? "";
    await asterisk.cli(`channel request hangup ${peer}`);
    assert.ok(await phones.carrierA.until(() => leg.endedAt !== undefined));
    assert.equal((await cdrOf()).endedBy, "called");
  });

  test("every channel of a call is gone when it counts as ended, those behind Local channels too", async () => {
    const leg = await place("53");
    await until("the answer", () => watching.desk.events.some(({ status }) => status === "answered"));
    const callId = watching.desk.events[0]?.callId ?? "";
    const call = watching.watcher.call(callId.slice("pbx1;".length));
    // Caller, two halves of Local, callee.
    await until("four channels", () => call?.channels.size === 4);
    const [result] = await watching.teardown.disconnect([{ callId }], "test", "alert", AbortSignal.timeout(60_000));
    assert.deepEqual([result?.outcome, result?.success, result?.via], ["confirmed", true, "asterisk"]);
    assert.match(await asterisk.cli("core show channels count"), /^0 active channels/m);
    assert.ok(await phones.carrierA.until(() => leg.endedAt !== undefined));
    assert.deepEqual([(await cdrOf()).cause, (await cdrOf()).endedBy], ["fraud", "gateway"]);
    const [again] = await watching.teardown.disconnect([{ callId }], "test", "alert", AbortSignal.timeout(60_000));
    assert.deepEqual([again?.outcome, again?.success], ["already-gone", true]);
  });

  test("a call that rings is ended too", async () => {
    const leg = phones.carrierA.call(ALICE, "61", { address: "127.0.0.1", port: asterisk.sipPort });
    await until("it to be told", () => watching.desk.events.length > 0);
    const callId = watching.desk.events[0]?.callId ?? "";
    const [result] = await watching.teardown.disconnect([{ callId }], "test", undefined, AbortSignal.timeout(60_000));
    assert.equal(result?.success, true, result?.outcome);
    assert.ok(await phones.carrierA.until(() => leg.endedAt !== undefined));
    assert.equal((await cdrOf()).cause, "operator");
  });

  test("a redirected bridge, whose channels Asterisk moves into others, is still one call, and ended whole", async () => {
    await place("+12025550144");
    await until("the answer", () => watching.desk.events.some(({ status }) => status === "answered"));
    const channels = await asterisk.cli("core show channels concise");
    const peer = /^(PJSIP\/peer-[^!]+)/m.exec(channels)?.[1] ?? "";
    await asterisk.cli(`channel redirect ${peer} incoming,62,1`);
    await until("the called side to be elsewhere", async () =>
      (await asterisk.cli("core show channels concise")).includes("!62!"),
    );
    const callId = watching.desk.events[0]?.callId ?? "";
    const [result] = await watching.teardown.disconnect([{ callId }], "test", "alert", AbortSignal.timeout(60_000));
    assert.equal(result?.success, true, result?.outcome);
    assert.match(await asterisk.cli("core show channels count"), /^0 active channels/m);
    assert.equal((await cdrOf()).cause, "fraud");
  });

  test("a call that is refused is hung up at once", async () => {
    watching.desk.refused.add("56");
    const leg = phones.carrierA.call(ALICE, "56", { address: "127.0.0.1", port: asterisk.sipPort });
    assert.ok(await phones.carrierA.until(() => leg.endedAt !== undefined));
    assert.equal((await cdrOf()).cause, "refused");
    watching.desk.refused.clear();
  });

  test("calls that were up before we came are known, not counted; those that ended meanwhile are over", async () => {
    const before = await place("56");
    await until("the answer", () => watching.desk.events.some(({ status }) => status === "answered"));
    const second = await watch({ ariUrl: asterisk.ariUrl, username: asterisk.ariUser, password: asterisk.ariPassword });
    await until("it to be found", () => second.watcher.size === 1);
    await until("the link to be taken", () => !watching.link.up);
    assert.match(watching.link.health().detail, /another client/);
    assert.deepEqual(second.desk.told, [`active ${ALICE} → 56`, `answered ${ALICE} → 56`]);
    phones.carrierA.hangUp(before);
    await until("its end", () => second.cdrs.length === 1);
    second.close();
    // An application has one WebSocket: ours was taken, and is asked back.
    await until(
      "the link to be up again, and the end to be known",
      () => watching.link.up && watching.watcher.size === 0,
    );
    assert.equal(watching.cdrs.length, 1);
  });
});
