import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { EmbeddedSipEndpoint } from "../../gateway/adapters/sip-embedded/embedded-endpoint.js";
import { createTransports } from "../../gateway/adapters/sip-embedded/transport/create-transports.js";
import { SIP_SAMPLES } from "../fixtures/sip-samples.js";
import { FakeClock } from "../support/fake-clock.js";
import { MemoryPeer } from "../support/memory-peer.js";
import { mutateSip } from "../support/mutate-sip.js";
import { headerOf, rawRequest, rawResponse } from "../support/raw-message.js";
import { RestlessUser } from "../support/restless-user.js";
import { SeededRandom } from "../support/seeded-random.js";
import { SipNetwork } from "../support/sip-network.js";

const MESSAGES = 10_000;
const SEED = Number(process.env["FUZZ_SEED"] ?? 3261);
const samples = SIP_SAMPLES.map((text) => Buffer.from(text, "latin1"));
/** A sample with a branch and a Call-ID of its own: else all but the first would be absorbed as repeats. */
const fresh = (i: number): Buffer =>
  Buffer.from(
    SIP_SAMPLES[i % SIP_SAMPLES.length]!.replaceAll("z9hG4bK", `z9hG4bK${i}x`).replace(
      /^(call-id|i)[ \t]*:[ \t]*/im,
      `$&${i}x`,
    ),
    "latin1",
  );
const options = (branch: string, via: string) => rawRequest({ method: "OPTIONS", via, branch, callId: branch });

/** The dialogs that a mutated INVITE was answered in end by themselves; the time-outs of everything else are shorter. */
const LONGEST_LIFE_MS = 600_000;

test(`${MESSAGES} mutated messages at a live endpoint (seed ${SEED}): no crash, OPTIONS still answered, nothing leaked`, async () => {
  const random = new SeededRandom(SEED);
  const clock = new FakeClock();
  const network = new SipNetwork(clock, SEED);
  const peer = new MemoryPeer(network, "192.0.2.9:5060");
  const user = new RestlessUser(clock, random);
  const endpoint = new EmbeddedSipEndpoint({
    transports: network.transports("192.0.2.1:5060"),
    clock,
    random: new SeededRandom(SEED + 1),
    ringingTimeoutMs: 300_000,
  });
  await endpoint.start(user);
  const outgoing = { method: "INVITE", uri: "sip:a@192.0.2.9", from: "<sip:b@192.0.2.1>", to: "<sip:a@192.0.2.9>" };
  const targets = [{ protocol: "udp" as const, address: "192.0.2.9", port: 5060 }];
  for (let i = 0; i < MESSAGES; i++) {
    if (i % 20 === 0)
      endpoint.invite(
        { ...outgoing, targets },
        { onFinal: () => undefined, onAnswer: (response, dialog) => user.onStrayAnswer(response, dialog) },
      );
    // What the endpoint itself has sent, answered or turned round, finds its transactions and dialogs.
    const heard = peer.received[random.below(Math.max(1, peer.received.length))];
    const sample =
      heard === undefined || random.below(2) === 0 ? fresh(i) : Buffer.from(reply(heard, random), "latin1");
    const bytes = random.below(4) === 0 ? sample : mutateSip(sample, random, samples);
    try {
      peer.send(bytes.toString("latin1"));
      clock.advance(5);
    } catch (cause) {
      throw new Error(`message ${i} of seed ${SEED}, base64: ${bytes.toString("base64")}`, { cause });
    }
    if (peer.received.length > 500) peer.received.splice(0, 400);
  }
  // Else the mutations never came past the parser.
  assert.ok(
    user.invites > 100 && user.requests > 100,
    `${user.invites} INVITEs, ${user.requests} requests reached the user`,
  );
  clock.advance(LONGEST_LIFE_MS);
  assert.deepEqual(endpoint.load, { transactions: 0, dialogs: 0, timers: 0 });
  peer.received.length = 0;
  for (let i = 0; i < 30; i++) peer.send(options(`z9hG4bKafter${i}`, "192.0.2.9:5060"));
  clock.advance(100);
  assert.ok(peer.statuses.length > 10, "OPTIONS after the storm");
});

function reply(heard: string, random: SeededRandom): string {
  if (heard.startsWith("SIP/2.0")) {
    const tag = /;tag=(.*)/.exec(headerOf(heard, "To") ?? "")?.[1];
    const cseq = Number.parseInt(headerOf(heard, "CSeq") ?? "1", 10) + random.below(3);
    const method = ["ACK", "BYE", "INFO", "INVITE", "PRACK", "UPDATE", "CANCEL"][random.below(7)]!;
    const from = /;tag=(.*)/.exec(headerOf(heard, "From") ?? "")?.[1] ?? "x";
    const callId = headerOf(heard, "Call-ID") ?? "x";
    const branch =
      method === "CANCEL" || method === "ACK"
        ? (/branch=([^;]*)/.exec(heard)?.[1] ?? "z9hG4bK1")
        : `z9hG4bK${random.token(4)}`;
    const request = rawRequest({
      method,
      via: "192.0.2.9:5060",
      branch,
      fromTag: from,
      callId,
      cseq,
      headers: ["RAck: 1 1 INVITE"],
    });
    return tag === undefined ? request : request.replace(/(To: .*)/, `$1;tag=${tag}`);
  }
  const status = [100, 180, 183, 200, 202, 302, 401, 487, 500, 603][random.below(10)]!;
  const headers =
    random.below(2) === 0 ? ["Contact: <sip:a@192.0.2.9>", "RSeq: 1", "Record-Route: <sip:192.0.2.9;lr>"] : [];
  return rawResponse(heard, status, { tag: `t${random.below(3)}`, headers });
}

const open = async (port: number): Promise<Socket> => {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.resume();
  await once(socket, "connect");
  return socket;
};

test(`${MESSAGES} mutated messages over TCP in arbitrary pieces (seed ${SEED}): the endpoint still answers, nothing leaked`, async () => {
  const random = new SeededRandom(SEED);
  const clock = new FakeClock();
  const transports = createTransports({ listeners: [{ protocol: "tcp", address: "127.0.0.1", port: 0 }], clock });
  const endpoint = new EmbeddedSipEndpoint({ transports, clock, random: new SeededRandom(SEED + 1) });
  const user = new RestlessUser(clock, random);
  await endpoint.start(user);
  const { port } = transports.listeners[0]!;
  try {
    let socket = await open(port);
    for (let i = 0; i < MESSAGES; i++) {
      const sample = fresh(i);
      const bytes = random.below(2) === 0 ? sample : mutateSip(sample, random, samples);
      await writeInPieces(socket, bytes, random);
      if (i % 10 === 9) {
        // A broken Content-Length swallows what follows: begin again, now and then with half a message unsent.
        clock.advance(50);
        if (i % 100 === 99) socket.destroy();
        else await closed(socket.end());
        socket = await open(port);
      }
    }
    socket.destroy();
    assert.ok(user.invites > 100, `${user.invites} INVITEs reached the user`);
    const last = await open(port);
    // The user leaves one request in ten unanswered.
    const answered = new Promise<string>((resolve) => last.on("data", (chunk) => resolve(chunk.toString("latin1"))));
    for (let i = 0; i < 30; i++) last.write(options(`z9hG4bKafter${i}`, "127.0.0.1:5060"));
    assert.match(await answered, /^SIP\/2\.0 (200|405) /);
    last.destroy();
    clock.advance(LONGEST_LIFE_MS);
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(LONGEST_LIFE_MS);
    assert.deepEqual(endpoint.load, { transactions: 0, dialogs: 0, timers: 0 });
  } finally {
    await endpoint.close();
  }
});

async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
}

async function writeInPieces(socket: Socket, bytes: Buffer, random: SeededRandom): Promise<void> {
  let at = 0;
  while (at < bytes.length && socket.writable) {
    const size = 1 + random.below(random.below(3) === 0 ? 20 : bytes.length);
    socket.write(bytes.subarray(at, at + size));
    at += size;
    if (random.below(3) === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}
