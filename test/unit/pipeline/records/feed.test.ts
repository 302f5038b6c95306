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
