import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CdrDetection,
  DEFAULT_CDR_DETECTION,
  type CallRecord,
  type CdrDetectionOptions,
  type CdrFinding,
  type CdrRule,
  type SavedPart,
  type SettingChange,
  type UnixMs,
} from "../../../../detection/index.js";
import { FRAUDS, fraudOf, type FraudKind } from "../../../../scripts/cdr-traffic/frauds.js";
import { population, SITE_OPTIONS } from "../../../../scripts/cdr-traffic/population.js";
import { timeOf, traffic, type TrafficItem } from "../../../../scripts/cdr-traffic/traffic.js";
import { Seeded } from "../../../../detection/index.js";
import { JANUARY } from "../../../support/cdr/evaluate.js";

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const PEOPLE = { users: 60, seed: 5 };
const HONEST_DAYS = 32;

function detection(options: Partial<CdrDetectionOptions> = {}): CdrDetection {
  const made = CdrDetection.of({ ...DEFAULT_CDR_DETECTION, sites: SITE_OPTIONS, ...options });
  assert.ok(made.ok, JSON.stringify(made));
  return made.value;
}

function feed(into: CdrDetection, items: Iterable<TrafficItem>): CdrFinding[] {
  const found: CdrFinding[] = [];
  for (const item of items)
    found.push(...(item.kind === "call" ? into.observe(item.record) : into.changed(item.change)));
  return found;
}

const honest = [...traffic({ ...PEOPLE, days: HONEST_DAYS, from: JANUARY, honestDays: HONEST_DAYS, fraudsPerDay: 0 })];
/** A month of honest work, learned once. */
const learned: readonly SavedPart[] = ((): readonly SavedPart[] => {
  const learning = detection({ thresholds: { ...DEFAULT_CDR_DETECTION.thresholds, forestRows: 100 } });
  feed(learning, honest);
  assert.ok(learning.stats.trained, "the forest has grown");
  return JSON.parse(JSON.stringify([...learning.save()])) as SavedPart[];
})();

function experienced(options: Partial<CdrDetectionOptions> = {}): CdrDetection {
  const made = detection(options);
  for (const part of learned) assert.ok(made.load(part));
  return made;
}

function attack(kind: FraudKind, seed = 3): TrafficItem[] {
  const dayStart = JANUARY + HONEST_DAYS * DAY_MS;
  const { drafts, changes } = fraudOf(kind, "strong", {
    users: population(PEOPLE),
    dayStart,
    random: new Seeded(seed),
  });
  const calls = drafts.map((draft, at): TrafficItem => {
    const record: CallRecord = { id: `f${at}`, source: "csv", callId: `f${at}`, ...draft };
    return { kind: "call", record, label: undefined };
  });
  const set = changes.map((change): TrafficItem => ({
    kind: "change",
    change: { id: "s1", ...change },
    label: undefined,
  }));
  return [...set, ...calls].sort((a, b) => timeOf(a) - timeOf(b));
}

const RULE_OF: Readonly<Record<FraudKind, CdrRule>> = {
  "toll-fraud": "unusual-international",
  "premium-rate": "revenue-share",
  "mass-dialling": "mass-dialling",
  autodialler: "mass-dialling",
  forwarding: "call-forwarding",
  wangiri: "wangiri",
  "traffic-pumping": "traffic-pumping",
  "sim-box": "sim-box",
  "number-scan": "number-scan",
  "shared-account": "concurrent-calls",
  "runaway-user": "behaviour-change",
  "password-guessing": "failed-authentication",
};
for (const kind of FRAUDS)
  test(`call records: ${kind} is found by ${RULE_OF[kind]}, as one incident with its figures`, () => {
    const found = feed(experienced(), attack(kind)).filter(({ rule }) => rule === RULE_OF[kind]);
    assert.ok(found.length > 0, "nothing was found");
    const opened = found.filter(({ change }) => change === "opened");
    const subjects = new Set(found.map(({ subject }) => subject));
    assert.equal(opened.length, subjects.size, "one incident a subject");
    for (const finding of found) {
      assert.ok(finding.score > 0 && finding.score <= 1, String(finding.score));
      assert.ok(Object.keys(finding.evidence).length > 0);
      assert.ok(Object.values(finding.evidence).every(Number.isFinite), JSON.stringify(finding.evidence));
      assert.ok(finding.records.length <= 20 && finding.recordCount >= finding.records.length);
    }
  });

test("a rule that is off says nothing, one in shadow says so", () => {
  const modes = { ...DEFAULT_CDR_DETECTION.modes, "mass-dialling": "off", "concurrent-calls": "shadow" } as const;
  const found = feed(experienced({ modes }), attack("mass-dialling"));
  assert.ok(found.length > 0);
  assert.ok(found.every(({ rule }) => rule !== "mass-dialling"));
  assert.deepEqual(
    new Set(found.filter(({ rule }) => rule === "concurrent-calls").map(({ mode }) => mode)),
    new Set(["shadow"]),
  );
});

test("an incident is told again when it has twice as many calls or is worse, and closed when it was quiet", () => {
  const watching = experienced();
  const found = feed(watching, attack("wangiri")).filter(({ rule }) => rule === "wangiri");
  const [first] = found;
  assert.equal(first?.change, "opened");
  const updates = found.filter(({ change }) => change === "updated");
  assert.ok(updates.length >= 2 && updates.length < 20, `${updates.length} updates`);
  assert.ok(
    updates.some(({ severity }) => severity === "critical"),
    "calls back make it worse",
  );
  const last = watching.latest;
  assert.ok(
    watching.tick((last + 5 * 3_600_000) as UnixMs).every(({ rule }) => rule !== "wangiri"),
    "not quiet for long enough",
  );
  const closed = watching.tick((last + 7 * 3_600_000) as UnixMs).filter(({ rule }) => rule === "wangiri");
  assert.deepEqual(
    closed.map(({ id, change }) => [id, change]),
    [[first.id, "closed"]],
  );
});

test("the same records give the same findings, whatever the clock says", () => {
  const once = feed(experienced(), attack("toll-fraud"));
  assert.deepEqual(feed(experienced(), attack("toll-fraud")), once);
});

test("records that come out of order are counted as if they had not", () => {
  const items = attack("mass-dialling");
  const shuffled = new Seeded(8).shuffle([...items]);
  const rules = (found: readonly CdrFinding[]): CdrRule[] => [...new Set(found.map(({ rule }) => rule))].sort();
  assert.ok(rules(feed(experienced(), shuffled)).includes("mass-dialling"));
});

test("records that are two days late raise nothing", () => {
  const watching = experienced();
  const later = attack("number-scan").at(-1);
  assert.ok(later?.kind === "call");
  const at = (later.record.startedAt + 3 * DAY_MS) as UnixMs;
  for (const id of ["later", "later-2", "later-3"])
    watching.observe({ ...later.record, id, startedAt: at, endedAt: at });
  assert.deepEqual(feed(watching, attack("mass-dialling")), []);
});

const YEAR_MS = 365 * DAY_MS;
const wrongYear = (): CallRecord => {
  const [item] = attack("mass-dialling");
  assert.ok(item?.kind === "call");
  const at = (item.record.startedAt + 73 * YEAR_MS) as UnixMs;
  return { ...item.record, id: "wrong", user: "somebody-else", startedAt: at, endedAt: at };
};
const found = (watching: CdrDetection): string[] =>
  feed(watching, attack("mass-dialling")).map(({ rule, change, subject }) => `${rule} ${change} ${subject}`);

test("one record with a wrong year hides nothing: before the first of all, or amid the others, and not after a restart", () => {
  const expected = found(experienced());
  assert.ok(expected.length > 0);
  const watching = experienced();
  watching.observe(wrongYear());
  const restarted = detection();
  for (const part of JSON.parse(JSON.stringify([...watching.save()])) as SavedPart[]) restarted.load(part);
  assert.deepEqual(found(watching), expected);
  assert.deepEqual(found(restarted), expected);
  const plain = found(detection());
  const fresh = detection();
  fresh.observe(wrongYear());
  assert.ok(plain.length > 0);
  assert.deepEqual(found(fresh), plain);
});

test("a clock that is a year ahead closes incidents, and blinds nobody", () => {
  const expected = found(experienced());
  const watching = experienced();
  watching.tick((watching.latest + YEAR_MS) as UnixMs);
  assert.deepEqual(found(watching), expected);
});

test("who is guarded is not reported: a user, a number, a prefix", () => {
  const [item] = attack("mass-dialling");
  assert.ok(item?.kind === "call");
  for (const guard of [
    [item.record.user],
    [`${item.record.user.slice(0, -1)}*`],
    [`${item.record.called.slice(0, 4)}*`],
  ])
    assert.deepEqual(feed(experienced({ guard }), attack("mass-dialling")), [], String(guard));
});

test("emergency calls are never part of anything", () => {
  const emergency = attack("mass-dialling").map((item): TrafficItem =>
    item.kind === "call" ? { ...item, record: { ...item.record, numberClass: "emergency" } } : item,
  );
  assert.deepEqual(feed(experienced(), emergency), []);
});

const CHANGE: SettingChange = {
  id: "s1",
  user: "madrid-1",
  site: "madrid",
  at: Date.parse("2026-03-03T10:00:00Z") as UnixMs,
  setting: "call-forwarding",
  kind: "always",
  enabled: true,
  target: "+12025550123",
  numberClass: "fixed-or-mobile",
  international: false,
  external: true,
};
const changes: readonly (readonly [name: string, change: Partial<SettingChange>, severity: string | undefined])[] = [
  ["to an outside number in business hours is nothing", {}, undefined],
  [
    "to an inside number at night is nothing",
    { external: false, at: Date.parse("2026-03-03T23:00:00Z") as UnixMs },
    undefined,
  ],
  ["to an outside number at night", { at: Date.parse("2026-03-03T23:00:00Z") as UnixMs }, "medium"],
  ["abroad", { international: true, country: "CU" }, "high"],
  ["to a premium number", { numberClass: "premium" }, "critical"],
  ["that is taken back is nothing", { enabled: false, numberClass: "premium" }, undefined],
];
for (const [name, change, severity] of changes)
  test(`forwarding set ${name}`, () => {
    assert.equal(detection().changed({ ...CHANGE, ...change })[0]?.severity, severity);
  });

const SENT_ON: CallRecord = {
  id: "sent-on",
  source: "csv",
  callId: "sent-on",
  user: "madrid-1",
  site: "madrid",
  direction: "out",
  caller: "+12025550101",
  called: "+34600000001",
  country: "ES",
  numberClass: "mobile",
  international: false,
  startedAt: Date.parse("2026-03-03T23:00:00Z") as UnixMs,
  endedAt: Date.parse("2026-03-03T23:01:00Z") as UnixMs,
  durationMs: 60_000,
  outcome: "answered",
  forwarded: { kind: "always", by: "madrid-1" },
};
const DAYTIME = Date.parse("2026-03-03T10:00:00Z") as UnixMs;
const sentOn: readonly (readonly [name: string, change: Partial<CallRecord>, severity: string | undefined])[] = [
  ["to an outside number at night", {}, "medium"],
  ["to an outside number in business hours is nothing", { startedAt: DAYTIME, endedAt: DAYTIME }, undefined],
  ["inside at night is nothing", { direction: "internal", called: "4711", numberClass: "internal" }, undefined],
  ["to voicemail at night is nothing", { called: "*97", numberClass: "short-code" }, undefined],
  ["by a transfer is nothing", { forwarded: { kind: "transfer", by: "madrid-1" } }, undefined],
  ["to a premium number", { numberClass: "premium" }, "critical"],
];
for (const [name, change, severity] of sentOn)
  test(`a call sent on ${name}`, () => {
    const found = detection().observe({ ...SENT_ON, ...change });
    assert.equal(found.find(({ rule }) => rule === "call-forwarding")?.severity, severity);
  });

test("a site that nobody configured has the default hours by its own clock, once its zone is known", () => {
  const watching = detection();
  const rulesOf = (id: string, called: string): readonly string[] =>
    watching.observe({ ...SENT_ON, id, called, site: "austin" }).map(({ rule }) => rule);
  assert.deepEqual(rulesOf("before", "+34600000001"), ["call-forwarding"]);
  // 23:00 UTC is 17:00 there.
  watching.place("austin", "-06:00");
  assert.deepEqual(rulesOf("after", "+34600000002"), []);
  watching.place("austin", "+01:00");
  assert.deepEqual(rulesOf("moved", "+34600000003"), ["call-forwarding"]);
  watching.place("madrid", "-06:00");
  assert.ok(
    watching.observe({ ...SENT_ON, id: "named", user: "madrid-2", forwarded: { kind: "always", by: "madrid-2" } })
      .length > 0,
    "a site that is configured stays where it is",
  );
});

test("calls that are sent on to the same number night after night are told once", () => {
  const watching = detection();
  const told = Array.from({ length: 40 }, (_, night) => {
    const at = (SENT_ON.startedAt + night * DAY_MS) as UnixMs;
    return watching.observe({ ...SENT_ON, id: `n${night}`, startedAt: at, endedAt: at });
  }).flat();
  assert.equal(told.filter(({ rule, change }) => rule === "call-forwarding" && change === "opened").length, 1);
  const at = (SENT_ON.startedAt + 39 * DAY_MS + 60_000) as UnixMs;
  const other = watching.observe({ ...SENT_ON, id: "other", called: "+34600000002", startedAt: at, endedAt: at });
  assert.ok(other.some(({ rule }) => rule === "call-forwarding"));
});

test("a month of honest work of 60 people raises next to nothing", () => {
  const found = feed(detection(), honest).filter(({ change }) => change === "opened");
  assert.ok(
    found.length <= 6,
    found.map(({ rule, subject, evidence }) => `${rule} ${subject} ${JSON.stringify(evidence)}`).join("\n"),
  );
});

test("users are forgotten beyond the limit, the one seen longest ago first", () => {
  const small = detection({ maxUsers: 10 });
  feed(small, honest.slice(0, 2_000));
  assert.equal(small.stats.users, 10);
});

test("a site that cannot be used is named", () => {
  const made = CdrDetection.of({
    ...DEFAULT_CDR_DETECTION,
    sites: { here: { timeZone: "Nowhere/Here", open: {}, holidays: [] } },
  });
  assert.deepEqual(made.ok ? undefined : [made.error.site, made.error.code], ["here", "site.time-zone"]);
});

test("detectors that go on from what was saved tell what those tell that never stopped, wherever they stopped", () => {
  const thresholds = { ...DEFAULT_CDR_DETECTION.thresholds, forestRows: 50 };
  const items = [...traffic({ users: 40, seed: 9, days: 24, from: JANUARY, honestDays: 10, fraudsPerDay: 4 })];
  const expected = feed(detection({ thresholds }), items);
  assert.ok(new Set(expected.map(({ rule }) => rule)).size >= 8, "most rules have told something");
  const random = new Seeded(77);
  let running = detection({ thresholds });
  const found: CdrFinding[] = [];
  for (let at = 0; at < items.length;) {
    const until = at + 1 + random.below(Math.ceil(items.length / 12));
    found.push(...feed(running, items.slice(at, until)));
    at = until;
    const saved = JSON.parse(JSON.stringify([...running.save()])) as SavedPart[];
    running = detection({ thresholds });
    for (const part of saved) assert.ok(running.load(part));
  }
  assert.deepEqual(found, expected);
});

test("parts of a saved detection that are not ours do no harm", () => {
  const watching = detection();
  assert.equal(watching.load({ part: "something" } as never), false);
});

test("of too many incidents the one that has been quiet for longest is closed, and told so", () => {
  const watching = detection({ maxIncidents: 3 });
  const set = (user: string, at: number) =>
    watching.changed({ ...CHANGE, id: `${user}${at}`, user, at: at as UnixMs, international: true });
  const told = ["a", "b", "c", "a", "d"].flatMap((user, i) => set(user, CHANGE.at + i));
  assert.deepEqual(
    told.map(({ change, subject }) => `${change} ${subject}`),
    ["opened a", "opened b", "opened c", "updated a", "closed b", "opened d"],
  );
  assert.equal(watching.stats.incidents, 3);
});

test("an incident that was quiet is closed before its like opens anew, though no sweep came between", () => {
  const watching = detection();
  const set = (at: number) => watching.changed({ ...CHANGE, id: `s${at}`, at: at as UnixMs, international: true });
  watching.tick((CHANGE.at + DAY_MS) as UnixMs);
  const late = CHANGE.at + DAY_MS - 20 * 3_600_000;
  const told = [...set(late), ...set(late + 7 * 3_600_000)];
  assert.deepEqual(
    told.map(({ change, firstAt }) => `${change} ${firstAt - late}`),
    ["opened 0", "closed 0", "opened 25200000"],
  );
});

test("what was saved by another version is not taken", () => {
  assert.equal(detection().load({ part: "head", version: 1 as never, at: 0, sweptAt: 0 }), false);
});

test("records with strange values do no harm", () => {
  const base = honest.find((item) => item.kind === "call");
  assert.ok(base?.kind === "call");
  const odd: Partial<CallRecord>[] = [
    { user: "", called: "", caller: "" },
    { startedAt: 0 as UnixMs, endedAt: 0 as UnixMs },
    { startedAt: -5 as UnixMs },
    { endedAt: (base.record.startedAt - DAY_MS) as UnixMs },
    { durationMs: 400 * DAY_MS, endedAt: (base.record.startedAt + 400 * DAY_MS) as UnixMs },
    { called: `+${"9".repeat(200)}` },
    { called: "sip:üñí@example.com", site: "nowhere" },
    { ringMs: -1 },
    { user: "__proto__", country: "constructor" },
  ];
  const watching = experienced();
  for (const [at, each] of odd.entries())
    for (let i = 0; i < 50; i++)
      watching.observe({
        ...base.record,
        id: `o${at}-${i}`,
        startedAt: (watching.latest + MINUTE_MS) as UnixMs,
        ...each,
      });
  assert.ok(watching.stats.users > 0);
});
