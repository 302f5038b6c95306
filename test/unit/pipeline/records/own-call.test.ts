import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CdrDetection,
  DEFAULT_CDR_DETECTION,
  unixMs,
  type CalledId,
  type CallerId,
  type Cdr,
  type TrunkId,
} from "../../../../detection/index.js";
import { CDR_CSV_HEADER, cdrCsvLine } from "../../../../gateway/core/cdr-format.js";
import { recogniseMapping } from "../../../../gateway/pipeline/records/csv-mapping.js";
import { parseCsvRow } from "../../../../gateway/pipeline/records/csv-row.js";
import { RecordNormaliser } from "../../../../gateway/pipeline/records/normaliser.js";
import { rawOfCdr } from "../../../../gateway/pipeline/records/own-call.js";
import { RowReader } from "../../../../gateway/pipeline/records/row-reader.js";

const T0 = Date.UTC(2026, 10, 2, 10);

const cdr = (id: string, startedAt: number, change: Partial<Cdr>): Cdr => ({
  ...{ id, callId: id, caller: "+12025550101" as CallerId, called: "+12025550199" as CalledId },
  ...{ trunk: "pbx" as TrunkId, endedBy: "called", cause: "failed", emergency: false, durationMs: 0, status: 407 },
  ...{ startedAt: unixMs(startedAt), endedAt: unixMs(startedAt + 50) },
  ...change,
});

function findingsOf(cdrs: readonly Cdr[]): string[] {
  const detection = CdrDetection.of(DEFAULT_CDR_DETECTION);
  assert.ok(detection.ok);
  const normaliser = new RecordNormaliser({ sites: {}, ownNumbers: ["+12025550101"] });
  return cdrs.flatMap((each) => {
    const record = normaliser.normalise(rawOfCdr(each));
    assert.ok(record.ok);
    return detection.value.observe(record.value).map(({ rule, severity }) => `${rule} ${severity}`);
  });
}

const cases: readonly { name: string; change: Partial<Cdr>; failure: string | undefined }[] = [
  { name: "a challenge", change: { status: 407 }, failure: undefined },
  { name: "a challenge of credentials", change: { status: 407, hadCredentials: true }, failure: "authentication" },
  {
    name: "a registrar's challenge of credentials",
    change: { status: 401, hadCredentials: true },
    failure: "authentication",
  },
  { name: "forbidden", change: { status: 403, hadCredentials: true }, failure: "other" },
  { name: "no such number", change: { status: 404 }, failure: "unallocated" },
];
for (const { name, change, failure } of cases)
  test(`own call: ${name} is ${failure ?? "no failure"}`, () => {
    assert.equal(rawOfCdr(cdr("a", T0, change)).failure, failure);
  });

test("twelve honest calls within five minutes, each challenged by the carrier first, are no guessed passwords", () => {
  const calls = Array.from({ length: 12 }, (_, i) => T0 + i * 24_000).flatMap((at, i) => [
    cdr(`challenged-${i}`, at, {}),
    cdr(`call-${i}`, at + 60, {
      ...{ status: 200, hadCredentials: true, answeredAt: unixMs(at + 3_000) },
      ...{ endedAt: unixMs(at + 20_000), durationMs: 17_000 },
    }),
  ]);
  assert.deepEqual(findingsOf(calls), []);
  const guesses = Array.from({ length: 12 }, (_, i) => cdr(`guess-${i}`, T0 + i * 2_000, { hadCredentials: true }));
  assert.equal(findingsOf(guesses)[0], "failed-authentication high");
});

test("whether a call was encrypted goes into its record where it is known", () => {
  const normaliser = new RecordNormaliser({ sites: {}, ownNumbers: [] });
  for (const encrypted of [true, false, undefined]) {
    const record = normaliser.normalise(rawOfCdr(cdr("x", T0, encrypted === undefined ? {} : { encrypted })));
    assert.equal(record.ok && record.value.encrypted, encrypted);
  }
});

test("an export that is read back says of each final status what the call itself said", () => {
  const cells = (line: string): readonly string[] => {
    const read = parseCsvRow(line.trimEnd(), ",");
    assert.ok(read.ok);
    return read.value;
  };
  const header = cells(CDR_CSV_HEADER);
  const mapping = recogniseMapping(header);
  assert.ok(mapping !== undefined);
  const reader = RowReader.of(mapping, header, { strict: true, zone: undefined });
  assert.ok(reader.ok);
  for (const status of [401, 403, 404, 407, 408, 410, 480, 484, 486, 487, 500, 503, 600, 603, 604, 607, 608]) {
    const call = cdr("a", T0, { status });
    const read = reader.value.read(cells(cdrCsvLine(call)));
    assert.ok(read.ok && read.value !== undefined);
    const { outcome, failure } = rawOfCdr(call);
    assert.deepEqual([status, read.value.outcome, read.value.failure], [status, outcome, failure]);
  }
});

test("what led to a call goes into its record, and who of us sent it on answers for it", () => {
  const normaliser = new RecordNormaliser({ sites: {}, ownNumbers: ["+12025550101"] });
  const recordOf = (change: Partial<Cdr>) => {
    const record = normaliser.normalise(rawOfCdr(cdr("x", T0, { caller: "+4930123456" as CallerId, ...change })));
    assert.ok(record.ok);
    return record.value;
  };
  const forwarded = { kind: "no-answer", by: "+12025550101" } as const;
  const sentOn = recordOf({ origin: { related: "before", forwarded } });
  assert.deepEqual([sentOn.user, sentOn.forwarded, sentOn.links], ["+12025550101", forwarded, { related: "before" }]);
  const byStranger = recordOf({ origin: { forwarded: { kind: "always", by: "+4930999999" } } });
  assert.equal(byStranger.user, "+4930123456");
  const toUs = recordOf({ called: "+12025550101" as CalledId, origin: { forwarded } });
  assert.deepEqual([toUs.direction, toUs.user], ["in", "+12025550101"]);
  // What a telephone of ours writes does not make others answer for its calls.
  const byUs = { sites: {}, ownNumbers: ["+12025550101", "+12025550102"] };
  const own = new RecordNormaliser(byUs).normalise(
    rawOfCdr(
      cdr("x", T0, { caller: "+12025550102" as CallerId, called: "+4930123456" as CalledId, origin: { forwarded } }),
    ),
  );
  assert.ok(own.ok);
  assert.deepEqual([own.value.direction, own.value.user], ["out", "+12025550102"]);
  const transferred = recordOf({ origin: { transfer: "before", forwarded: { kind: "transfer" } } });
  assert.deepEqual([transferred.links, transferred.forwarded], [{ transfer: "before" }, { kind: "transfer" }]);
  assert.equal(recordOf({}).links, undefined);
});
