import assert from "node:assert/strict";
import { test } from "node:test";
import type {
  AriBridge,
  AriChannel,
  AriEvent,
  AriLink,
  AriRequest,
} from "../../../../gateway/adapters/asterisk-ari/ari-contracts.js";
import { LeftOvers } from "../../../../gateway/adapters/asterisk-ari/left-overs.js";
import { isOwnId, OwnMarks } from "../../../../gateway/adapters/asterisk-ari/own-marks.js";
import { GatewayError } from "../../../../gateway/core/errors.js";
import { silentLog } from "../../../../gateway/core/log.js";
import { FakeClock } from "../../../support/fake-clock.js";
import { CountingMetrics } from "../../../support/counting-metrics.js";
import { SeededRandom } from "../../../support/seeded-random.js";

const random = new SeededRandom(7);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function scene(fail: (order: AriRequest) => GatewayError | undefined = () => undefined) {
  const orders: string[] = [];
  let onEvent: (event: AriEvent) => void = () => undefined;
  let atOnce = 0;
  let most = 0;
  const link: AriLink = {
    serverId: "pbx1",
    app: "ringfence",
    up: true,
    request: async (order) => {
      orders.push(`${order.method} ${order.path}`);
      most = Math.max(most, ++atOnce);
      await turn();
      atOnce--;
      const error = fail(order);
      if (error !== undefined) throw error;
      return undefined;
    },
    onEvent: (listener) => {
      onEvent = listener;
      return () => undefined;
    },
    onUp: () => () => undefined,
    onDown: () => () => undefined,
  };
  const marks = new OwnMarks("ringfence", random);
  const metrics = new CountingMetrics();
  const clock = new FakeClock();
  const leftOvers = new LeftOvers({ link, marks, clock, metrics, log: silentLog });
  leftOvers.start();
  /** @param turns Of the event loop, and requests that can begin in them. */
  const settle = async (turns = 100): Promise<void> => {
    for (let step = 0; step < turns; step++) {
      await turn();
      clock.advance(1);
    }
    await turn();
  };
  return {
    leftOvers,
    marks,
    orders,
    metrics,
    clock,
    settle,
    most: () => most,
    tell: (event: AriEvent) => onEvent(event),
  };
}

const channel = (id: string, app = "", data = ""): AriChannel => ({
  id,
  name: "PJSIP/x-1",
  state: "Up",
  caller: { name: "", number: "" },
  connected: { name: "", number: "" },
  accountcode: "",
  dialplan: { context: "in", exten: "1", priority: 1, app_name: app, app_data: data },
  creationtime: "",
  language: "en",
});
const bridge = (id: string): AriBridge => ({ id, name: id, creator: "", channels: [] });
const FORMER = new OwnMarks("ringfence", random);

test("marks of one process are its own; those of others are left over, but for another application's", () => {
  const mine = new OwnMarks("a", random);
  const ids = [mine.next("snoop"), mine.next("snoop")];
  assert.equal(new Set(ids).size, 2);
  for (const id of ids) {
    assert.ok(isOwnId(id) && !mine.isLeftOver(id));
    assert.match(id, /^RINGFENCE~a~[0-9a-f]{12}~snoop~\d+$/);
    assert.equal(encodeURIComponent(id), id);
    assert.ok(new OwnMarks("a", random).isLeftOver(id));
    for (const other of ["b", "a-b", "a.b", "a~b"]) assert.ok(!new OwnMarks(other, random).isLeftOver(id), other);
  }
  assert.ok(!mine.isLeftOver("1700000000.1") && !isOwnId("1700000000.1"));
});

test("what a former process left is deleted, what is ours or somebody else's stays", async () => {
  const { leftOvers, marks, orders, settle } = scene();
  const [oldChannel, oldBridge] = [FORMER.next("media"), FORMER.next("bridge")];
  leftOvers.onLoading();
  await leftOvers.onStock({
    channels: [
      channel(oldChannel),
      channel(marks.next("media")),
      channel("1.1"),
      channel("RINGFENCE~other~00~media~1"),
    ],
    bridges: [bridge(oldBridge), bridge(marks.next("bridge")), bridge("theirs")],
  });
  await settle();
  assert.deepEqual(orders, [`DELETE /bridges/${oldBridge}`, `DELETE /channels/${oldChannel}`]);
});

test("callers that a former process had in hand go on in their dialplan, those of this one do not", async () => {
  const { leftOvers, marks, orders, settle, tell } = scene();
  tell({ type: "StasisStart", channel: channel("mine", "Stasis", "ringfence,listen") });
  leftOvers.onLoading();
  await leftOvers.onStock({
    channels: [
      channel("old", "Stasis", "ringfence,screen"),
      channel("bare", "Stasis", "ringfence"),
      channel("mine", "Stasis", "ringfence,listen"),
      channel("theirs", "Stasis", "ringfence-two"),
      channel("busy", "Dial", "ringfence"),
      channel(marks.next("snoop"), "Stasis", "ringfence,own"),
    ],
    bridges: [],
  });
  await settle();
  assert.deepEqual(orders, ["POST /channels/old/continue", "POST /channels/bare/continue"]);
});

test("a caller whose end was missed is forgotten at the next look, one that came meanwhile is not", async () => {
  const { leftOvers, orders, settle, tell } = scene();
  tell({ type: "StasisStart", channel: channel("gone", "Stasis", "ringfence") });
  leftOvers.onLoading();
  tell({ type: "StasisStart", channel: channel("new", "Stasis", "ringfence") });
  await leftOvers.onStock({ channels: [], bridges: [] });
  leftOvers.onLoading();
  await leftOvers.onStock({
    channels: [channel("gone", "Stasis", "ringfence"), channel("new", "Stasis", "ringfence")],
    bridges: [],
  });
  await settle();
  assert.deepEqual(orders, ["POST /channels/gone/continue"]);
});

test("a thousand are deleted one a turn, a few at a time; one that is gone already is no fault, another failure is counted", async () => {
  const { leftOvers, orders, metrics, settle, most } = scene(({ path }) =>
    path.endsWith("~7")
      ? new GatewayError("ari.rejected", "404", { cause: { status: 404, said: "" } })
      : path.endsWith("~8")
        ? new GatewayError("ari.unavailable", "no")
        : undefined,
  );
  const former = new OwnMarks("ringfence", random);
  await leftOvers.onStock({
    channels: Array.from({ length: 1_000 }, () => channel(former.next("media"))),
    bridges: [],
  });
  await settle(500);
  assert.ok(orders.length <= 501, `${orders.length} in 500 turns`);
  await settle(900);
  assert.equal(orders.length, 1_000);
  assert.ok(most() <= 4, String(most()));
  const count = (result: string): number => metrics.value("ringfence_ari_left_overs_total", "pbx1", result);
  assert.deepEqual([count("removed"), count("failed")], [998, 1]);
});

test("what fails is tried again in a while, a few times, and not what was done; after the end nothing is", async () => {
  let isBroken = true;
  const { leftOvers, orders, metrics, clock, settle } = scene(({ path }) =>
    isBroken && path.endsWith("/continue") ? new GatewayError("ari.unavailable", "no") : undefined,
  );
  const stock = { channels: [channel("old", "Stasis", "ringfence"), channel(FORMER.next("media"))], bridges: [] };
  const times = (): number => orders.filter((order) => order === "POST /channels/old/continue").length;
  await leftOvers.onStock(stock);
  await settle();
  assert.deepEqual([times(), orders.length], [1, 2]);
  clock.advance(1_000);
  await settle();
  assert.deepEqual([times(), orders.length], [2, 3]);
  isBroken = false;
  clock.advance(5_000);
  await settle();
  assert.deepEqual([times(), orders.length], [3, 4]);
  assert.equal(metrics.value("ringfence_ari_left_overs_total", "pbx1", "removed"), 2);
  clock.advance(1_000_000);
  await settle();
  assert.equal(times(), 3);

  isBroken = true;
  await leftOvers.onStock(stock);
  for (let i = 0; i < 20; i++) {
    await settle();
    clock.advance(120_000);
  }
  assert.equal(times(), 3 + 5, "a budget");
  await leftOvers.onStock(stock);
  await settle();
  leftOvers.close();
  clock.advance(1_000_000);
  await settle();
  assert.equal(times(), 3 + 5 + 1);
});

test("a new look at what is there ends the tries of the former one", async () => {
  const { leftOvers, orders, clock, settle } = scene(() => new GatewayError("ari.unavailable", "no"));
  await leftOvers.onStock({ channels: [channel("old", "Stasis", "ringfence")], bridges: [] });
  await settle();
  await leftOvers.onStock({ channels: [], bridges: [] });
  clock.advance(1_000_000);
  await settle();
  assert.deepEqual(orders, ["POST /channels/old/continue"]);
});
