import assert from "node:assert/strict";
import { test } from "node:test";
import { unixMs, type CallRecord } from "../../../../detection/index.js";
import { recogniseMapping } from "../../../../gateway/pipeline/records/csv-mapping.js";
import { CDR_FEED_RULES, nextWindow, surelyReadTo } from "../../../../gateway/pipeline/records/feed-window.js";
import { forwardingChanges } from "../../../../gateway/pipeline/records/forwarding-watch.js";
import { RecordNormaliser } from "../../../../gateway/pipeline/records/normaliser.js";
import { RecentIds } from "../../../../gateway/pipeline/records/recent-ids.js";
import { RowReader } from "../../../../gateway/pipeline/records/row-reader.js";
import { WebexRows } from "../../../../gateway/pipeline/records/webex-rows.js";

const NOW = unixMs(Date.UTC(2026, 2, 2, 12));
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const minutes = (window: ReturnType<typeof nextWindow>) =>
  window === undefined ? undefined : [(window.from - NOW) / MINUTE, (window.to - NOW) / MINUTE, window.gapMs / MINUTE];

const windows: readonly { name: string; readTo: number | undefined; asked: readonly number[] | undefined }[] = [
  { name: "the first time: the last hour, and what came late", readTo: undefined, asked: [-95.5, -5.5, 0] },
  { name: "five minutes later: with an overlap", readTo: -10.5 * MINUTE, asked: [-40.5, -5.5, 0] },
  { name: "nothing new can be there", readTo: -5 * MINUTE, asked: undefined },
  { name: "after a day: twelve hours at a time", readTo: -24 * HOUR, asked: [-24 * 60 - 30, -12 * 60 - 30, 0] },
  { name: "after a week: what is gone is named", readTo: -168 * HOUR, asked: [-47 * 60, -35 * 60, 121 * 60] },
  { name: "the clock went back by ten minutes: wait", readTo: 10 * MINUTE, asked: undefined },
  { name: "the clock was wrong by years: from the start", readTo: 9_000 * HOUR, asked: [-95.5, -5.5, 0] },
];
for (const { name, readTo, asked } of windows) {
  test(`feed window: ${name}`, () => {
    const known = readTo === undefined ? undefined : unixMs(NOW + readTo);
    assert.deepEqual(minutes(nextWindow(known, NOW, CDR_FEED_RULES)), asked);
  });
}

test("feed window: a clock that was hours ahead goes back to the newest call that was read, and names what is gone", () => {
  const [readTo, newest] = [unixMs(NOW + 9_000 * HOUR), unixMs(NOW - 3 * HOUR)];
  assert.deepEqual(minutes(nextWindow(readTo, NOW, CDR_FEED_RULES, newest)), [-210, -5.5, 0]);
  const gone = unixMs(NOW - 50 * HOUR);
  assert.deepEqual(minutes(nextWindow(readTo, NOW, CDR_FEED_RULES, gone)), [-47 * 60, -35 * 60, 180]);
});

test("feed window: what an earlier process read is sure up to its newest call, and no further back than can be had", () => {
  const sure = (readTo: number, newest?: number): number => {
    const kept = newest === undefined ? undefined : unixMs(NOW + newest);
    return (surelyReadTo(unixMs(NOW + readTo), kept, NOW, CDR_FEED_RULES) - NOW) / MINUTE;
  };
  assert.equal(sure(-10 * MINUTE), -10);
  assert.equal(sure(20 * MINUTE, -30 * MINUTE), -30);
  assert.equal(sure(-10 * MINUTE, -90 * HOUR), -46.5 * 60);
  assert.equal(sure(-60 * HOUR, -90 * HOUR), -60 * 60);
});

const plan = new RecordNormaliser({
  sites: { bogota: { region: "CO", numberPlan: {} } },
  ownNumbers: ["+576014*"],
});

test("forwarding: who is seen first changed nothing; later a change is told with what it leads to", () => {
  const now = (always: string) => [{ user: "u1", site: "bogota", targets: { always, busy: "" } }];
  const first = forwardingChanges(now(""), {}, NOW, plan);
  assert.deepEqual(first.changes, []);
  const second = forwardingChanges(now("+53 5 123 4567"), first.seen, NOW, plan);
  assert.deepEqual(
    second.changes.map(({ kind, enabled, target, country, international, external }) => ({
      kind,
      enabled,
      target,
      country,
      international,
      external,
    })),
    [{ kind: "always", enabled: true, target: "+5351234567", country: "CU", international: true, external: true }],
  );
  assert.deepEqual(forwardingChanges(now("+53 5 123 4567"), second.seen, NOW, plan).changes, []);
  const off = forwardingChanges(now(""), second.seen, NOW, plan).changes[0];
  assert.equal(off?.enabled, false);
});

test("forwarding: a SIP URI with parameters is one target: no change while nothing is changed, one when it is", () => {
  const now = (always: string) => [{ user: "u1", targets: { always, busy: "sip:b%3Bc@192.0.2.1;user=phone" } }];
  const first = forwardingChanges(now("sip:a@192.0.2.1;user=phone;busy=x"), {}, NOW, plan);
  const second = forwardingChanges(now("sip:a@192.0.2.1;user=phone;busy=x"), first.seen, NOW, plan);
  assert.deepEqual(second.changes, []);
  const third = forwardingChanges(now("sip:a@192.0.2.1;user=ip"), second.seen, NOW, plan);
  assert.deepEqual(
    third.changes.map(({ kind }) => kind),
    ["always"],
  );
  // What was kept before targets were escaped.
  const kept = { u1: "always=+5351234567;busy=sip:b%3Bc@192.0.2.1" };
  const again = [{ user: "u1", targets: { always: "+5351234567", busy: "sip:b%3Bc@192.0.2.1" } }];
  assert.deepEqual(forwardingChanges(again, kept, NOW, plan).changes, [], "escapes of others are left alone");
});

const sides = new RecordNormaliser({ sites: {}, ownNumbers: ["+576014*", "reception", "@pbx.example.com"] });
const targets: readonly { raw: string; target: string; external: boolean }[] = [
  { raw: "4711", target: "4711", external: false },
  { raw: "alice", target: "alice", external: false },
  { raw: "sip:alice@pbx.example.com;user=phone", target: "alice", external: false },
  { raw: "sip:+5760141234@192.0.2.7", target: "+5760141234", external: false },
  { raw: "sip:alice@192.0.2.7", target: "alice@192.0.2.7", external: true },
  { raw: "<sips:alice@PBX.example.com:5061>", target: "alice", external: false },
  { raw: "alice@example.org", target: "alice@example.org", external: true },
  { raw: "sip:4711@192.0.2.7", target: "4711@192.0.2.7", external: true },
  { raw: "sip:reception@192.0.2.7", target: "reception", external: false },
  { raw: "sip:+12025550101@192.0.2.7", target: "+12025550101", external: true },
];
for (const { raw, target, external } of targets) {
  test(`forwarding: ${raw} is ${external ? "outside" : "ours"}`, () => {
    const found = sides.target(raw, undefined);
    assert.deepEqual([found.target, found.external], [target, external]);
  });
}

const directions: readonly { caller: string; called: string; direction: CallRecord["direction"] }[] = [
  { caller: "4711", called: "sip:bob@example.org", direction: "out" },
  { caller: "sip:bob@example.org", called: "+5760141234", direction: "in" },
  { caller: "sip:alice@pbx.example.com", called: "sip:bob@pbx.example.com", direction: "internal" },
  { caller: "sip:alice@192.0.2.1", called: "sip:bob@192.0.2.1", direction: "internal" },
  { caller: "4711", called: "bob", direction: "internal" },
  { caller: "sip:4711@192.0.2.8", called: "sip:4712@192.0.2.9", direction: "internal" },
];
for (const { caller, called, direction } of directions) {
  test(`direction: from ${caller} to ${called} is ${direction}`, () => {
    const record = sides.normalise({ source: "csv", caller, called, startedAt: NOW });
    assert.ok(record.ok);
    assert.equal(record.value.direction, direction);
  });
}

const WEBEX_ITEM = {
  "Report ID": "rep1",
  "Start time": "2026-03-02T10:00:00.000Z",
  "Release time": "2026-03-02T10:01:05.000Z",
  "Answer time": "2026-03-02T10:00:05.000Z",
  Answered: "true",
  "Answer indicator": "Yes",
  Duration: 60,
  "Ring duration": 5,
  Direction: "ORIGINATING",
  "Call type": "SIP_INTERNATIONAL",
  "Calling number": "+576014000001",
  "Called number": "NA",
  "Dialed digits": "0053591234567",
  "User UUID": "uuid-1",
  Location: "Bogota",
  "Call outcome": "Success",
  "Call outcome reason": "Normal",
  "Related reason": "CallForwardAlways",
  "Redirecting number": "+576014000009",
  "International country": "CU",
  "Correlation ID": "",
};

test("Webex: an item of the feed is read; NA and empty texts are nothing", () => {
  const raw = new WebexRows().read(WEBEX_ITEM);
  assert.ok(raw.ok && raw.value !== undefined);
  const { id, source, direction, called, international, forwardKind, forwardedBy, durationMs, correlation } = raw.value;
  const record = plan.normalise(raw.value);
  assert.equal(record.ok && record.value.outcome, "answered");
  assert.deepEqual(
    { id, source, direction, called, international, forwardKind, forwardedBy, durationMs, correlation },
    {
      id: "rep1",
      source: "webex",
      direction: "out",
      called: "0053591234567",
      international: true,
      forwardKind: "always",
      forwardedBy: "+576014000009",
      durationMs: 60_000,
      correlation: undefined,
    },
  );
  assert.equal(new WebexRows().read("text").ok, false);
});

/** As the service writes legs that nobody took: the outcome is Success all the same. */
const UNANSWERED = { "Answer time": "", Answered: "false", "Answer indicator": "No", Duration: 0 };
const webexOutcomes: readonly {
  name: string;
  change: Readonly<Record<string, unknown>>;
  outcome: CallRecord["outcome"];
}[] = [
  { name: "answered", change: {}, outcome: "answered" },
  { name: "answered after it was sent on", change: { "Answer indicator": "Yes-PostRedirection" }, outcome: "answered" },
  { name: "answered, and then something failed", change: { "Call outcome": "Failure" }, outcome: "answered" },
  { name: "rung, and the caller gave up", change: UNANSWERED, outcome: "no-answer" },
  { name: "not answered", change: { ...UNANSWERED, "Call outcome reason": "NoAnswer" }, outcome: "no-answer" },
  { name: "busy", change: { ...UNANSWERED, "Call outcome reason": "UserBusy" }, outcome: "busy" },
  {
    name: "refused because nobody answered",
    change: { ...UNANSWERED, "Call outcome": "Refusal", "Call outcome reason": "NoAnswerFromUser" },
    outcome: "no-answer",
  },
  {
    name: "refused",
    change: { ...UNANSWERED, "Call outcome": "Refusal", "Call outcome reason": "CallRejected" },
    outcome: "refused",
  },
  {
    name: "failed",
    change: { ...UNANSWERED, "Call outcome": "Failure", "Call outcome reason": "SIP503" },
    outcome: "failed",
  },
  { name: "only the indicator says so", change: { ...UNANSWERED, Answered: "" }, outcome: "no-answer" },
  {
    name: "only the lack of an answer time says so",
    change: { ...UNANSWERED, Answered: "NA", "Answer indicator": "" },
    outcome: "no-answer",
  },
  { name: "only the answer time says so", change: { Answered: "", "Answer indicator": "" }, outcome: "answered" },
];
const WEBEX_COLUMNS = Object.keys(WEBEX_ITEM);
for (const { name, change, outcome } of webexOutcomes) {
  test(`Webex: a call that was ${name} is ${outcome}, from the feed and from its report`, () => {
    const item: Readonly<Record<string, unknown>> = { ...WEBEX_ITEM, ...change };
    const mapping = recogniseMapping(WEBEX_COLUMNS);
    assert.ok(mapping !== undefined);
    const reader = RowReader.of(mapping, WEBEX_COLUMNS, { strict: false, zone: undefined });
    assert.ok(reader.ok);
    const row = reader.value.read(WEBEX_COLUMNS.map((column) => String(item[column])));
    for (const raw of [new WebexRows().read(item), row]) {
      assert.ok(raw.ok && raw.value !== undefined);
      const record = plan.normalise(raw.value);
      assert.ok(record.ok);
      assert.equal(record.value.outcome, outcome);
      assert.equal(record.value.answeredAt === undefined, outcome !== "answered");
      assert.equal(record.value.durationMs, outcome === "answered" ? 60_000 : 0);
    }
  });
}

test("ids of the last two generations are known", () => {
  const ids = new RecentIds(2);
  assert.deepEqual(
    ["a", "b", "a", "c", "d", "a", "e", "a"].map((id) => ids.add(id)),
    [true, true, false, true, true, false, true, true],
  );
});
