import assert from "node:assert/strict";
import { test } from "node:test";
import type { AriChannel } from "../../../../../gateway/adapters/asterisk-ari/ari-contracts.js";
import {
  ChannelBook,
  type ChannelBookOptions,
} from "../../../../../gateway/adapters/asterisk-ari/watch/channel-book.js";
import type { WatchedCall } from "../../../../../gateway/adapters/asterisk-ari/watch/watched-call.js";
import { unixMs } from "../../../../../gateway/core/time.js";

const START = Date.UTC(2026, 0, 1);
const time = (ms: number): string => new Date(START + ms).toISOString().replace("Z", "+0000");

function channel(id: string, change: Partial<AriChannel> = {}): AriChannel {
  return {
    id,
    name: `PJSIP/carrier-${id}`,
    state: "Ring",
    protocol_id: "",
    caller: { name: "", number: "+12025550100" },
    connected: { name: "", number: "" },
    accountcode: "",
    dialplan: { context: "incoming", exten: "+12025550142", priority: 1, app_name: "Dial", app_data: "" },
    creationtime: time(0),
    language: "en",
    ...change,
  };
}
const leg = (id: string, change: Partial<AriChannel> = {}): AriChannel =>
  channel(id, { state: "Down", dialplan: { context: "in", exten: "s", priority: 1, app_name: "AppDial" }, ...change });

/** A book whose events are given as `type, channel, more`. */
function book(change: Partial<ChannelBookOptions> = {}, onBegan: (call: WatchedCall) => void = () => undefined) {
  const told: string[] = [];
  const ended: WatchedCall[] = [];
  let atMs = 0;
  const made = new ChannelBook(
    { maxCalls: 100, maxChannelsOfCall: 10, ...change },
    {
      callId: (id) => `pbx;${id}`,
      now: () => unixMs(START + atMs),
      onBegan: (call) => {
        told.push(`began ${call.uniqueId} ${call.calledNumber ?? "?"}`);
        onBegan(call);
      },
      onSeen: () => undefined,
      onDialled: (call, { id }) => told.push(`dialled ${call.uniqueId} → ${id} (${call.calledNumber ?? "?"})`),
      onAnswered: ({ uniqueId }) => told.push(`answered ${uniqueId}`),
      onFoundUp: ({ uniqueId }) => told.push(`found up ${uniqueId}`),
      onEnded: (call) => {
        told.push(`ended ${call.uniqueId}`);
        ended.push(call);
      },
      onOverflow: () => told.push("overflow"),
    },
  );
  const take = (type: string, members: Readonly<Record<string, unknown>>): void => {
    atMs += 100;
    made.take({ type, timestamp: time(atMs), ...members });
  };
  const create = (made: AriChannel): void => take("ChannelCreated", { channel: made });
  const dial = (caller: AriChannel, peer: AriChannel, dialstatus = "", more = {}): void =>
    take("Dial", { caller, peer, dialstatus, dialstring: "1001@peer", ...more });
  const destroy = (gone: AriChannel, cause = 16): void => take("ChannelDestroyed", { channel: gone, cause });
  return { made, told, ended, take, create, dial, destroy };
}

test("a call with one leg: one beginning, one answer, one end, with Asterisk's own times", () => {
  const { told, ended, take, create, dial, destroy } = book();
  const [a, b] = [channel("a"), leg("b", { protocol_id: "leg@192.0.2.1" })];
  create(a);
  create(b);
  dial(a, b);
  dial(a, b, "RINGING");
  dial(a, b, "ANSWER");
  take("ChannelStateChange", { channel: { ...a, state: "Up" } });
  take("ChannelHangupRequest", { channel: b, cause: 16 });
  destroy(b);
  destroy(a);
  assert.deepEqual(told, [
    "began a +12025550142",
    "dialled a → b (+12025550142)",
    "dialled a → b (+12025550142)",
    "dialled a → b (+12025550142)",
    "answered a",
    "ended a",
  ]);
  const [call] = ended;
  assert.deepEqual(
    [
      call?.startedAt,
      call?.ringingAt,
      call?.answeredAt,
      call?.endedAt,
      call?.q850,
      call?.hungUpBy,
      call?.answeredLeg,
    ].map((value) => (typeof value === "number" && value > 1_000 ? value - START : value)),
    [0, 400, 600, 900, 16, "called", "leg@192.0.2.1"],
  );
});

test("Asterisk's own order to a channel is no party's end, as a BYE is", () => {
  for (const [hangUps, byParty] of [
    [
      [
        { cause: 1, soft: true },
        { cause: 16, soft: true },
      ],
      false,
    ],
    [[{ cause: 16 }, { cause: 16, soft: true }], true],
  ] as const) {
    const { ended, take, create, destroy } = book();
    const a = channel("a");
    create(a);
    take("ChannelStateChange", { channel: { ...a, state: "Up" } });
    for (const each of hangUps) take("ChannelHangupRequest", { channel: a, ...each });
    destroy(a, 44);
    assert.deepEqual([ended[0]?.q850, ended[0]?.hungUpBy, ended[0]?.partyHungUp], [44, "caller", byParty]);
  }
});

for (const { name, change } of [
  { name: "a leg that Dial makes", change: { state: "Down" } },
  { name: "half of a Local channel", change: { name: "Local/200@in-00000001;2" } },
  { name: "a snoop", change: { name: "Snoop/a-0001" } },
  { name: "external media", change: { name: "UnicastRTP/192.0.2.1:4000-0x1" } },
  { name: "an announcer of a conference", change: { name: "CBAnn/1-0001;1" } },
  { name: "a channel of ours", change: { id: "RINGFENCE~ringfence~0123~media~1" } },
  { name: "a channel of another gateway", change: { id: "RINGFENCE~other~0123~media~1" } },
] as const) {
  test(`${name} is no call`, () => {
    const { told, create, take, destroy } = book();
    const made = channel("x", change);
    create(made);
    if (made.state !== "Down") take("ChannelStateChange", { channel: made });
    destroy(made);
    assert.deepEqual(told, []);
  });
}

test("what is dialled through Local channels belongs to the call, in whatever order Asterisk tells of it", () => {
  const one = leg("l1", { name: "Local/953@in-00000000;1" });
  const two = channel("l2", { name: "Local/953@in-00000000;2" });
  for (const order of ["first", "last"]) {
    const { made, told, ended, create, dial, destroy } = book();
    const [a, b] = [channel("a"), leg("b")];
    create(a);
    create(one);
    if (order === "first") create(two);
    dial(a, one);
    if (order === "last") create(two);
    create(b);
    dial(two, b);
    assert.deepEqual([...(made.call("a")?.channels.keys() ?? [])].sort(), ["a", "b", "l1", "l2"], order);
    for (const gone of [one, two, a]) destroy(gone);
    assert.equal(ended.length, 0, "a leg is left");
    destroy(b, 21);
    assert.equal(ended.length, 1);
    assert.equal(told.filter((line) => line.startsWith("began")).length, 1);
    assert.deepEqual([made.size, made.channels().length], [0, 0]);
  }
});

test("a ring group, a forward and a queue's agents are legs of one call", () => {
  const { made, create, dial, destroy, ended } = book();
  const [a, b, c, forwarded] = [channel("a"), leg("b"), leg("c"), leg("f")];
  create(a);
  for (const each of [b, c, forwarded]) create(each);
  dial(a, b);
  dial(a, c);
  dial(a, c, "", { forwarded, forward: "300@in" });
  dial(a, b, "CANCEL");
  destroy(b, 26);
  assert.equal(made.call("a")?.channels.size, 3);
  for (const each of [c, forwarded, a]) destroy(each);
  assert.equal(ended.length, 1);
});

test("a call that came without a number is one to whom it dials", () => {
  for (const exten of ["s", "", "i"]) {
    const { told, create, dial } = book();
    const a = channel("a", { dialplan: { context: "analogue", exten, priority: 1 } });
    create(a);
    dial(a, leg("b"), "", { dialstring: "trunk/sip:+12025550142@192.0.2.7" });
    assert.deepEqual(told, ["began a ?", "dialled a → b (+12025550142)"]);
  }
});

test("a channel that Asterisk moves a call into is the call's", () => {
  const { made, create, dial, destroy, ended, told } = book();
  const [a, b] = [channel("a"), leg("b", { name: "PJSIP/peer-00000001" })];
  create(a);
  create(b);
  dial(a, b);
  create(channel("m", { name: "AsyncGoto/PJSIP/peer-00000001", state: "Up" }));
  destroy(b);
  assert.deepEqual([...(made.call("a")?.channels.keys() ?? [])], ["a", "m"]);
  destroy(a);
  assert.equal(ended.length, 0);
  destroy(channel("m"));
  assert.equal(ended.length, 1);
  assert.equal(told.filter((line) => line.startsWith("began")).length, 1);
});

test("an attended transfer: who was asked moves into the call that goes on, and the question is over", () => {
  const { made, ended, create, dial, destroy, take } = book();
  // A calls B; B calls C and then joins A and C.
  const [a, b, b2, c] = [channel("a"), leg("b"), channel("b2"), leg("c")];
  for (const each of [a, b, b2, c]) create(each);
  dial(a, b);
  dial(b2, c);
  take("BridgeAttendedTransfer", {
    result: "Success",
    transferee: a,
    transfer_target: c,
    transferer_first_leg: b,
    transferer_second_leg: b2,
  });
  destroy(b);
  destroy(b2);
  assert.deepEqual(
    ended.map(({ uniqueId }) => uniqueId),
    ["b2"],
  );
  assert.deepEqual([...(made.call("a")?.channels.keys() ?? [])], ["a", "c"]);
  destroy(c);
  destroy(a);
  assert.equal(ended.length, 2);
});

for (const [name, members] of [
  ["failed", { result: "Fail" }],
  ["names channels of the same call", { result: "Success", same: true }],
  ["joins two callers", { result: "Success", callers: true }],
] as const) {
  test(`an attended transfer that ${name} changes nothing`, () => {
    const { made, create, dial, take } = book();
    const [a, b, c, d] = [channel("a"), leg("b"), channel("c"), leg("d")];
    for (const each of [a, b, c, d]) create(each);
    dial(a, b);
    dial(c, d);
    const target = "same" in members ? b : "callers" in members ? c : d;
    take("BridgeAttendedTransfer", { ...members, transferee: a, transfer_target: target });
    assert.deepEqual([...(made.call("a")?.channels.keys() ?? [])], ["a", "b"]);
    assert.deepEqual([...(made.call("c")?.channels.keys() ?? [])], ["c", "d"]);
  });
}

test("a caller who hangs up leaves a call on as long as somebody of it talks", () => {
  const { ended, create, dial, destroy } = book();
  const [a, b, c] = [channel("a"), leg("b"), leg("c")];
  for (const each of [a, b, c]) create(each);
  dial(a, b);
  destroy(a, 16);
  // B was sent on by the dialplan.
  dial(b, c);
  destroy(b);
  assert.equal(ended.length, 0);
  destroy(c, 31);
  assert.equal(ended[0]?.q850, 16, "the caller's cause counts");
});

test("conferences: each caller is a call of their own", () => {
  const { told, create, destroy, ended } = book();
  const callers = ["a", "b", "c"].map((id) => channel(id));
  for (const each of callers) create(each);
  for (const each of callers) destroy(each);
  assert.equal(told.filter((line) => line.startsWith("began")).length, 3);
  assert.equal(ended.length, 3);
});

test("there are limits: calls beyond are counted, legs beyond are not followed", () => {
  const { made, told, create, dial, destroy } = book({ maxCalls: 2, maxChannelsOfCall: 3 });
  for (const id of ["a", "b", "c"]) create(channel(id));
  assert.equal(told.at(-1), "overflow");
  assert.equal(made.size, 2);
  for (let at = 0; at < 10; at++) dial(channel("a"), leg(`l${at}`));
  assert.equal(made.call("a")?.channels.size, 3);
  destroy(channel("c"));
  for (const id of ["a", "l0", "l1", "b"]) destroy(channel(id));
  assert.deepEqual([made.size, made.channels().length], [0, 0]);
});

test("events that make no sense are no harm", () => {
  const { made, told, take, destroy } = book();
  for (const type of [
    "ChannelCreated",
    "ChannelStateChange",
    "Dial",
    "ChannelHangupRequest",
    "ChannelDestroyed",
    "BridgeAttendedTransfer",
    "Nonsense",
  ])
    take(type, {});
  take("Dial", { caller: channel("x"), dialstatus: "" });
  take("Dial", { peer: channel("x") });
  destroy(channel("never"));
  take("ChannelCreated", { channel: channel("a", { creationtime: "yesterday" }) });
  take("ChannelCreated", { channel: channel("a") });
  made.take({ type: "ChannelDestroyed", channel: channel("a"), cause: "none" });
  assert.deepEqual(told, ["began a +12025550142", "ended a"]);
});

test("what was there before and is the hop's is forgotten, and not told of as answered", () => {
  const { made, told } = book({}, (call) => made.forget(call));
  made.resume(channel("a", { state: "Up" }), true);
  assert.deepEqual([told, made.size], [["began a +12025550142"], 0]);
});

test("what was there before: callers are calls, what was dialled is not; who shares a bridge is a leg", () => {
  const { made, told } = book();
  const there = [
    channel("a", { state: "Up" }),
    leg("b", { state: "Up" }),
    channel("l1", {
      name: "Local/1@in-0001;1",
      state: "Up",
      dialplan: { context: "in", exten: "", priority: 1, app_name: "AppDial" },
    }),
    channel("l2", { name: "Local/1@in-0001;2", state: "Up" }),
    leg("c", { state: "Up" }),
    channel("RINGFENCE~x~1~media~1", { state: "Up" }),
  ];
  for (const each of there) made.resume(each, true);
  const names = new Map(there.map(({ id, name }) => [id, name]));
  const bridge = (...channels: string[]) => ({ id: channels.join(), name: "", creator: "", channels });
  made.resumeBridge(bridge("a", "l1"), names);
  made.resumeBridge(bridge("l2", "c"), names);
  made.resumeBridge(bridge("b", "gone"), names);
  assert.deepEqual(told, ["began a +12025550142", "found up a"]);
  assert.deepEqual([...(made.call("a")?.channels.keys() ?? [])].sort(), ["a", "c", "l1", "l2"]);
  made.resume(there[0] ?? assert.fail(), true);
  assert.equal(told.length, 2, "known already");
});
