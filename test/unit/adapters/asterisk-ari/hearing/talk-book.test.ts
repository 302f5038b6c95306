import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AriBridge, AriChannel, AriEvent } from "../../../../../gateway/adapters/asterisk-ari/ari-contracts.js";
import { TalkBook, type TalkChange } from "../../../../../gateway/adapters/asterisk-ari/hearing/talk-book.js";
import { ariChannel } from "../../../../support/memory-ari-link.js";

const A = ariChannel("1.0");
const RINGING = ariChannel("1.0", { state: "Ring" });
const B = ariChannel("1.1", { name: "PJSIP/peer-1", protocol_id: "leg-b@x" });
const C = ariChannel("1.2", { name: "PJSIP/peer-2" });
const LOCAL = ariChannel("1.3", { name: "Local/200@x-1;2" });
const SNOOP = ariChannel("RINGFENCE~ringfence~abc~snoop~1", { name: "Snoop/1.0-1" });

const answered = (caller: AriChannel, peer: AriChannel): AriEvent => ({
  type: "Dial",
  dialstatus: "ANSWER",
  caller,
  peer,
  dialstring: "12025550109@peer",
});
const bridge = (...channels: AriChannel[]): AriBridge => ({
  id: "b",
  name: "",
  creator: "",
  channels: channels.map(({ id }) => id),
});
const entered = (channel: AriChannel, inside: AriBridge): AriEvent => ({
  type: "ChannelEnteredBridge",
  channel,
  bridge: inside,
});
const destroyed = (channel: AriChannel): AriEvent => ({ type: "ChannelDestroyed", channel });
const up = (channel: AriChannel): AriEvent => ({ type: "ChannelStateChange", channel });
const book = (which: "all" | "asked", maxTalks = 10): TalkBook => new TalkBook({ which, maxTalks });
const written = (changes: readonly TalkChange[]): string[] =>
  changes.map((change) =>
    change.kind === "over" || change.kind === "full"
      ? `${change.kind} ${change.callerId}`
      : `${change.kind} ${change.talk.caller.id}-${change.talk.calleeId ?? "?"} ${change.talk.dialled}`,
  );

/** As it is done after a time without events, in one go. */
function resync(
  talks: TalkBook,
  channels: readonly AriChannel[],
  bridges: readonly AriBridge[],
  wasAsked = false,
): readonly TalkChange[] {
  const channelOf = (id: string): AriChannel | undefined => channels.find((channel) => channel.id === id);
  const lost = talks.lost((id) => channelOf(id) !== undefined);
  const pairs = bridges.flatMap((each) => talks.pairIn(each, channelOf) ?? []);
  return [...lost, ...pairs.flatMap((pair) => talks.together(pair, wasAsked))];
}

interface Case {
  readonly name: string;
  readonly which: "all" | "asked";
  readonly events: readonly AriEvent[];
  readonly changes: readonly string[];
}

const CASES: readonly Case[] = [
  {
    name: "a dialled leg that answers begins a talk, the caller's end is its end",
    which: "all",
    events: [answered(A, B), up(A), entered(B, bridge(B)), entered(A, bridge(B, A)), destroyed(B), destroyed(A)],
    changes: ["began 1.0-1.1 +12025550102", "over 1.0"],
  },
  {
    name: "where the dialplan's extension is no number, what was dialled is",
    which: "all",
    events: [answered({ ...A, dialplan: { ...A.dialplan, exten: "s" } }, B)],
    changes: ["began 1.0-1.1 12025550109"],
  },
  {
    name: "a leg that does not answer begins nothing",
    which: "all",
    events: [{ ...answered(A, B), dialstatus: "BUSY" }],
    changes: [],
  },
  { name: "what nobody asks for", which: "asked", events: [answered(A, B), up(A)], changes: [] },
  {
    name: "the halves of a Local channel are nobody",
    which: "all",
    events: [answered(LOCAL, B), answered(A, LOCAL)],
    changes: ["began 1.0-1.3 +12025550102"],
  },
  {
    name: "channels of ours are nobody, in a bridge neither",
    which: "all",
    events: [answered(SNOOP, B), answered(A, SNOOP), answered(A, B), entered(SNOOP, bridge(A, B, SNOOP))],
    changes: ["began 1.0-1.1 +12025550102"],
  },
  {
    name: "a transfer: the caller talks to somebody else now, under the same name",
    which: "all",
    events: [answered(A, B), entered(A, bridge(B, A)), entered(C, bridge(A, C)), destroyed(B), destroyed(A)],
    changes: ["began 1.0-1.1 +12025550102", "callee 1.0-1.2 +12025550102", "over 1.0"],
  },
  {
    name: "a second Dial of the same caller is the same talk",
    which: "all",
    events: [answered(A, B), answered(A, C)],
    changes: ["began 1.0-1.1 +12025550102", "callee 1.0-1.2 +12025550102"],
  },
];

describe("who talks with whom", () => {
  for (const { name, which, events, changes } of CASES) {
    test(name, () => {
      const talks = book(which);
      assert.deepEqual(written(events.flatMap((event) => talks.on(event))), changes);
    });
  }

  test("asked before the answer: begins with it, under the number that was dialled then", () => {
    const talks = book("asked");
    assert.deepEqual(written(talks.ask(RINGING, "+12025550177")), []);
    const changes = [answered(RINGING, B), up(A)].flatMap((event) => talks.on(event));
    assert.deepEqual(written(changes), ["began 1.0-1.1 +12025550177"]);
    assert.equal(talks.talk("1.0")?.asked, true);
    assert.equal(talks.talk("1.0")?.calleeSipId, "leg-b@x");
  });

  test("asked after the answer: begins at once, and learns later who the other is", () => {
    const talks = book("asked");
    assert.deepEqual(written(talks.ask(A, undefined)), ["began 1.0-? +12025550102"]);
    assert.deepEqual(written(talks.on(entered(B, bridge(A, B)))), ["callee 1.0-1.1 +12025550102"]);
  });

  test("a caller who hangs up before the answer is forgotten", () => {
    const talks = book("asked");
    talks.ask(RINGING, undefined);
    talks.on(destroyed(RINGING));
    assert.deepEqual(written(talks.on(answered(A, B))), []);
  });

  test("there is a limit, to talks and to requests", () => {
    const talks = book("all", 1);
    assert.equal(talks.on(answered(A, B)).length, 1);
    assert.deepEqual(written(talks.on(answered(C, B))), ["full 1.2"]);
    const asked = book("asked", 1);
    asked.ask(RINGING, undefined);
    assert.deepEqual(written(asked.ask(ariChannel("1.9", { state: "Ring" }), undefined)), ["full 1.9"]);
    assert.equal(asked.on(answered(ariChannel("1.9"), B)).length, 0);
  });

  test("a talk that there was no room for begins when another is over, with whoever it is then; one that is over does not", () => {
    const talks = book("all", 1);
    const other = ariChannel("1.7", { name: "PJSIP/peer-7" });
    const events = [answered(A, B), answered(C, B), entered(other, bridge(C, other)), destroyed(A), destroyed(C)];
    assert.deepEqual(written(events.flatMap((event) => talks.on(event))), [
      "began 1.0-1.1 +12025550102",
      "full 1.2",
      "over 1.0",
      "began 1.2-1.7 +12025550102",
      "over 1.2",
    ]);
    const gone = [answered(A, B), answered(C, B), destroyed(C), destroyed(A)];
    assert.deepEqual(written(gone.flatMap((event) => talks.on(event))).slice(2), ["over 1.0"]);
  });

  test("a talk that is not to be heard gives its place to another, and is not asked about again", () => {
    const talks = book("all", 1);
    talks.on(answered(A, B));
    talks.on(answered(C, B));
    assert.deepEqual(written(talks.drop("1.0")), ["began 1.2-1.1 +12025550102"]);
    assert.deepEqual(written([...talks.on(answered(A, B)), ...talks.drop("1.0")]), []);
    talks.on(destroyed(A));
    talks.on(destroyed(C));
    assert.deepEqual(written(talks.on(answered(A, B))), ["began 1.0-1.1 +12025550102"]);
  });

  test("what events have said since Asterisk was asked counts more than its answer", () => {
    const talks = book("all");
    talks.loading();
    talks.on(answered(A, B));
    talks.on(destroyed(C));
    assert.deepEqual(written(resync(talks, [C, LOCAL, B], [bridge(C, B)])), []);
    assert.ok(talks.talk("1.0") !== undefined, "not in the answer, which is older than it");
    talks.loaded();
    assert.deepEqual(written(resync(talks, [B], [])), ["over 1.0"]);
  });

  test("in a bridge with somebody older, the caller that is known stays the caller", () => {
    const talks = book("all");
    const older = ariChannel("0.1", { name: "PJSIP/old-1", creationtime: "2026-11-29T00:00:00.000+0000" });
    talks.on(answered(A, B));
    assert.deepEqual(written(resync(talks, [A, older], [bridge(older, A)])), ["callee 1.0-0.1 +12025550102"]);
  });

  test("after a time without events: what is over ends, what was missed begins, the older channel called", () => {
    const talks = book("all");
    talks.on(answered(C, B));
    const later = ariChannel("1.10", { name: "PJSIP/peer-9" });
    const bridges = [bridge(later, A, SNOOP), bridge(SNOOP)];
    assert.deepEqual(written(resync(talks, [A, B, later, SNOOP], bridges)), [
      "over 1.2",
      "began 1.0-1.10 +12025550102",
    ]);
    assert.deepEqual(written(resync(talks, [A, later], [bridge(later, A)])), []);
  });

  test("the same where only what was asked for counts", () => {
    const talks = book("asked");
    assert.deepEqual(written(resync(talks, [A, B], [bridge(A, B)])), []);
    assert.deepEqual(written(resync(talks, [A, B], [bridge(A, B)], true)), ["began 1.0-1.1 +12025550102"]);
  });

  test("events without their members change nothing", () => {
    const talks = book("all");
    for (const type of ["Dial", "ChannelStateChange", "ChannelEnteredBridge", "ChannelDestroyed", "Other"])
      assert.deepEqual(talks.on({ type }), []);
  });
});
