import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadLogKey } from "../../../../gateway/adapters/log-pino/log-key.js";
import { createPinoLog, type LogLevel } from "../../../../gateway/adapters/log-pino/pino-log.js";
import { GatewayError } from "../../../../gateway/core/errors.js";
import { sensitiveAddress, sensitiveNumber, sensitiveUri } from "../../../../gateway/core/log.js";

const KEY = new Uint8Array(32).fill(7);

function recording(level: LogLevel = "debug", showNumbers = false, key = KEY) {
  const lines: string[] = [];
  const log = createPinoLog({ level, showNumbers, key, destination: { write: (line) => lines.push(line) } });
  const last = (): Record<string, unknown> => JSON.parse(lines.at(-1)!) as Record<string, unknown>;
  return { log, lines, last };
}

const SECRETS = ["12025550142", "202-555-0142", "202 555 0142", "192.0.2.44", "2001:db8::44", "alice", "5550142"];

test("no number, URI or address leaves through any field, message, cause or stack", () => {
  const { log, lines } = recording();
  const cause = new Error("INVITE sip:+12025550142@192.0.2.44:5060 SIP/2.0 refused by [2001:db8::44]:5061");
  log.info("call.started", {
    caller: sensitiveNumber("+12025550142"),
    target: sensitiveUri("sip:alice@192.0.2.44"),
    source: sensitiveAddress("2001:db8::44"),
  });
  log.warn("loose.text", {
    a: "called +1 (202) 555-0142 twice",
    b: "from 202-555-0142, 202 555 0142 or 2025550142",
    c: 'via <sip:alice@example.com;user=phone>, "sips:alice@example.com", tel:+12025550142;phone-context=x',
    d: "at 192.0.2.44:5060 and ::ffff:192.0.2.44 and 2001:db8::44 and [2001:db8:0:0::44]:5061.",
    e: "12025550142",
    h: "from2001:db8::44to192.0.2.44x",
    g: "glued a12025550142 and abcdef12025550142fed",
    f: "call-12025550142@192.0.2.44",
  });
  log.error("it.failed", {}, new GatewayError("sip.transport", "no route to 192.0.2.44", { cause }));
  log.error("it.failed", {}, new AggregateError([cause, "sip:alice@example.com"], "both of +12025550142 failed"));
  log.error("it.failed", {}, "thrown text about 12025550142");
  log
    .child({ caller: sensitiveNumber("+12025550142"), text: "2025550142" })
    .error("child.line", { text: "2001:db8::44" });
  log.debug("event with 12025550142 in it");
  assert.equal(lines.length, 7);
  for (const line of lines) for (const secret of SECRETS) assert.ok(!line.includes(secret), `${secret} in ${line}`);
});

test("the same value has the same hash, another value or key another: lines can be joined, numbers not tried out", () => {
  const hashOf = (number: string, key = KEY) => {
    const { log, last } = recording("info", false, key);
    log.info("x", { caller: sensitiveNumber(number) });
    return last()["caller"];
  };
  assert.match(String(hashOf("+12025550142")), /^<number [a-p]{12}>$/);
  assert.equal(hashOf("+12025550142"), hashOf("+12025550142"));
  assert.notEqual(hashOf("+12025550142"), hashOf("+12025550143"));
  assert.notEqual(hashOf("+12025550142"), hashOf("+12025550142", new Uint8Array(32).fill(8)));
});

const kept = [
  "alert-11063771758b2013 of inc-0123456789012345",
  "550e8400-e29b-41d4-a716-446655440000",
  "9f86d081884c7d659a2feaa0c55ad015",
  "0".repeat(64),
  "9f8612345678901d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  "2026-11-20T15:04:05.123Z",
  "took 12:34:56 and 120 ms",
  "0.0.0.0",
  "::",
  "trunk-7",
  "A001",
  "503 Service Unavailable",
];
for (const text of kept)
  test(`what identifies nobody stays readable: ${text}`, () => {
    const { log, last } = recording();
    log.info("x", { text });
    assert.equal(last()["text"], text);
  });

const OWN_IDS: readonly (readonly [field: string, id: string])[] = [
  ["job", "dcd90f45b74d055bf5a1e12025550142"],
  ["case", "case-12025550142a0199"],
  ["alert", "alert-11063771758b2013"],
  ["incident", "inc-12025550142a0199"],
  ["delivery", "test-12025550142a0199"],
  ["delivery", "case-12025550142a0199.3.mail"],
];
for (const [field, id] of OWN_IDS)
  test(`an id of our own stays whole, to be looked up as it stands there, with many figures in a row too: ${field} ${id}`, () => {
    const { log, last } = recording();
    log.warn("x", { [field]: id });
    assert.equal(last()[field], id);
    log.child({ [field]: id }).warn("x");
    assert.equal(last()[field], id);
  });

const NO_IDS: readonly (readonly [field: string, value: string])[] = [
  ["job", "12025550142"],
  ["job", "+12025550142"],
  ["job", "0012025550142000"],
  ["job", "a12025550142"],
  ["job", "dcd90f45b74d055bf5a1e12025550142 of 12025550142"],
  ["alert", "sip:12025550142@192.0.2.44"],
  ["case", "case-12025550142"],
  ["case", "case-0000012025550142"],
  ["call", "dcd90f45b74d055bf5a1e12025550142"],
  ["text", "dcd90f45b74d055bf5a1e12025550142"],
];
for (const [field, value] of NO_IDS)
  test(`what is no id of our own is masked in a field for them, and one that others choose everywhere: ${field} ${value}`, () => {
    const { log, last } = recording();
    log.warn("x", { [field]: value });
    assert.match(String(last()[field]), /<\w+ [a-p]{12}>/);
    for (const secret of SECRETS) assert.ok(!String(last()[field]).includes(secret));
  });

test("showNumbers prints everything as it is", () => {
  const { log, last } = recording("info", true);
  log.info("x", { caller: sensitiveNumber("+12025550142"), text: "at 192.0.2.44" });
  assert.deepEqual([last()["caller"], last()["text"]], ["+12025550142", "at 192.0.2.44"]);
});

test("a line is one JSON object with level, ISO time, event and fields; a field cannot take their place or start a new line", () => {
  const { log, lines, last } = recording();
  log.warn("hop.down", { failures: 3, up: false, level: "forged", text: 'x"}\n{"level":"error"', nothing: undefined });
  const line = last();
  assert.equal(line["level"], "warn");
  assert.equal(line["_level"], "forged");
  assert.equal(line["event"], "hop.down");
  assert.equal(line["failures"], 3);
  assert.equal(line["up"], false);
  assert.ok(!("nothing" in line));
  assert.equal(new Date(String(line["time"])).toISOString(), line["time"]);
  assert.equal(lines[0]!.trimEnd().split("\n").length, 1);
});

test("errors keep type, code and their causes", () => {
  const { log, last } = recording();
  log.error("x", {}, new GatewayError("dns.failed", "no answer", { cause: new TypeError("inner") }));
  const error = last()["error"] as { code: string; type: string; cause: { type: string; message: string } };
  assert.deepEqual(
    [error.type, error.code, error.cause.type, error.cause.message],
    ["GatewayError", "dns.failed", "TypeError", "inner"],
  );
});

test("an error that is its own cause does not loop", () => {
  const { log, lines } = recording();
  const error = new Error("round");
  error.cause = error;
  log.error("x", {}, error);
  assert.equal(lines.length, 1);
});

test("lines below the level are not written", () => {
  const { log, lines } = recording("warn");
  log.debug("a");
  log.info("b");
  log.warn("c");
  assert.equal(lines.length, 1);
});

test("a huge hostile text is cut before it is searched", () => {
  const { log, last } = recording();
  log.info("x", { text: "1 ".repeat(2_000_000) });
  assert.ok(String(last()["text"]).length < 5000);
});

test("the key is made once, kept, and readable by its owner alone; without a folder there is still one", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-log-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const key = loadLogKey(join(folder, "new"));
  assert.deepEqual(loadLogKey(join(folder, "new")), key);
  assert.equal(key.byteLength, 32);
  assert.equal(statSync(join(folder, "new", "log.key")).mode & 0o777, 0o600);
  assert.equal(loadLogKey("/dev/null/no-folder").byteLength, 32);
});

test("lines go to stderr, never to stdout, and flush writes all of them before an exit", () => {
  const script = `
    import { createPinoLog } from "./gateway/adapters/log-pino/pino-log.js";
    const log = createPinoLog({ level: "info", showNumbers: false, key: new Uint8Array(32) });
    for (let i = 0; i < 2000; i++) log.info("line", { i });
    process.on("exit", () => log.flush());
    process.exit(0);`;
  const run = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
    encoding: "utf8",
  });
  assert.equal(run.status, 0, run.stderr);
  assert.equal(run.stdout, "");
  const lines = run.stderr.split("\n").filter((line) => line.startsWith("{"));
  assert.equal(lines.length, 2000);
  assert.equal((JSON.parse(lines.at(-1)!) as { i: number }).i, 1999);
});
