import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { TEST_KEYS } from "../support/gateway-process.js";
import { until } from "../support/processes.js";
import { RawCall, takeCall } from "../support/raw-call.js";
import { headerOf } from "../support/raw-message.js";
import { RawScene } from "../support/raw-scene.js";

const TRACED = "+12025550150";
const OTHER = "+12025550160";
const DIGEST =
  'Digest username="alice", realm="example.com", nonce="n", uri="sip:x", response="0123456789abcdef0123456789abcdef"';

describe("what an operator can see of the signalling", () => {
  const homer = createSocket("udp4");
  const packets: Buffer[] = [];
  let scene: RawScene;
  let file = "";

  before(async () => {
    await new Promise<void>((resolve) => homer.bind(0, "127.0.0.1", resolve));
    homer.on("message", (bytes) => packets.push(bytes));
    scene = await RawScene.open((called) => ({
      // No repeats, however slow the machine: messages are counted.
      sip: {
        listenAddress: "127.0.0.1",
        listenPort: 0,
        nextHops: [called],
        optionsPingMs: 0,
        t1Ms: 5_000,
        t2Ms: 5_000,
      },
      observability: { hepHost: "127.0.0.1", hepPort: homer.address().port, hepCaptureId: 77 },
      limits: { drainMs: 0 },
    }));
  });
  after(async () => {
    await scene.close();
    homer.close();
  });
  beforeEach(() => scene.drop());

  async function callTo(number: string, headers: readonly string[] = []): Promise<{ a: string; b: string }> {
    const placed = RawCall.place(scene.caller, {
      uri: `sip:${number}@127.0.0.1:${scene.gateway.sipPort}`,
      to: `<sip:${number}@192.0.2.1>`,
      headers,
    });
    const invite = await takeCall(scene.called);
    assert.equal(await placed.final(), 200);
    await scene.called.receive("ACK ");
    const ended = placed.request("BYE");
    scene.called.respond(await scene.called.receive("BYE "), 200);
    assert.match(await ended, /^SIP\/2\.0 200 /);
    return { a: placed.callId, b: headerOf(invite, "Call-ID") ?? "" };
  }

  /** A machine that is slow leaves messages out, and says so: then once more. */
  async function wholeTrace(): Promise<{ text: string; traced: { a: string }; other: { a: string; b: string } }> {
    for (let tries = 1; ; tries++) {
      const body = { number: `00${TRACED.slice(1)}`, duration_ms: 60_000 };
      const { status, json } = await scene.gateway.api("/api/v1/traces", { method: "POST", body });
      assert.equal(status, 201);
      const { trace_id: id } = json as { trace_id: string };
      file = join(scene.gateway.folder, "data/traces", `${id}.txt`);
      const traced = await callTo(TRACED, [`Proxy-Authorization: ${DIGEST}`]);
      const other = await callTo(OTHER);
      const stopped = await scene.gateway.api(`/api/v1/traces/${id}`, { method: "DELETE" });
      assert.equal(stopped.status, 200);
      const text = readFileSync(file, "latin1");
      if (!text.includes("left out") || tries === 20) return { text, traced, other };
    }
  }

  test("only an admin may trace; the refusal is in the audit log", async () => {
    const body = { number: TRACED, duration_ms: 60_000 };
    const refused = await scene.gateway.api("/api/v1/traces", { method: "POST", body, key: TEST_KEYS.analyst });
    assert.equal(refused.status, 403);
    const entries = async () => (await scene.gateway.api("/api/v1/audit?limit=100")).json as { outcome: string }[];
    await until("the refusal", async () => (await entries()).some(({ outcome }) => outcome === "refused"));
  });

  test("a trace holds both legs of the calls of its number, nothing of others, and no digest answer", async () => {
    const { text, traced, other } = await wholeTrace();
    const heads = text.split("\n").filter((line) => line.startsWith("--- "));
    const starts = text.match(/^(?:(?:INVITE|ACK|BYE) sip:|SIP\/2\.0 \d+)/gm) ?? [];
    assert.ok(text.includes(traced.a), "the caller's leg");
    for (const what of ["INVITE sip:", "ACK sip:", "BYE sip:"])
      assert.equal(starts.filter((start) => start === what).length, 2, `${what} on both legs:\n${text}`);
    assert.equal(heads.length, starts.length);
    assert.ok(!text.includes(other.a) && !text.includes(other.b) && !text.includes(OTHER), "another call");
    assert.doesNotMatch(text, /0123456789abcdef|username=/);
    assert.match(text, /Proxy-Authorization: Digest <hidden>/);
  });

  test("its file is readable by the gateway's user alone", () => {
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(join(file, "..")).mode & 0o777, 0o700);
  });

  test("starting and stopping it is in the audit log, with who did it", async () => {
    for (const action of ["trace.start", "trace.stop"]) {
      const { json } = await scene.gateway.api(`/api/v1/audit?action=${action}`);
      const [entry] = json as { actor: string; outcome: string }[];
      assert.equal(entry?.outcome, "done", action);
      assert.match(entry.actor, /\S/);
    }
  });

  test("after its end nothing is written, and no second file appears", async () => {
    const { size } = statSync(file);
    const files = readdirSync(join(file, "..")).length;
    await callTo(TRACED);
    assert.equal(statSync(file).size, size);
    assert.equal(readdirSync(join(file, "..")).length, files);
  });

  test("HEP3: Homer gets every message of a call, both legs, with our capture id", async () => {
    await until("earlier packets", () => packets.length > 0);
    packets.length = 0;
    const leftOut = (): Promise<number> => scene.gateway.metric("ringfence_hep_dropped_total");
    let [before, after, ids] = [0, -1, { a: "", b: "" }];
    // As with traces.
    for (let tries = 0; tries < 20 && before !== after; tries++) {
      before = await leftOut();
      ids = await callTo("+12025550151");
      after = await leftOut();
    }
    const seen = (method: string, callId: string): boolean =>
      packets.some((bytes) => {
        const text = bytes.toString("latin1");
        return text.includes(`${method} sip:`) && text.includes(callId);
      });
    await until("INVITE and BYE of both legs", () =>
      ["INVITE", "BYE"].every((method) => seen(method, ids.a) && seen(method, ids.b)),
    );
    for (const bytes of packets) {
      assert.equal(bytes.toString("latin1", 0, 4), "HEP3");
      assert.equal(bytes.readUInt16BE(4), bytes.length);
    }
    // Chunk 0x000c: capture agent id, 4 bytes.
    assert.equal(packets[0]?.includes(Buffer.from([0, 0, 0, 0x0c, 0, 10, 0, 0, 0, 77])), true);
  });
});
