import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { until } from "../../../../support/processes.js";
import { ScriptedAri } from "../../../../support/scripted-ari.js";
import { FakeDesk, watch, type Watching, type WatchingOptions } from "../../../../support/watching.js";

// Over real HTTP and WebSockets; what the events look like is compared with a real Asterisk in test/contract and test/e2e.
describe("a watcher of calls", () => {
  let ari: ScriptedAri;
  let watching: Watching;

  beforeEach(async () => {
    ari = new ScriptedAri();
    await ari.start();
  });
  afterEach(async () => {
    watching.close();
    await ari.stop();
  });

  const open = async (change: Partial<WatchingOptions> = {}): Promise<FakeDesk> => {
    watching = await watch({ ariUrl: ari.ariUrl, username: ari.user, password: ari.password, ...change });
    await until("the event filter", () => ari.filter !== undefined);
    return watching.desk;
  };
  const told = (count: number): Promise<void> => until(`${count} reports`, () => watching.desk.events.length >= count);
  const end = (ids: readonly string[], signal = AbortSignal.timeout(10_000), alert: string | undefined = "alert") =>
    watching.teardown.disconnect(
      ids.map((id) => ({ callId: `pbx1;${id}` })),
      "fraud",
      alert,
      signal,
    );

  test("tells who calls whom, the answer and the end, and writes a CDR", async () => {
    const desk = await open({ watcher: { trunk: "carrier" } });
    const { id } = ari.create();
    ari.change(id, { state: "Up" });
    ari.destroy(id);
    await told(3);
    assert.deepEqual(
      desk.events.map(({ callId, status, trunk, switchId, source }) => [callId, status, trunk, switchId, source]),
      ["active", "answered", "ended"].map((status) => [`pbx1;${id}`, status, "carrier", "pbx1", "asterisk"]),
    );
    assert.equal(watching.cdrs.length, 1);
  });

  test("a call that is refused is hung up with cause 21, an emergency call is not", async () => {
    const desk = new FakeDesk();
    desk.refused.add("+12025550142").add("911");
    await open({ desk });
    const { id } = ari.create();
    ari.create({ dialplan: { context: "incoming", exten: "911", priority: 1 } });
    await until("its end", () => watching.cdrs.length === 1);
    assert.deepEqual([watching.cdrs[0]?.cause, watching.cdrs[0]?.q850], ["refused", 21]);
    const deletes = ari.requests.filter(({ method }) => method === "DELETE");
    assert.deepEqual(
      deletes.map(({ path, query }) => [path, query]),
      [[`/channels/${id}`, { reason_code: "21" }]],
    );
    assert.equal(ari.channels.size, 1);
  });

  test("a call that is refused is ended although Asterisk fails at first; what came of it is kept", async () => {
    const desk = new FakeDesk();
    desk.refused.add("+12025550142");
    await open({ desk });
    ari.mishaps.set("DELETE", { kind: "status", status: 503 });
    const { id } = ari.create();
    await until("a first try", () => ari.requests.some(({ method }) => method === "DELETE"));
    ari.mishaps.clear();
    await until("its end", () => watching.cdrs.length === 1 && watching.teardowns.length === 1);
    assert.equal(ari.channels.size, 0);
    const [{ callId, via, aOutcome }] = watching.teardowns as [(typeof watching.teardowns)[0]];
    assert.deepEqual([callId, via, aOutcome], [`pbx1;${id}`, "asterisk", "confirmed"]);
    assert.equal(watching.cdrs[0]?.cause, "refused");
  });

  const inSubroutine = (context = "ringfence-check", exten = "s") => {
    const made = ari.channel({ dialplan: { context, exten, priority: 1, app_name: "AGI", app_data: "" } });
    ari.channels.set(made.id, made);
    return made;
  };
  const endsAt = (id: string, context: string, exten: string): void => {
    const channel = ari.channels.get(id) ?? ari.channel({ id });
    ari.channels.set(id, { ...channel, dialplan: { ...channel.dialplan, context, exten } });
    ari.destroy(id, 21);
  };

  test("a call found while its dialplan asks about it is for the number that was asked about, and told of as refused", async () => {
    const desk = new FakeDesk();
    const { id } = inSubroutine();
    desk.asked.set(`pbx1;${id}`, "+12025550142");
    desk.refused.add("+12025550142");
    desk.left.add(`pbx1;${id}`);
    await open({ desk });
    await told(1);
    endsAt(id, "ringfence-check", "s");
    await until("its record", () => watching.cdrs.length === 1);
    const [{ called, cause, endedBy }] = watching.cdrs as [(typeof watching.cdrs)[0]];
    assert.deepEqual([called, cause, endedBy], ["+12025550142", "refused", "gateway"]);
  });

  test("a call found in a subroutine is for the number under which it ended, and not for the word of a subroutine", async () => {
    const refused = inSubroutine().id;
    const screened = inSubroutine("ringfence-screen").id;
    const asking = inSubroutine("ringfence-check", "screen").id;
    await open();
    await until("all of them", () => watching.watcher.size === 3);
    endsAt(refused, "ringfence-refuse", "+12025550142");
    endsAt(screened, "ringfence-screen", "goodbye");
    endsAt(asking, "night", "closed");
    await until("their records", () => watching.cdrs.length === 3);
    assert.deepEqual(
      watching.cdrs.map(({ called }) => called),
      ["+12025550142", "", ""],
    );
  });

  test("lists the calls that are up, as they stand, up to the limit", async () => {
    await open({ watcher: { trunk: "carrier" } });
    const [early, up] = [ari.create(), ari.create()];
    const leg = ari.create({ state: "Down" });
    ari.dial(early.id, leg.id, "RINGING");
    const { id: answered } = ari.change(up.id, { state: "Up" });
    await until("the answer", () => watching.desk.events.some(({ status }) => status === "answered"));
    const [first, second, ...more] = watching.watcher.calls(10);
    assert.ok(first !== undefined && second !== undefined && more.length === 0);
    assert.deepEqual([first.callId, first.phase], [`pbx1;${early.id}`, "ringing"]);
    const { startedAt, answeredAt, ...rest } = second;
    assert.deepEqual(rest, {
      ...{ callId: `pbx1;${answered}`, caller: "+12025550100", called: "+12025550142", trunk: "carrier" },
      ...{ phase: "answered", carriedBy: "asterisk", server: "pbx1" },
    });
    assert.ok(startedAt > 0 && answeredAt !== undefined);
    assert.equal(watching.watcher.calls(1).length, 1);
    ari.destroy(up.id);
    await until("its end", () => watching.cdrs.length === 1);
    assert.deepEqual(
      watching.watcher.calls(10).map(({ callId }) => callId),
      [first.callId],
    );
  });

  test("who asks for a call's parties before its number is known does not make them nobody for ever", async () => {
    const { id } = inSubroutine("entry");
    await open();
    await until("the call", () => watching.watcher.size === 1);
    const call = watching.watcher.call(id);
    assert.ok(call !== undefined);
    assert.equal(watching.watcher.partiesOf(call).called, "");
    const leg = ari.create({ state: "Down" });
    ari.dial(id, leg.id, "", { dialstring: "+12025550142@carrier" });
    ari.destroy(leg.id);
    ari.destroy(id);
    await until("its record", () => watching.cdrs.length === 1);
    assert.equal(watching.cdrs[0]?.called, "+12025550142");
  });

  test("a call that is refused and cannot be ended: counted, tried again, and its CDR does not say that we ended it", async () => {
    const desk = new FakeDesk();
    desk.refused.add("+12025550142");
    await open({ desk, confirmMs: 50 });
    ari.mishaps.set("DELETE", { kind: "status", status: 503 });
    const { id } = ari.create();
    const notEnded = (): number => watching.metrics.value("ringfence_ari_calls_total", "pbx1", "not-ended");
    await until("it to be given up", () => notEnded() === 1);
    assert.equal(watching.teardowns[0]?.aOutcome, "unreachable");
    ari.change(id, { state: "Up" });
    ari.wait(600_000);
    ari.emit("ChannelHangupRequest", { channel: ari.channels.get(id) });
    ari.destroy(id);
    await until("its CDR", () => watching.cdrs.length === 1);
    const [cdr] = watching.cdrs;
    assert.deepEqual([cdr?.status, cdr?.endedBy, cdr?.cause], [200, "caller", "normal"]);
    // The next one is ended once Asterisk does again.
    const other = ari.create();
    await until("it to be given up", () => notEnded() === 2);
    ari.mishaps.clear();
    await until("its end", () => !ari.channels.has(other.id));
  });

  /** @returns Its channel. */
  const refusedAndLeft = async (): Promise<string> => {
    const desk = new FakeDesk();
    desk.refused.add("+12025550142");
    await open({ desk });
    const { id } = ari.create({ state: "Down" });
    desk.left.add(`pbx1;${id}`);
    ari.change(id, { state: "Ring" });
    return id;
  };

  test("a call that is refused and left to its dialplan is not hung up; its CDR says refused", async () => {
    const id = await refusedAndLeft();
    await told(1);
    ari.destroy(id);
    await told(2);
    assert.equal(ari.requests.filter(({ method }) => method === "DELETE").length, 0);
    assert.deepEqual([watching.cdrs[0]?.cause, watching.cdrs[0]?.status], ["refused", 603]);
  });

  test("a call that is left to its dialplan, and that nobody ends, is hung up after all", async () => {
    const id = await refusedAndLeft();
    await until("its end", () => !ari.channels.has(id));
    await until("its record", () => watching.cdrs.length === 1);
    assert.deepEqual([watching.cdrs[0]?.cause, watching.cdrs[0]?.status], ["refused", 403]);
    assert.equal(watching.teardowns[0]?.aOutcome, "confirmed");
  });

  test("with `enforce` off nothing is hung up", async () => {
    const desk = new FakeDesk();
    desk.refused.add("+12025550142");
    await open({ desk, watcher: { enforce: false } });
    const { id } = ari.create();
    await told(1);
    ari.destroy(id);
    await told(2);
    assert.equal(ari.requests.filter(({ method }) => method === "DELETE").length, 0);
    assert.equal(watching.cdrs[0]?.cause, "cancelled");
  });

  describe("ending", () => {
    test("counts once Asterisk has said of every channel that it is gone", async () => {
      await open();
      const { id } = ari.create();
      const leg = ari.create({ state: "Down", name: "PJSIP/peer-00000001" });
      ari.dial(id, leg.id);
      await until("the leg", () => watching.watcher.call(id)?.channels.size === 2);
      const [result] = await end([id]);
      assert.deepEqual([result?.outcome, result?.success, result?.via], ["confirmed", true, "asterisk"]);
      assert.equal(ari.channels.size, 0, "the leg that did not go with the caller's channel was hung up too");
      assert.deepEqual(
        ari.requests.filter(({ method }) => method === "DELETE").map(({ path }) => path),
        [`/channels/${id}`, `/channels/${leg.id}`],
      );
      assert.equal(watching.cdrs[0]?.cause, "fraud");
    });

    test("that Asterisk took the order is no proof (R4)", async () => {
      await open({ confirmMs: 300 });
      ari.hangsUp = false;
      const { id } = ari.create();
      await told(1);
      const [result] = await end([id]);
      assert.deepEqual([result?.outcome, result?.success], ["timed-out", false]);
    });

    for (const { name, mishap, outcome } of [
      { name: "a 500", mishap: { kind: "status", status: 500 }, outcome: "unreachable" },
      { name: "a refusal", mishap: { kind: "status", status: 409 }, outcome: "rejected" },
      { name: "a reset", mishap: { kind: "reset" }, outcome: "unreachable" },
    ] as const) {
      test(`${name} is an outcome`, async () => {
        await open({ confirmMs: 300 });
        const { id } = ari.create();
        await told(1);
        ari.mishaps.set("DELETE", mishap);
        const [result] = await end([id]);
        assert.deepEqual([result?.outcome, result?.success], [outcome, false]);
        ari.mishaps.clear();
        ari.change(id, { state: "Up" });
        ari.destroy(id);
        await until("its CDR", () => watching.cdrs.length === 1);
        assert.equal(watching.cdrs[0]?.cause, "normal", "nobody ended it");
      });
    }

    test("a channel that Asterisk does not have any more, though its end was not told, is gone", async () => {
      await open();
      const { id } = ari.create();
      await told(1);
      ari.channels.delete(id);
      const [result] = await end([id]);
      assert.deepEqual([result?.outcome, result?.success], ["already-gone", true]);
      assert.equal(watching.watcher.size, 0);
    });

    test("one that was never watched is ended by its channel; one of another Asterisk is unknown", async () => {
      await open();
      ari.channels.set("9.9", ari.channel({ id: "9.9" }));
      const results = await watching.teardown.disconnect(
        [{ callId: "pbx1;9.9" }, { callId: "pbx1;8.8" }, { callId: "pbx2;1.1" }, { callId: "sip@192.0.2.1" }],
        "x",
        undefined,
        AbortSignal.timeout(10_000),
      );
      assert.deepEqual(
        results.map(({ outcome }) => outcome),
        ["confirmed", "already-gone", "unknown-call", "unknown-call"],
      );
    });

    test("never an emergency call", async () => {
      await open();
      const { id } = ari.create({ dialplan: { context: "incoming", exten: "911", priority: 1 } });
      await told(1);
      const [result] = await end([id]);
      assert.deepEqual([result?.outcome, result?.success], ["emergency", false]);
      assert.equal(ari.channels.size, 1);
    });

    test("an abort ends the wait, and is an outcome", async () => {
      await open();
      ari.hangsUp = false;
      const { id } = ari.create();
      await told(1);
      const stop = new AbortController();
      const pending = end([id], stop.signal);
      await until("the order", () => ari.requests.some(({ method }) => method === "DELETE"));
      stop.abort();
      assert.equal((await pending)[0]?.outcome, "cancelled");
    });

    test("a hundred at once all get their own outcome", async () => {
      await open();
      const ids = Array.from({ length: 100 }, () => ari.create().id);
      await told(100);
      const results = await end(ids);
      assert.deepEqual(new Set(results.map(({ outcome }) => outcome)), new Set(["confirmed"]));
      assert.deepEqual(
        results.map(({ callId }) => callId),
        ids.map((id) => `pbx1;${id}`),
      );
    });
  });

  describe("after a time without events", () => {
    test("what ended meanwhile is over, what began is told with its own time, what stayed stays", async () => {
      const desk = await open();
      const [stays, ends] = [ari.create(), ari.create()];
      await told(2);
      // It is up again within milliseconds: who polls may miss that it was down.
      const isDown = new Promise<number>((resolve) => watching.link.onDown(() => resolve(Date.now())));
      // What it has is known a quarter of a second later.
      ari.mishaps.set("GET /channels", { kind: "status", status: 500 });
      ari.cut();
      const downAt = await isDown;
      ari.channels.delete(ends.id);
      const creationtime = new Date(Date.now() - 5_000).toISOString().replace("Z", "+0000");
      const began = ari.channel({ creationtime });
      ari.channels.set(began.id, began);
      const old = ari.channel({ state: "Up" });
      ari.channels.set(old.id, old);
      await until("the first answer", () => ari.requests.filter(({ path }) => path === "/channels").length > 1);
      ari.mishaps.clear();
      await told(6);
      const later = desk.events.slice(2).map(({ callId, status, resumed }) => [callId, status, resumed]);
      assert.deepEqual(later, [
        [`pbx1;${ends.id}`, "ended", undefined],
        [`pbx1;${old.id}`, "active", true],
        [`pbx1;${old.id}`, "answered", true],
        [`pbx1;${began.id}`, "active", undefined],
      ]);
      assert.equal(desk.events.at(-1)?.at, Date.parse(creationtime));
      assert.ok(watching.watcher.call(stays.id) !== undefined);
      const endedAt = watching.cdrs[0]?.endedAt ?? 0;
      assert.ok(
        endedAt <= downAt && endedAt > downAt - 60_000,
        `ended ${endedAt - downAt} ms after it was heard of last`,
      );
      assert.equal(desk.events[2]?.at, endedAt);
    });

    test("a channel that Asterisk told of while it was asked what it has is not over", async () => {
      await open({ requestTimeoutMs: 2_000 });
      const asked = (): number => ari.requests.filter(({ path }) => path === "/channels").length;
      await until("it to have asked", () => asked() === 1);
      ari.mishaps.set("GET /channels", { kind: "silent" });
      // It is up again sooner than a look every 20 ms would show.
      const down = new Promise<void>((resolve) => void watching.link.onDown(resolve));
      ari.cut();
      await down;
      await until("it to be up and asking", () => watching.link.up && asked() >= 2);
      const { id } = ari.create();
      await told(1);
      ari.mishaps.clear();
      // The answer that comes now is of before. Once the other one in it is told of, it was taken.
      ari.channels.delete(id);
      const other = ari.channel();
      ari.channels.set(other.id, other);
      await told(2);
      assert.deepEqual(
        watching.desk.events.map(({ callId, status }) => [callId, status]),
        [id, other.id].map((each) => [`pbx1;${each}`, "active"]),
      );
      assert.equal(watching.watcher.size, 2);
    });
  });
});
