import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { formatMessage, type TracedMessage } from "../../../../gateway/adapters/sip-trace/format-message.js";
import { SipTraces, type SipTraceOptions } from "../../../../gateway/adapters/sip-trace/sip-traces.js";
import { unixMs } from "../../../../gateway/core/time.js";
import { FakeClock } from "../../../support/fake-clock.js";

const message = (text: string): TracedMessage => ({
  direction: "in",
  at: 1_700_000_000_000,
  peer: { protocol: "udp", address: "192.0.2.1", port: 5060 },
  bytes: Buffer.from(text, "latin1"),
});

function open(t: TestContext, options: Partial<SipTraceOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-trace-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const clock = new FakeClock();
  const traces = new SipTraces({ folder: join(folder, "traces"), clock, ...options });
  t.after(() => traces.close());
  const inAnHour = unixMs(clock.unix() + 3_600_000);
  return { traces, clock, folder: join(folder, "traces"), inAnHour };
}

test("messages are in the file as they were, each with time, direction and peer; the file is ours alone", async (t) => {
  const { traces, folder, inAnHour } = open(t);
  assert.deepEqual(await traces.start({ id: "t1", until: inAnHour }), { ok: true, value: { until: inAnHour } });
  assert.equal(traces.write("t1", message("INVITE sip:x SIP/2.0\r\n\r\nbody \xfc")), true);
  assert.equal(
    traces.write("t1", {
      ...message("SIP/2.0 100 Trying\r\n\r\n"),
      direction: "out",
      peer: { protocol: "tcp", address: "2001:db8::1", port: 5061 },
    }),
    true,
  );
  assert.deepEqual(
    traces.list().map(({ id, messages }) => ({ id, messages })),
    [{ id: "t1", messages: 2 }],
  );
  assert.equal(await traces.stop("t1"), true);
  const text = (await traces.read("t1"))!.toString("latin1");
  assert.match(
    text,
    /^--- 2023-11-14T22:13:20\.000Z <- udp:192\.0\.2\.1:5060 30 bytes\nINVITE sip:x SIP\/2\.0\r\n\r\nbody \xfc\n\n/,
  );
  assert.match(text, /--- \S+ -> tcp:\[2001:db8::1\]:5061 22 bytes\nSIP\/2\.0 100 Trying\r\n/);
  assert.equal(statSync(join(folder, "t1.txt")).mode & 0o777, 0o600);
  assert.equal(traces.write("t1", message("late")), false);
  assert.equal(await traces.stop("t1"), false);
  assert.equal(traces.running, false);
});

test("what would let a reader log in or listen is not in it: digest answers, media keys", () => {
  const text = [
    "REGISTER sip:x SIP/2.0",
    'Authorization: Digest username="a",',
    ' response="0123456789abcdef"',
    'proxy-authorization : Digest response="fedcba"',
    "Content-Type: application/sdp",
    "",
    "v=0",
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0a2V5",
    "k=clear:topsecret",
    "a=sendrecv",
  ].join("\r\n");
  const out = formatMessage(message(text)).toString("latin1");
  for (const secret of ["0123456789abcdef", "fedcba", "c2VjcmV0a2V5", "topsecret"])
    assert.ok(!out.includes(secret), out);
  for (const kept of ["Authorization: Digest <hidden>", "Content-Type", "a=sendrecv", "AES_CM_128_HMAC_SHA1_80"])
    assert.ok(out.includes(kept), kept);
});

test("a trace ends at its time, and never runs longer than allowed", async (t) => {
  const { traces, clock } = open(t, { maxDurationMs: 60_000 });
  const asked = unixMs(clock.unix() + 10 * 60_000);
  assert.deepEqual(await traces.start({ id: "t", until: asked }), {
    ok: true,
    value: { until: unixMs(clock.unix() + 60_000) },
  });
  clock.advance(59_000);
  assert.equal(traces.write("t", message("x")), true);
  clock.advance(1000);
  assert.equal(traces.write("t", message("x")), false);
});

test("a trace ends at its size", async (t) => {
  const { traces, inAnHour } = open(t, { limitBytes: 1000 });
  await traces.start({ id: "t", until: inAnHour });
  let written = 0;
  while (traces.write("t", message("y".repeat(100)))) written++;
  assert.ok(written > 3 && written < 10, String(written));
  await traces.close();
  assert.ok((await traces.read("t"))!.length <= 1000);
});

test("ids cannot lead out of the folder; one twice, and too many at a time, are refused", async (t) => {
  const { traces, inAnHour } = open(t, { maxActive: 2 });
  for (const id of ["../x", "", "a/b", "a.txt", "x".repeat(65), "\0"]) {
    assert.deepEqual(await traces.start({ id, until: inAnHour }), { ok: false, error: { code: "trace.bad-id" } });
    assert.equal(await traces.read(id), undefined);
  }
  const both = await Promise.all([
    traces.start({ id: "a", until: inAnHour }),
    traces.start({ id: "a", until: inAnHour }),
  ]);
  assert.deepEqual(
    both.map((each) => (each.ok ? "ok" : each.error.code)),
    ["ok", "trace.exists"],
  );
  await traces.start({ id: "b", until: inAnHour });
  assert.deepEqual(await traces.start({ id: "c", until: inAnHour }), { ok: false, error: { code: "trace.too-many" } });
  await traces.stop("a");
  assert.deepEqual(await traces.start({ id: "a", until: inAnHour }), { ok: false, error: { code: "trace.exists" } });
});

test("old files make room for new ones", async (t) => {
  const { traces, folder, inAnHour } = open(t, { maxFiles: 3 });
  mkdirSync(folder, { recursive: true });
  for (const [i, name] of ["old", "older", "oldest"].entries()) {
    writeFileSync(join(folder, `${name}.txt`), "x");
    utimesSync(join(folder, `${name}.txt`), 1000 - i, 1000 - i);
  }
  await traces.start({ id: "new", until: inAnHour });
  assert.deepEqual(readdirSync(folder).sort(), ["new.txt", "old.txt", "older.txt"]);
});

test("a folder that cannot be written is said, and nothing else happens", async (t) => {
  const { traces, folder, inAnHour } = open(t);
  writeFileSync(folder, "a file in its place");
  assert.deepEqual(await traces.start({ id: "t", until: inAnHour }), { ok: false, error: { code: "trace.failed" } });
  assert.equal(traces.write("t", message("x")), false);
});

test("what was not looked at for want of time is said at the end of each trace that ran", async (t) => {
  const { traces, inAnHour } = open(t);
  await traces.start({ id: "t1", until: inAnHour });
  traces.leaveOut();
  await traces.start({ id: "t2", until: inAnHour });
  traces.leaveOut();
  traces.write("t1", message("BYE sip:x SIP/2.0\r\n\r\n"));
  const ends = await Promise.all(
    ["t1", "t2"].map(async (id) => {
      await traces.stop(id);
      return (await traces.read(id))!.toString("latin1").trimEnd().split("\n").at(-1);
    }),
  );
  assert.deepEqual(ends, [
    "--- up to 2 messages left out: there was too much to do",
    "--- up to 1 messages left out: there was too much to do",
  ]);
});
