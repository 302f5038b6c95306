import assert from "node:assert/strict";
import { test } from "node:test";
import { DrachtioSipEndpoint } from "../../gateway/adapters/sip-drachtio/drachtio-endpoint.js";
import { FrameReader } from "../../gateway/adapters/sip-drachtio/frame-reader.js";
import { readServerMessage } from "../../gateway/adapters/sip-drachtio/server-message.js";
import { SIP_SAMPLES } from "../fixtures/sip-samples.js";
import { CountingMetrics } from "../support/counting-metrics.js";
import { DrachtioPeer, frame, type PeerCommand } from "../support/drachtio-peer.js";
import { FakeClock } from "../support/fake-clock.js";
import { mutateSip } from "../support/mutate-sip.js";
import { headerOf, rawRequest, rawResponse, tagOf } from "../support/raw-message.js";
import { RestlessUser } from "../support/restless-user.js";
import { SeededRandom } from "../support/seeded-random.js";

const MESSAGES = 5_000;
const SEED = Number(process.env["FUZZ_SEED"] ?? 9022);
/** The last resort against a peer that rings for ever. */
const LONGEST_LIFE_MS = 4_000_000;
const samples = SIP_SAMPLES.map((text) => Buffer.from(text, "latin1"));

test(`${MESSAGES} mutated messages delivered by a drachtio-server (seed ${SEED}): no fault, no connection lost, nothing leaked`, async () => {
  const random = new SeededRandom(SEED);
  const clock = new FakeClock();
  const metrics = new CountingMetrics();
  const user = new RestlessUser(clock, random);
  const peer = await DrachtioPeer.open();
  const server = { host: "127.0.0.1", port: peer.port, secret: "cymru" };
  const endpoint = new DrachtioSipEndpoint({
    server,
    clock,
    metrics,
    random: new SeededRandom(SEED + 1),
    times: { answerTimeoutMs: 36_000_000 },
  });
  const transactions: string[] = [];
  const delivered = new Map<string, string>();
  const deliver = (sip: string, transactionId: string): void => {
    const source = random.below(20) === 0 ? "application" : "network";
    peer.deliver(sip, [transactionId, "", "192.0.2.1", "5060"], { source, madeUp: random.below(30) === 0 });
  };
  let replies: (readonly [sip: string, transactionId: string])[] = [];
  peer.onSip = (command) => {
    const transactionId = `T${transactions.length}`;
    if (random.below(20) === 0) peer.refuse(command, random.below(2) === 0 ? "unable to find dialog" : "no");
    else if (command.sip.startsWith("SIP/2.0")) {
      peer.sentResponse(command, "d");
      const request = delivered.get(command.fields[0] ?? "");
      if (request !== undefined) replies.push([followUp(request, command.sip, random), command.fields[0]!]);
    } else {
      transactions.push(transactionId);
      peer.sentRequest(command, transactionId);
      replies.push([reply(command, random), transactionId]);
    }
  };
  try {
    await endpoint.start(user);
    for (let i = 0; i < MESSAGES; i++) {
      if (i % 20 === 0) invite(endpoint, user, i);
      const next = replies.shift();
      const [text, transactionId] = next ?? [fresh(i), random.below(10) === 0 ? "unsolicited" : `N${i}`];
      const sample = Buffer.from(text, "latin1");
      if (text.startsWith("INVITE ")) delivered.set(transactionId, text);
      const bytes = random.below(3) === 0 ? sample : mutateSip(sample, random, samples);
      if (bytes.length > 0) deliver(bytes.toString("latin1"), transactionId);
      clock.advance(5);
      if (i % 10 === 0) await peer.quiet();
    }
    assert.ok(user.invites > 100 && user.requests > 50, `${user.invites} INVITEs, ${user.requests} requests`);
    for (let i = 0; i < 200; i++) {
      replies = [];
      clock.advance(LONGEST_LIFE_MS / 200);
      await peer.quiet();
    }
    assert.equal(metrics.value("ringfence_drachtio_faults_total"), 0);
    assert.equal(metrics.value("ringfence_drachtio_connection_lost_total"), 0);
    assert.deepEqual(endpoint.load, { transactions: 0, dialogs: 0, lost: 0 });
  } finally {
    await endpoint.close();
    await peer.close();
  }
});

test(`mutated frames of a drachtio-server (seed ${SEED}) are read or refused, and never throw`, () => {
  const random = new SeededRandom(SEED);
  const frames = samples.map((sip, i) =>
    frame(["sip", "network", "1", "udp", "192.0.2.9", "5060", "t", `T${i}`, "", ""], sip.toString("latin1")),
  );
  let read = 0;
  let refused = 0;
  for (let i = 0; i < 20_000; i++) {
    const bytes = mutateSip(frames[i % frames.length]!, random, frames);
    const reader = new FrameReader(10_000);
    for (let at = 0, cut = 0; at < bytes.length; at = cut) {
      cut = at + 1 + random.below(500);
      reader.push(bytes.subarray(at, cut));
      for (let more = true; more;) {
        const next = reader.next();
        more = next.ok && next.value !== undefined;
        if (!next.ok || (next.value !== undefined && !readServerMessage(next.value).ok)) refused++;
        else if (next.value !== undefined) read++;
      }
    }
  }
  assert.ok(read > 1000 && refused > 1000, `${read} read, ${refused} refused`);
});

const fresh = (i: number): string =>
  i % 7 === 0
    ? rawRequest({ method: "OPTIONS", via: "192.0.2.9", callId: `o${i}` })
    : SIP_SAMPLES[i % SIP_SAMPLES.length]!.replace(/^(call-id|i)[ \t]*:[ \t]*/im, `$&${i}x`);

function invite(endpoint: DrachtioSipEndpoint, user: RestlessUser, i: number): void {
  endpoint.invite(
    {
      method: "INVITE",
      uri: "sip:a@192.0.2.9",
      from: "<sip:b@192.0.2.1>",
      to: "<sip:a@192.0.2.9>",
      callId: `out-${i}`,
      targets: [{ protocol: "udp", address: "192.0.2.9", port: 5060 }],
    },
    { onFinal: () => undefined, onAnswer: (response, dialog) => user.onStrayAnswer(response, dialog) },
  );
}

/** What a caller may send in the dialog that this answer has made. */
function followUp(request: string, answer: string, random: SeededRandom): string {
  const method = ["ACK", "BYE", "INFO", "PRACK", "UPDATE", "INVITE", "CANCEL"][random.below(7)]!;
  const tag = tagOf(headerOf(answer, "To")) ?? "none";
  return request
    .replace(/^INVITE/, method)
    .replace(/^(cseq[ \t]*:\s*\d+)\s+\w+/im, `$1 ${method}`)
    .replace(/^((?:to|t)[ \t]*:[^\r\n]*)/im, method === "CANCEL" ? "$1" : `$1;tag=${tag}`);
}

/** What a peer may answer; in dialogs the server writes the names, so there they are missing and the answer is dropped. */
function reply(command: PeerCommand, random: SeededRandom): string {
  const status = [100, 180, 183, 200, 200, 202, 302, 407, 486, 503][random.below(10)]!;
  const via = "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx";
  return rawResponse(command.sip.replace("\r\n", `\r\n${via}\r\n`), status, {
    tag: "far",
    headers: ["Contact: <sip:raw@192.0.2.9>"],
  });
}
