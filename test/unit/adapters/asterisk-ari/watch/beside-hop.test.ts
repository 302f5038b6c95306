import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { HopLegBook } from "../../../../../gateway/call/hop-leg-book.js";
import { LiveCallDouble, RandomDouble } from "../../../../support/call-doubles.js";
import { LEG_VARIABLE, placedLeg } from "../../../../support/hop-legs.js";
import { until } from "../../../../support/processes.js";
import { ScriptedAri } from "../../../../support/scripted-ari.js";
import { watch, type Watching } from "../../../../support/watching.js";

/** The Call-ID that a caller has chosen, at the hop and at Asterisk. */
const CHOSEN = "chosen@203.0.113.9";
const EXTEN = { context: "incoming", exten: "s", priority: 1 };

describe("a watcher of calls beside the hop", () => {
  let ari: ScriptedAri;
  let legs: HopLegBook;
  let watching: Watching;

  beforeEach(async () => {
    ari = new ScriptedAri();
    await ari.start();
    legs = new HopLegBook(new RandomDouble());
    watching = await watch({ ariUrl: ari.ariUrl, username: ari.user, password: ari.password, legs });
    await until("the event filter", () => ari.filter !== undefined);
  });
  afterEach(async () => {
    watching.close();
    await ari.stop();
  });

  const told = (): readonly string[] => watching.desk.events.map(({ callId, status }) => `${status} ${callId}`);
  const carried = (): number => watching.metrics.value("ringfence_ari_calls_total", "pbx1", "carried-by-hop");
  const asked = (): number => ari.requests.filter(({ path }) => path.endsWith("/variable")).length;
  /** A channel that calls in; its Call-ID comes with its second event. */
  const callIn = (protocol_id: string, mark?: string): string => {
    const { id } = ari.create();
    if (mark !== undefined) ari.variables.set(`${id} ${LEG_VARIABLE}`, mark);
    ari.change(id, { protocol_id }, "ChannelDialplan");
    return id;
  };
  /** What was told before it has been dealt with by then. */
  const next = async (): Promise<string> => {
    const id = callIn("next@192.0.2.1");
    await until("the next one to be told of", () => told().includes(`active pbx1;${id}`));
    return id;
  };

  test("a call from the hop is the hop's: it is neither told of nor recorded, and counted once", async () => {
    const id = callIn(CHOSEN, placedLeg(legs, new LiveCallDouble(CHOSEN)));
    await until("it to be left to the hop", () => carried() === 1);
    assert.deepEqual(watching.watcher.calls(9), [], "the hop lists it");
    ari.change(id, { state: "Ring" }, "ChannelDialplan");
    ari.change(id, { state: "Up" });
    ari.destroy(id);
    await next();
    assert.deepEqual([told().length, watching.cdrs.length, carried(), asked()], [1, 0, 1, 1]);
  });

  for (const { name, said, hop } of [
    { name: "one that it sent to the hop as well", said: undefined, hop: "in and out" },
    { name: "one that it sent to the hop as well, with a made-up mark", said: "0".repeat(32), hop: "in and out" },
    { name: "one of the hop's that leaves under another", said: undefined, hop: "in" },
  ]) {
    test(`a caller's own Call-ID hides no call: ${name}`, async () => {
      const call = new LiveCallDouble(CHOSEN);
      if (hop === "in") legs.onStarted(call);
      else placedLeg(legs, call);
      const id = callIn(CHOSEN, said);
      ari.change(id, { state: "Up" });
      await until("its answer to be told of", () => told().length === 2);
      assert.deepEqual(told(), [`active pbx1;${id}`, `answered pbx1;${id}`]);
      ari.destroy(id);
      await until("its CDR", () => watching.cdrs.length === 1);
      assert.equal(carried(), 0);
    });
  }

  test("a call under a Call-ID that the hop made needs no mark, and Asterisk is not asked for it", async () => {
    legs.onInvited(new LiveCallDouble(CHOSEN), "made-by-hop@192.0.2.1");
    callIn("made-by-hop@192.0.2.1");
    await until("it to be left to the hop", () => carried() === 1);
    assert.equal(asked(), 0);
  });

  test("an Asterisk that does not say: the call is told of rather than hidden", async () => {
    const mark = placedLeg(legs, new LiveCallDouble(CHOSEN));
    ari.mishaps.set("GET /channels/", { kind: "status", status: 503 });
    const id = callIn(CHOSEN, mark);
    await until("it to be told of", () => told().includes(`active pbx1;${id}`));
  });

  test("calls that are over before they can be asked: as many are the hop's as it has legs", async () => {
    placedLeg(legs, new LiveCallDouble(CHOSEN));
    const [, second] = [1, 2].map(() => {
      const id = callIn(CHOSEN);
      ari.destroy(id);
      return id;
    });
    await until("a CDR", () => watching.cdrs.length === 1);
    assert.deepEqual(told(), [`active pbx1;${second}`, `ended pbx1;${second}`]);
    assert.equal(carried(), 1);
  });

  test("a call that goes out through the hop is counted there: here it is over, without a CDR, and does not begin anew", async () => {
    legs.onStarted(new LiveCallDouble("to-hop@192.0.2.1"));
    const { id } = ari.create({ protocol_id: "in@192.0.2.1" });
    const leg = ari.create({ state: "Down", name: "PJSIP/hop-00000001", protocol_id: "to-hop@192.0.2.1" });
    ari.dial(id, leg.id);
    await until("both reports", () => told().length === 2);
    ari.destroy(leg.id);
    // The hop refused it, and the dialplan goes on.
    ari.change(id, { state: "Ring" }, "ChannelDialplan");
    ari.destroy(id);
    const other = await next();
    assert.deepEqual(told(), [`active pbx1;${id}`, `ended pbx1;${id}`, `active pbx1;${other}`]);
    assert.deepEqual([watching.cdrs.length, carried()], [0, 1]);
  });

  test("a leg that Asterisk dials under a Call-ID that the hop sends on, and did not get, is not the hop's", async () => {
    legs.onInvited(new LiveCallDouble("other@192.0.2.1"), CHOSEN);
    const { id } = ari.create({ protocol_id: "in@192.0.2.1" });
    const leg = ari.create({ state: "Down", name: "PJSIP/peer-00000001", protocol_id: CHOSEN });
    ari.dial(id, leg.id);
    ari.destroy(leg.id);
    ari.destroy(id);
    await until("its CDR", () => watching.cdrs.length === 1);
    assert.deepEqual(told(), [`active pbx1;${id}`, `ended pbx1;${id}`]);
  });

  test("click to call whose first party is called through the hop is the hop's", async () => {
    legs.onStarted(new LiveCallDouble("first@192.0.2.1"));
    const first = ari.create({ state: "Down", dialplan: EXTEN, protocol_id: "first@192.0.2.1" });
    ari.emit("Dial", { peer: first, dialstatus: "", dialstring: "200@hop" });
    ari.change(first.id, { state: "Up" });
    const second = ari.create({ state: "Down", name: "PJSIP/peer-00000001" });
    ari.dial(first.id, second.id);
    await until("it to be left to the hop", () => carried() === 1);
    await next();
    assert.equal(told().length, 1);
  });

  test("a channel whose SIP Call-ID does not come is told of all the same", async () => {
    const { id } = ari.create();
    await until("it to be told of", () => told().includes(`active pbx1;${id}`));
  });
});
