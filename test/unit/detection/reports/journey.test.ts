import assert from "node:assert/strict";
import { test } from "node:test";
import { CallJourney, journeyDocument, unixMs, type CallRecord } from "../../../../detection/index.js";
import { callRecord, NOW, PERIOD, rulesFor } from "../../../support/cdr/report-scene.js";

const leg = (id: string, second: number, given: Partial<CallRecord> = {}): CallRecord =>
  callRecord({
    id,
    startedAt: unixMs(PERIOD.from + second * 1000),
    endedAt: unixMs(PERIOD.from + second * 1000 + 30_000),
    ...given,
  });

function gather(seed: CallRecord, all: readonly CallRecord[]): CallJourney {
  const journey = new CallJourney(seed);
  for (let added = 1; added > 0;) added = all.filter((each) => journey.offer(each)).length;
  return journey;
}

const cases: readonly {
  readonly name: string;
  readonly records: readonly CallRecord[];
  readonly expected: readonly string[];
}[] = [
  { name: "a call alone", records: [leg("a", 0), leg("x", 5)], expected: ["a first 0"] },
  {
    name: "a shared correlation",
    records: [leg("a", 0, { links: { correlation: "k" } }), leg("b", 9, { links: { correlation: "k" } })],
    expected: ["a first 0", "b correlation 0"],
  },
  {
    name: "a transfer, and a forward of what was transferred",
    records: [
      leg("a", 0),
      leg("b", 10, { links: { transfer: "a" } }),
      leg("c", 20, { links: { related: "b" }, forwarded: { kind: "no-answer", by: "bob" } }),
    ],
    expected: ["a first 0", "b transfer 1", "c related 2"],
  },
  {
    name: "forwarded by who was called before, in the same conversation",
    records: [
      leg("a", 0, { user: "bob", links: { correlation: "k" } }),
      leg("b", 5, { links: { correlation: "k" }, forwarded: { kind: "busy", by: "bob" } }),
    ],
    expected: ["a first 0", "b forwarded 1"],
  },
  {
    name: "legs that name each other in a circle",
    records: [leg("a", 0, { links: { related: "b" } }), leg("b", 5, { links: { related: "a" } })],
    expected: ["a first 0", "b related 1"],
  },
  {
    name: "empty links link nothing",
    records: [leg("a", 0, { links: { correlation: "", related: "" } }), leg("b", 5, { links: { correlation: "" } })],
    expected: ["a first 0"],
  },
];
for (const { name, records, expected } of cases) {
  for (const order of ["as written", "backwards"] as const) {
    test(`journey, ${order}: ${name}`, () => {
      const [seed] = records;
      assert.ok(seed !== undefined);
      const journey = gather(seed, order === "backwards" ? records.toReversed() : records);
      assert.deepEqual(
        journey.legs().map(({ record, because, depth }) => `${record.id} ${because} ${depth}`),
        expected,
      );
    });
  }
}

test("any leg leads to the whole journey", () => {
  const records = [leg("a", 0), leg("b", 10, { links: { transfer: "a" } }), leg("c", 20, { links: { related: "b" } })];
  for (const seed of records) assert.equal(gather(seed, records).legs().length, 3, seed.id);
});

test("a journey is cut at its limit, and says so", () => {
  const records = Array.from({ length: 300 }, (_, index) => leg(`l${index}`, index, { links: { correlation: "k" } }));
  const [seed] = records;
  assert.ok(seed !== undefined);
  const journey = gather(seed, records);
  assert.equal(journey.legs().length, 200);
  assert.equal(journey.limits.length, 1);
});

test("the document says where the call went, without whole numbers", () => {
  const records = [
    leg("a", 0, { user: "bob" }),
    leg("b", 10, {
      links: { related: "a" },
      called: "+573001234567",
      country: "CO",
      international: true,
      forwarded: { kind: "always", by: "bob" },
    }),
  ];
  const [seed] = records;
  assert.ok(seed !== undefined);
  const document = journeyDocument(gather(seed, records).legs(), { now: NOW, rules: rulesFor(), limits: [] });
  assert.ok(document.summary.includes("It was sent on abroad once."));
  assert.ok(!JSON.stringify(document).includes("+573001234567"));
});

test("a journey has no whole number where users, who sent it on, and Call-IDs are or hold one", () => {
  const [user, by, callId] = ["+14155550123", "+14155550124", "4155550125-77@h"];
  const records = [
    leg("a", 0, { user, callId }),
    leg("b", 10, { user, links: { related: callId }, forwarded: { kind: "always", by } }),
  ];
  const [seed] = records;
  assert.ok(seed !== undefined);
  const legs = gather(seed, records).legs();
  const of = (numbers: "masked" | "full"): string =>
    JSON.stringify(journeyDocument(legs, { now: NOW, rules: rulesFor({ numbers }), limits: [] }));
  for (const number of ["4155550123", "4155550124", "4155550125"]) {
    assert.ok(!of("masked").includes(number), number);
    assert.ok(of("full").includes(number), number);
  }
});
