import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "csv-parse/sync";
import { unixMs, type CalledId, type CallerId, type Cdr, type TrunkId } from "../../../detection/index.js";
import { unguarded } from "../../../gateway/core/cdr-format.js";
import { apiHarness } from "../../support/api-harness.js";

/** Text as a caller can put it into From or User-Agent. R5: a service that joins JSON from strings lets it add fields. */
const HOSTILE = [
  'x","call_id":"injected","detected":true,"a":"',
  "\\",
  '"',
  "line\r\nbreak: injected",
  '=HYPERLINK("http://198.51.100.1","x")',
  "'; DROP TABLE cdrs; --",
  "<script>alert(1)</script>",
  "\u2028\u202Etxt.exe",
  "emoji 📞 and a lone \uD800 half",
];

for (const text of HOSTILE) {
  test(`R5: ${JSON.stringify(text)} as caller, switch or trunk stays one piece of data`, async () => {
    const { ask, control } = await apiHarness();
    const event = { call_id: text, a_number: text, b_number: "B999", switch_id: text, trunk: text };
    const answer = await ask("POST", "/events/batch", { body: { events: [event, { ...event, call_id: "second" }] } });
    const { results } = answer.json<{ results: { call_id: string; detected: boolean }[] }>();
    assert.deepEqual(
      results.map(({ call_id, detected }) => [call_id, detected]),
      [
        [text, false],
        ["second", false],
      ],
    );
    assert.equal(control.reported.length, 2);
    assert.equal(control.reported[0]?.aNumber, text);
    assert.equal(control.reported[0].switchId, text);
  });

  test(`R5: ${JSON.stringify(text)} in a CDR comes out of CSV and JSON lines as it is, and harmless to a spreadsheet`, async () => {
    const { ask, store } = await apiHarness();
    await store.write([
      { kind: "cdr", cdr: cdr("1", text) },
      { kind: "cdr", cdr: cdr("2", "+12025550102") },
    ]);
    const csv = await ask("GET", "/api/v1/cdrs/export?format=csv", { as: "viewer" });
    assert.match(String(csv.headers["content-type"]), /^text\/csv/);
    const rows = parse(csv.body, { columns: true }) as unknown as Record<string, string>[];
    assert.equal(rows.length, 2);
    const cell = rows[0]?.["caller"] ?? "";
    assert.equal(unguarded(cell), Buffer.from(text).toString());
    assert.doesNotMatch(cell, /(?:^|[;\t\r\n])[\s"]*[=+@-]/);
    assert.equal(rows[1]?.["caller"], "+12025550102");

    const jsonl = await ask("GET", "/api/v1/cdrs/export?format=jsonl", { as: "viewer" });
    const lines = jsonl.body.trimEnd().split("\n");
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as Cdr).caller),
      [text, "+12025550102"],
    );
    const listed = (await ask("GET", "/api/v1/cdrs", { as: "viewer" })).json<{ caller: string }[]>();
    assert.ok(listed.some(({ caller }) => caller === text));
  });
}

test("NUL, which databases refuse, is refused at the door", async () => {
  const { ask, control } = await apiHarness();
  const answer = await ask("POST", "/event", { body: { call_id: "a\0b", a_number: "A", b_number: "B" } });
  assert.equal(answer.statusCode, 400);
  assert.deepEqual(control.reported, []);
});

function cdr(id: string, caller: string): Cdr {
  return {
    id,
    callId: `call-${id}`,
    caller: caller as CallerId,
    called: "+12025550199" as CalledId,
    trunk: "default" as TrunkId,
    startedAt: unixMs(1_700_000_000_000 + Number(id)),
    endedAt: unixMs(1_700_000_001_000),
    durationMs: 0,
    status: 603,
    endedBy: "gateway",
    cause: "fraud",
    emergency: false,
  };
}
