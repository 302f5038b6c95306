import assert from "node:assert/strict";
import { test } from "node:test";
import { JournalKeeper } from "../../../gateway/call/journal-keeper.js";
import {
  DEFAULT_RECOVERY,
  openCalls,
  recoverCalls,
  type AnsweredEntry,
  type RecoveryOptions,
} from "../../../gateway/call/recover-calls.js";
import type { JournalEntry } from "../../../gateway/ports/dialog-journal.js";
import type {
  DialogSnapshot,
  OutgoingUser,
  RequestSpec,
  SipDialog,
  SipDialogUser,
} from "../../../gateway/ports/sip-endpoint.js";
import { SipHeaders } from "../../../gateway/sip/message/sip-headers.js";
import { NO_BODY } from "../../../gateway/sip/message/sip-message.js";
import { LiveCallDouble, LogDouble, RandomDouble, SinkDouble, settle } from "../../support/call-doubles.js";
import { FakeClock } from "../../support/fake-clock.js";

const snapshot = (callId: string, localTag: string): DialogSnapshot => ({
  callId,
  localTag,
  remoteTag: `${localTag}-peer`,
  localParty: "<sip:gw.example>",
  remoteParty: "<sip:peer.example>",
  localCseq: 1,
  remoteCseq: 1,
  remoteTarget: "sip:192.0.2.5",
  routeSet: [],
  secure: false,
  protocol: "udp",
  state: "confirmed",
});

class JournalDouble {
  readonly entries: JournalEntry[] = [];
  append = (entry: JournalEntry): void => void this.entries.push(entry);
}

class AnsweredCall extends LiveCallDouble {
  override snapshots() {
    return { a: snapshot(this.callId, "a"), b: snapshot(this.callId, "b") } as never;
  }
}

const answered = (callId: string, over: Partial<AnsweredEntry["facts"]> = {}): AnsweredEntry => ({
  kind: "answered",
  callId,
  a: snapshot(callId, "a"),
  b: snapshot(`${callId}-b`, "b"),
  facts: {
    caller: "+12025550101",
    called: "+12025550199",
    trunk: "north",
    startedAt: 1_699_999_000_000,
    answeredAt: 1_699_999_005_000,
    nextHop: "192.0.2.9:5060",
    emergency: false,
    ...over,
  },
  at: 0,
});

test("journal: INVITEs that left, the answer with both dialogs, and the end, once each", () => {
  const journal = new JournalDouble();
  const keeper = new JournalKeeper(journal, new FakeClock());
  const call = new AnsweredCall("one");
  keeper.onInvited(call, "b-call", "b-tag");
  keeper.onAnswered(call);
  keeper.onEnded(call);
  keeper.onEnded(call);
  assert.deepEqual(
    journal.entries.map((entry) => entry.kind),
    ["invited", "answered", "ended"],
  );
  const [, up] = journal.entries;
  assert.ok(up?.kind === "answered");
  assert.deepEqual(
    [up.a.localTag, up.b.localTag, up.facts.caller, up.facts.nextHop],
    ["a", "b", "+12025550101", "192.0.2.9:5060"],
  );
});

test("journal: a call that never left is not in it", () => {
  const journal = new JournalDouble();
  new JournalKeeper(journal, new FakeClock()).onEnded(new LiveCallDouble("one"));
  assert.deepEqual(journal.entries, []);
});

test("journal: two live calls of one Call-ID have entries of their own: the end of one does not hide the other", () => {
  const journal = new JournalDouble();
  const keeper = new JournalKeeper(journal, new FakeClock());
  const [first, second] = [new AnsweredCall("same"), new AnsweredCall("same")];
  for (const call of [first, second]) {
    keeper.onInvited(call, "b", "t");
    keeper.onAnswered(call);
  }
  keeper.onEnded(first);
  const { answered: open } = openCalls(journal.entries);
  assert.deepEqual(
    open.map((entry) => entry.a.callId),
    ["same"],
  );
});

test("journal: names stay apart, whatever Call-IDs a caller makes up", () => {
  const journal = new JournalDouble();
  const keeper = new JournalKeeper(journal, new FakeClock());
  for (const callId of ["one 1", "one", "one", "one 2", "one", "one 1"])
    keeper.onInvited(new AnsweredCall(callId), "b", "tag");
  const names = journal.entries.map((entry) => entry.callId);
  assert.equal(new Set(names).size, 6, names.join());
});

test("journal: what was not over when the process died", () => {
  const { answered: up, unanswered } = openCalls([
    { kind: "invited", callId: "1", bCallId: "b", bFromTag: "t", at: 0 },
    { kind: "invited", callId: "2", bCallId: "b", bFromTag: "t", at: 0 },
    answered("2"),
    { kind: "invited", callId: "3", bCallId: "b", bFromTag: "t", at: 0 },
    answered("3"),
    { kind: "ended", callId: "3" },
    { kind: "ended", callId: "never" },
  ]);
  assert.deepEqual(
    [up, unanswered].map((found) => found.map((entry) => entry.callId)),
    [["2"], ["1"]],
  );
});

interface Sent {
  readonly dialog: DialogSnapshot;
  readonly spec: RequestSpec;
  readonly user: OutgoingUser;
}

function setUp({
  restores = true,
  answers = (_sent: Sent): { status: number; local?: boolean } | undefined => ({ status: 200 }),
} = {}) {
  const clock = new FakeClock();
  const journal = new JournalDouble();
  const sink = new SinkDouble();
  const log = new LogDouble();
  const sent: Sent[] = [];
  const resumed: string[] = [];
  const endpoint = {
    capabilities: {
      engine: "embedded" as const,
      forkedEarlyDialogs: true,
      restoreDialogs: restores,
      keepsIdentifiers: true,
    },
    restoreDialog: (dialog: DialogSnapshot) => {
      const made: Partial<SipDialog> & { user: SipDialogUser | undefined } = {
        user: undefined,
        request: (spec: RequestSpec, user: OutgoingUser) => {
          const one = { dialog, spec, user };
          sent.push(one);
          const answer = answers(one);
          if (answer !== undefined)
            user.onFinal(
              { kind: "response", status: answer.status, reason: "", headers: new SipHeaders(), body: NO_BODY },
              answer.local === true,
            );
          return {
            request: { kind: "request", method: spec.method, uri: "", headers: new SipHeaders(), body: NO_BODY },
            cancel: () => undefined,
          };
        },
      };
      return made as SipDialog;
    },
  };
  const deps = {
    endpoint,
    journal,
    sink,
    clock,
    log,
    random: new RandomDouble(),
    resume: (entry: AnsweredEntry) => resumed.push(entry.callId) > 0,
  };
  const recover = (entries: readonly JournalEntry[], options: Partial<RecoveryOptions> = {}) =>
    recoverCalls(entries, { ...DEFAULT_RECOVERY, ...options }, deps);
  return { recover, clock, journal, sink, log, sent, resumed };
}

test("recovery: both legs of an answered call get BYE with a Reason, and a Cdr says restart", async () => {
  const { recover, sent, sink, journal } = setUp();
  const report = await recover([answered("one")]);
  assert.deepEqual(report, { resumed: 0, ended: 1, timedOut: 0, notRestorable: 0, unanswered: 0 });
  assert.deepEqual(
    sent.map(({ dialog, spec }) => [dialog.localTag, spec.method, spec.headers?.[0]?.[0]]),
    [
      ["a", "BYE", "Reason"],
      ["b", "BYE", "Reason"],
    ],
  );
  const [{ cdr } = { cdr: undefined }] = sink.of("cdr");
  assert.deepEqual(
    [cdr?.callId, cdr?.bCallId, cdr?.cause, cdr?.endedBy, cdr?.answeredAt, cdr?.trunk],
    ["one", "one-b", "restart", "gateway", 1_699_999_005_000, "north"],
  );
  assert.deepEqual(
    sink.of("teardown").map(({ teardown }) => [teardown.aOutcome, teardown.bOutcome]),
    [["confirmed", "confirmed"]],
  );
  assert.deepEqual(journal.entries, [{ kind: "ended", callId: "one" }]);
});

test("recovery: a leg that is gone and a leg that is silent are told apart", async () => {
  const { recover, sink } = setUp({
    answers: ({ dialog }) => (dialog.localTag === "a" ? { status: 481 } : { status: 408, local: true }),
  });
  const report = await recover([answered("one")]);
  assert.equal(report.timedOut, 1);
  assert.deepEqual(
    sink.of("teardown").map(({ teardown }) => [teardown.aOutcome, teardown.bOutcome]),
    [["already-gone", "timed-out"]],
  );
});

test("recovery: a leg that refuses our BYE is no proof that it is over", async () => {
  const { recover, sink } = setUp({ answers: ({ dialog }) => ({ status: dialog.localTag === "a" ? 200 : 500 }) });
  await recover([answered("one")]);
  assert.deepEqual(
    sink.of("teardown").map(({ teardown }) => [teardown.aOutcome, teardown.bOutcome]),
    [["confirmed", "timed-out"]],
  );
});

test("recovery: resume gives the calls back instead", async () => {
  const { recover, sent, resumed } = setUp();
  const report = await recover([answered("one"), answered("two")], { afterRestart: "resume" });
  assert.deepEqual([report.resumed, sent.length, resumed], [2, 0, ["one", "two"]]);
});

test("recovery: a call that goes on is in the journal anew, once, until it ends", () => {
  const journal = new JournalDouble();
  const keeper = new JournalKeeper(journal, new FakeClock());
  const call = new AnsweredCall("one");
  keeper.onStarted(call);
  assert.equal(openCalls(journal.entries).answered.length, 1);
  keeper.onEnded(call);
  assert.equal(openCalls(journal.entries).answered.length, 0);
});

test("recovery: the old entry of a call that goes on is closed before it is taken up", async () => {
  const { recover, journal, resumed } = setUp();
  await recover([answered("one")], { afterRestart: "resume" });
  assert.deepEqual([journal.entries, resumed], [[{ kind: "ended", callId: "one" }], ["one"]]);
});

test("recovery: an emergency call goes on, whatever is configured", async () => {
  const { recover, sent, resumed } = setUp();
  const report = await recover([answered("sos", { emergency: true }), answered("one")]);
  assert.deepEqual([report.resumed, report.ended, resumed, sent.length], [1, 1, ["sos"], 2]);
});

test("recovery: INVITEs that were under way are closed in the journal; a late answer is the B2BUA's stray", async () => {
  const { recover, journal, sent } = setUp();
  const report = await recover([{ kind: "invited", callId: "1", bCallId: "b", bFromTag: "t", at: 0 }]);
  assert.deepEqual([report.unanswered, sent.length, journal.entries], [1, 0, [{ kind: "ended", callId: "1" }]]);
});

test("recovery: a call that rang when the process died gets a Cdr, whatever the engine can do", async () => {
  for (const restores of [true, false]) {
    const { recover, journal: left, sink } = setUp({ restores });
    const journal = new JournalDouble();
    const keeper = new JournalKeeper(journal, new FakeClock());
    for (const hop of ["first", "second"]) keeper.onInvited(new LiveCallDouble("same"), `b-${hop}`, "t");
    keeper.onInvited(new LiveCallDouble("sos", { emergency: true, trunk: "north" }), "b-sos", "t");
    const report = await recover(journal.entries);
    assert.equal(report.unanswered, 3);
    const cdrs = sink.of("cdr").map(({ cdr }) => cdr);
    assert.deepEqual(
      cdrs.map((cdr) => [cdr.callId, cdr.bCallId, cdr.trunk, cdr.emergency]),
      [
        ["same", "b-first", "carrier", false],
        ["same", "b-second", "carrier", false],
        ["sos", "b-sos", "north", true],
      ],
    );
    const [cdr] = cdrs;
    assert.deepEqual(
      [cdr?.caller, cdr?.called, cdr?.nextHop, cdr?.startedAt, cdr?.durationMs],
      ["+12025550101", "+12025550199", "192.0.2.9:5060", 1_700_000_000_000, 0],
    );
    assert.deepEqual([cdr?.status, cdr?.endedBy, cdr?.cause, cdr?.q850], [0, "gateway", "restart", 41]);
    assert.equal(cdr !== undefined && "answeredAt" in cdr, false);
    assert.deepEqual(openCalls([...journal.entries, ...left.entries]), { answered: [], unanswered: [] });
  }
});

test("recovery: an INVITE that was tried at a second hop is one call, recorded with the last", async () => {
  const { recover, sink } = setUp();
  const journal = new JournalDouble();
  const keeper = new JournalKeeper(journal, new FakeClock());
  const call = new LiveCallDouble("one");
  for (const hop of ["first", "second"]) keeper.onInvited(call, `b-${hop}`, "t");
  await recover(journal.entries);
  assert.deepEqual(
    sink.of("cdr").map(({ cdr }) => cdr.bCallId),
    ["b-second"],
  );
});

test("recovery: a dialog that cannot be made again is one leg lost, not the start of the gateway", async () => {
  const { recover, log, journal } = setUp({
    answers: ({ dialog }) => {
      if (dialog.callId === "bad") throw new Error("bug");
      return { status: 200 };
    },
  });
  const report = await recover([answered("bad"), answered("good")]);
  assert.deepEqual([report.ended, report.timedOut], [1, 1]);
  assert.ok(log.lines.some((line) => line.event === "recovery.leg-failed"));
  assert.equal(journal.entries.length, 2, "tried once, not at every start");
});

test("recovery: BYEs are spread over time", async () => {
  const { recover, clock, sent } = setUp();
  const report = recover(
    Array.from({ length: 50 }, (_, i) => answered(String(i))),
    { perTenth: 20 },
  );
  await settle();
  const seen = [sent.length / 2];
  for (let i = 0; i < 3; i++) {
    clock.advance(100);
    await settle();
    seen.push(sent.length / 2);
  }
  assert.deepEqual(seen, [20, 40, 50, 50]);
  assert.equal((await report).ended, 50);
});

test("recovery: an engine that cannot take dialogs over leaves them and says so loudly", async () => {
  const { recover, sent, log } = setUp({ restores: false });
  const report = await recover([answered("one")]);
  assert.deepEqual(
    [report.notRestorable, sent.length, log.lines[0]?.level, log.lines[0]?.event],
    [1, 0, "error", "recovery.not-restorable"],
  );
});

test("recovery: which call led to one that the process did not live to end is in its Cdr", async () => {
  const origin = { transfer: "before", forwarded: { kind: "transfer", by: "+12025550199" } } as const;
  const journal = new JournalDouble();
  const keeper = new JournalKeeper(journal, new FakeClock());
  for (const name of ["rings", "talks"]) {
    const call = new AnsweredCall(name);
    call.origin = origin;
    keeper.onInvited(call, "b", "t");
    if (name === "talks") keeper.onAnswered(call);
  }
  const { recover, sink } = setUp();
  await recover(JSON.parse(JSON.stringify(journal.entries)) as JournalEntry[]);
  assert.deepEqual(
    sink.of("cdr").map(({ cdr }) => cdr.origin),
    [origin, origin],
  );
});
