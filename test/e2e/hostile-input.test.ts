import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { after, before, beforeEach, describe, test } from "node:test";
import { parse } from "csv-parse/sync";
import { auditFiles } from "../../gateway/adapters/audit-file/audit-folder.js";
import { SIP_SAMPLES } from "../fixtures/sip-samples.js";
import { TEST_KEYS } from "../support/gateway-process.js";
import { mutateSip } from "../support/mutate-sip.js";
import { residentMiB, until } from "../support/processes.js";
import { hangUpThrough, RawCall, takeUnlessRefused } from "../support/raw-call.js";
import { headerOf, rawRequest } from "../support/raw-message.js";
import { RawScene } from "../support/raw-scene.js";
import { SeededRandom } from "../support/seeded-random.js";

const SEED = Number(process.env["FUZZ_SEED"] ?? 4475);
const MESSAGES = 10_000;
const INJECTED = "injected";

/** What a caller can put where. R5: a service that joins JSON from strings lets it add fields. */
const CALLS: readonly {
  readonly what: string;
  readonly from?: string;
  readonly callId?: string;
  readonly agent?: string;
}[] = [
  {
    what: "JSON in a display name",
    from: String.raw`"x\",\"call_id\":\"${INJECTED}\",\"y\":\"" <sip:+13035550100@192.0.2.9>`,
  },
  { what: "JSON in an escaped user", from: `<sip:%22%2C%22call_id%22%3A%22${INJECTED}@192.0.2.9>` },
  { what: "a line break in an escaped user", from: `<sip:x%0D%0ACall-ID%3A%20${INJECTED}%0D%0A@192.0.2.9>` },
  { what: "SQL in a user", from: "<sip:'DROP%20TABLE%20cdrs--@192.0.2.9>" },
  { what: "a formula for a user", from: "<sip:=HYPERLINK(%22http%3A//198.51.100.1%22)@192.0.2.9>" },
  { what: "a formula that begins like a number", from: "<sip:+1+cmd%7C'%20/C%20calc'!A0@192.0.2.9>" },
  { what: "an escape sequence of a terminal, escaped", from: "<sip:%1b%5b31mred%1b%5d0;title%07@192.0.2.9>" },
  { what: "an escape sequence of a terminal, raw", from: '"\x1b[31mred" <sip:+13035550101@192.0.2.9>' },
  { what: "a NUL in an escaped user", from: "<sip:nul%00nul@192.0.2.9>" },
  { what: "direction marks", from: '"\u202etxt.exe" <sip:%E2%80%AEgpj@192.0.2.9>' },
  { what: "JSON in a Call-ID", callId: `h"}{"call_id":"${INJECTED}"}` },
  { what: "SQL and a path in a Call-ID", callId: "'OR'1'='1/../../../etc/passwd" },
  { what: "JSON in User-Agent", agent: `x","call_id":"${INJECTED}","a":"` },
  { what: "an escape sequence in User-Agent", agent: "\x1b]0;pwned\x07" },
];

describe("hostile input at the production process", () => {
  let scene: RawScene;

  before(async () => {
    scene = await RawScene.open((called) => ({
      sip: {
        listenAddress: "127.0.0.1",
        listenPort: 0,
        nextHops: [called],
        optionsPingMs: 0,
        hopTimeoutMs: 8_000,
        t1Ms: 150,
      },
      limits: { drainMs: 0 },
      logs: { level: "debug" },
      http: { maxBodyBytes: 100_000 },
    }));
  });
  after(() => scene.close("SIGKILL"));
  beforeEach(() => scene.drop());

  const oneCall = async (): Promise<void> => {
    const placed = RawCall.place(scene.caller);
    const mine = (message: string): boolean =>
      message.startsWith("INVITE ") && headerOf(message, "Call-ID")?.includes(placed.callId) === true;
    const invite = await scene.called.receive(mine);
    scene.called.respond(invite, 200, { tag: "called" });
    assert.equal(await placed.final(), 200);
    await hangUpThrough(placed, scene.called, invite);
  };
  const logLines = (): readonly string[] =>
    scene.gateway.running
      .output()
      .split("\n")
      .slice(1, -1)
      .filter((line) => line !== "");

  let placed = 0;
  for (const { what, from, callId, agent } of CALLS) {
    test(`${what}: refused with 400, or carried as one piece of data`, async () => {
      const call = RawCall.place(scene.caller, {
        uri: `sip:+1202555${1100 + placed}@127.0.0.1`,
        ...(from === undefined ? {} : { from: Buffer.from(from).toString("latin1") }),
        ...(callId === undefined ? {} : { callId }),
        ...(agent === undefined ? {} : { headers: [`User-Agent: ${agent}`] }),
      });
      const { status, invite } = await takeUnlessRefused(call, scene.called);
      if (invite === undefined) {
        assert.equal(status, 400);
        return;
      }
      placed++;
      assert.equal(status, 200);
      for (const name of ["Call-ID", "From", "CSeq"])
        assert.equal(
          invite.split("\r\n").filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`)).length,
          1,
          name,
        );
      await hangUpThrough(call, scene.called, invite);
    });
  }

  test("each of these calls is one CDR: in JSON, in CSV, and no cell is a formula", async () => {
    assert.ok(placed >= 8, `only ${placed} were carried`);
    let rows: { call_id: string; caller: string }[] = [];
    let cells: Record<string, string>[] = [];
    // Refused calls may be records too, and come when they come.
    await until("the CDRs, as many in CSV", async () => {
      rows = (await scene.gateway.api("/api/v1/cdrs?limit=1000")).json as typeof rows;
      const csv = (await scene.gateway.api("/api/v1/cdrs/export?format=csv")).json as string;
      cells = parse(csv, { columns: true }) as unknown as typeof cells;
      return rows.length >= placed && cells.length === rows.length;
    });
    assert.ok(rows.every((row) => row.call_id !== INJECTED));
    for (const value of cells.flatMap((row) => Object.values(row)))
      assert.doesNotMatch(value, /^\s*[=@]|^[+-](?!\d{1,40}$)/, JSON.stringify(value));
    const jsonl = (await scene.gateway.api("/api/v1/cdrs/export?format=jsonl")).json as string | object;
    if (typeof jsonl === "string") for (const line of jsonl.trim().split("\n")) JSON.parse(line);
  });

  test("POST /event: hostile callers of one number are the callers of its alert, one each", async () => {
    // As sent, and as it counts: control characters escaped, parameters cut off.
    const callers = new Map([
      [`x","call_id":"${INJECTED}`, `x","call_id":"${INJECTED}`],
      ["'; DROP TABLE alerts; --", "'"],
      ["=1+1", "=1+1"],
      ["\x1b[31m", "%1B[31m"],
      ["a\r\nb: c", "a%0D%0Ab: c"],
    ]);
    const answers: { detected?: boolean; alert_id?: string }[] = [];
    // Of one moment, however long it takes to tell them.
    const timestamp = new Date().toISOString();
    for (const [i, a_number] of [...callers.keys()].entries()) {
      const body = { call_id: `event-${i}"}`, a_number, b_number: "+12025550188", switch_id: '","x":"', timestamp };
      const { status, json } = await scene.gateway.api("/event", { method: "POST", body, key: undefined });
      assert.equal(status, 200);
      answers.push(json as { detected?: boolean });
    }
    assert.equal(answers.at(-1)?.detected, true);
    const alerts = (await scene.gateway.api("/alerts")).json as { b_number: string; a_numbers: string[] }[];
    const alert = alerts.find(({ b_number }) => b_number === "+12025550188");
    assert.deepEqual([...(alert?.a_numbers ?? [])].sort(), [...callers.values()].sort());
  });

  test("HTTP: what is not a good request gets a 4xx with a code, and the next one is served", async () => {
    const ask = async (path: string, init: RequestInit): Promise<[number, string | undefined]> => {
      const authorization = { authorization: `Bearer ${TEST_KEYS.admin}` };
      const answer = await fetch(new URL(path, scene.gateway.ready.http), {
        ...init,
        headers: { ...authorization, ...(init.headers as Record<string, string>) },
      });
      const body = (await answer.json()) as { error?: { code: string } };
      return [answer.status, body.error?.code];
    };
    const json = { "content-type": "application/json" };
    const post = (body: string, headers: Record<string, string> = json): RequestInit => ({
      method: "POST",
      body,
      headers,
    });
    const cases: readonly (readonly [string, RequestInit, number])[] = [
      ["/event", post("{"), 400],
      ["/event", post('{"call_id":"a"} trailing'), 400],
      ["/event", post("[".repeat(50_000)), 400],
      ["/event", post('{"__proto__":{"x":1},"a_number":"1","b_number":"2"}'), 400],
      ["/event", post("a=b", { "content-type": "application/x-www-form-urlencoded" }), 415],
      ["/event", post(`"${"x".repeat(100_000)}"`), 413],
      ["/api/v1/cdrs?limit=1;drop", {}, 400],
      ["/api/v1/cdrs?no_such_key=1", {}, 400],
      ["/api/v1/blocks/'%20OR%201=1", { method: "DELETE" }, 404],
      ["/nowhere/%00%0d%0a", {}, 404],
    ];
    for (const [path, init, status] of cases) {
      const [got, code] = await ask(path, init);
      assert.equal(got, status, `${path} ${JSON.stringify(init.body ?? "").slice(0, 40)}`);
      assert.match(code ?? "", /^[a-z]+\.[a-z-]+$/);
    }
    assert.equal((await scene.gateway.api("/api/v1/cdrs?caller=%27%20OR%201%3D1--")).status, 200);
    await until("it is well", async () => (await scene.gateway.api("/health")).status === 200);
  });

  test(`${MESSAGES} mutated messages over UDP (seed ${SEED}): it still carries a call`, async () => {
    const random = new SeededRandom(SEED);
    const samples = SIP_SAMPLES.map((text) => Buffer.from(text, "latin1"));
    const fuzzer = await scene.phone();
    const before = residentMiB(scene.gateway.running.pid);
    const read = (): Promise<number> =>
      scene.gateway.metric("ringfence_transport_messages_total", '{transport="udp",direction="in"}');
    const readBefore = await read();
    for (let i = 0; i < MESSAGES; i++) {
      fuzzer.send(mutated(i, samples, random).toString("latin1"));
      // Not faster than it is read: what the kernel drops tests nothing.
      if (i % 100 === 99) await answersOptions(fuzzer, `udp-${i}`);
    }
    await until(
      "them to be read, not dropped by the kernel",
      async () => (await read()) - readBefore > 0.95 * MESSAGES,
    );
    assert.equal(await scene.gateway.metric("ringfence_sip_faults_total"), 0);
    await oneCall();
    const grown = residentMiB(scene.gateway.running.pid) - before;
    assert.ok(grown < 200, `${grown.toFixed()} MiB more`);
  });

  test(`${MESSAGES} mutated messages over TCP, cut anywhere (seed ${SEED}): it still carries a call`, async () => {
    const random = new SeededRandom(SEED + 1);
    const samples = SIP_SAMPLES.map((text) => Buffer.from(text, "latin1"));
    const port = Number(scene.gateway.ready.sip.find((name) => name.startsWith("tcp:"))?.replace(/^.*:/, ""));
    for (let sent = 0; sent < MESSAGES;) {
      const burst = 1 + random.below(3);
      const bytes = Buffer.concat(
        Array.from({ length: burst }, (_, i) => mutated(MESSAGES + sent + i, samples, random)),
      );
      sent += burst;
      await sendInPieces(port, bytes, random);
    }
    assert.equal(await scene.gateway.metric("ringfence_sip_faults_total"), 0);
    await oneCall();
  });

  test("nothing of all this broke a log line or the audit log, or reached them unescaped", async () => {
    for (const line of logLines()) {
      assert.doesNotThrow(() => JSON.parse(line), line);
      assert.doesNotMatch(line, /[\x00-\x1f\x7f]/, JSON.stringify(line));
    }
    for (const { path } of await auditFiles(`${scene.gateway.folder}/data/audit`))
      for (const line of readFileSync(path, "utf8").trim().split("\n")) JSON.parse(line);
    assert.equal(scene.gateway.running.child.exitCode, null);
  });

  async function answersOptions(fuzzer: Awaited<ReturnType<RawScene["phone"]>>, callId: string): Promise<void> {
    fuzzer.request({ method: "OPTIONS", callId, branch: `z9hG4bK-${callId}` });
    await fuzzer.receive((message) => message.startsWith("SIP/2.0 200") && headerOf(message, "Call-ID") === callId);
  }
});

/** A mutated sample with identifiers of its own: else all but the first would be absorbed as repeats. */
function mutated(i: number, samples: readonly Buffer[], random: SeededRandom): Buffer {
  const text = SIP_SAMPLES[i % SIP_SAMPLES.length] ?? "";
  const fresh = text.replaceAll("z9hG4bK", `z9hG4bK${i}x`).replace(/^(call-id|i)[ \t]*:[ \t]*/im, `$&${i}x`);
  return mutateSip(Buffer.from(fresh, "latin1"), random, samples);
}

/** One connection: the bytes in pieces of any size, until they are sent or the gateway has had enough. */
async function sendInPieces(port: number, bytes: Buffer, random: SeededRandom): Promise<void> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  socket.on("error", () => undefined);
  socket.resume();
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  for (let at = 0; at < bytes.length && !socket.destroyed;) {
    const to = Math.min(bytes.length, at + 1 + random.below(random.below(4) === 0 ? 20 : 3_000));
    const taken = new Promise<void>((resolve) => socket.write(bytes.subarray(at, to), () => resolve()));
    await Promise.race([taken, closed]);
    at = to;
  }
  socket.write(rawRequest({ method: "OPTIONS", via: "127.0.0.1:5099" }));
  socket.end();
  const late = setTimeout(() => socket.destroy(), 200);
  await closed;
  clearTimeout(late);
}
