import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Worker } from "node:worker_threads";
import { nodeSrtpCrypto } from "../../../gateway/adapters/rtp-relay/node-srtp-crypto.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import { parseRtpPacket } from "../../support/rtp-packet.js";
import { srtpCipher, SrtpReceiver, type SrtpCipher } from "../../../gateway/media/srtp/srtp-session.js";
import { AnchoredCall } from "../../support/anchored-call.js";
import { until } from "../../support/processes.js";
import { startRelay, withRelay, type RelayScene } from "../../support/relay-scene.js";
import { RtpPeer } from "../../support/rtp-peer.js";
import { rtp } from "../../support/rtp-stream.js";

// The embedded relay with real sockets on loopback: encrypted streams pass as they are, and are heard where the keys can be read.
let scene: RelayScene;
before(async () => (scene = await startRelay()));
after(() => scene.close());

const keyOf = (fill: number, bytes: number): string => Buffer.alloc(bytes, fill).toString("base64");

function cipherOf(suite: string, keySalt: string): SrtpCipher {
  const cipher = srtpCipher(nodeSrtpCrypto, { suite, keySalt });
  assert.ok(cipher);
  return cipher;
}

function seal(cipher: SrtpCipher, n: number, ssrc: number): Uint8Array {
  const sealed = cipher.seal(rtp({ n, ssrc }), n);
  assert.ok(sealed.ok);
  return sealed.value;
}

const SAVP = "RTP/SAVP";
const line = (tag: number, suite: string, key: string): string => `a=crypto:${tag} ${suite} inline:${key}`;

const suites = [
  { suite: "AES_CM_128_HMAC_SHA1_80", bytes: 30 },
  { suite: "AES_CM_128_HMAC_SHA1_32", bytes: 30 },
  { suite: "AES_256_CM_HMAC_SHA1_80", bytes: 46 },
  { suite: "AEAD_AES_128_GCM", bytes: 28 },
  { suite: "AEAD_AES_256_GCM", bytes: 44 },
];
for (const { suite, bytes } of suites) {
  test(`${suite}: both ways untouched, both speakers heard`, async () => {
    const [keyA, keyB] = [keyOf(1, bytes), keyOf(2, bytes)];
    const call = await AnchoredCall.open(scene.anchor, { listen: true });
    const other = line(1, "F8_128_HMAC_SHA1_80", keyOf(9, 30));
    const { offered } = await call.exchange(
      "a",
      { protocol: SAVP, lines: [other, line(2, suite, keyA)] },
      { protocol: SAVP, lines: [line(2, suite, keyB)] },
    );
    call.session.answered();
    assert.ok(offered.includes(line(2, suite, keyA)) && offered.includes(other));
    const [cipherA, cipherB] = [cipherOf(suite, keyA), cipherOf(suite, keyB)];
    const sentA: Uint8Array[] = [];
    // Over a wrap of the sequence number.
    for (let n = 65_530; n < 65_545; n++) {
      sentA.push(seal(cipherA, n, 0xa));
      await call.b.sendRaw(seal(cipherB, n, 0xb));
    }
    await call.a.sendAll(sentA, call.b);
    assert.deepEqual(
      call.b.received.map((packet) => Uint8Array.from(packet)),
      sentA,
    );
    await until("the forks", () =>
      (["caller", "callee"] as const).every((speaker) => scene.heard(call.callId, speaker).length >= 15),
    );
    for (const speaker of ["caller", "callee"] as const) {
      for (const packet of scene.heard(call.callId, speaker)) {
        const parsed = parseRtpPacket(packet);
        assert.ok(parsed.ok);
        assert.deepEqual(
          Uint8Array.from(parsed.value.payload),
          new Uint8Array(160).fill((parsed.value.timestamp / 160) & 0xff),
        );
      }
    }
    assert.deepEqual(call.events, []);
    await call.close();
  });
}

test("a prompt on an encrypted stream is a source of its own under the same key", async () => {
  const [suite, keyA, keyB] = ["AES_CM_128_HMAC_SHA1_80", keyOf(3, 30), keyOf(4, 30)];
  const call = await AnchoredCall.open(scene.anchor);
  await call.connect(
    { protocol: SAVP, lines: [line(1, suite, keyA)] },
    { protocol: SAVP, lines: [line(1, suite, keyB)] },
  );
  const cipherA = cipherOf(suite, keyA);
  await call.a.sendAll(
    [1, 2, 3].map((n) => seal(cipherA, n, 7)),
    call.b,
  );
  const samples = Float32Array.from({ length: 1_600 }, (_, i) => 0.4 * Math.sin(i / 3));
  await call.session.play("b", { sampleRateHz: 8_000, samples });
  await call.a.sendAll(
    [30, 31].map((n) => seal(cipherA, n, 7)),
    call.b,
  );
  const receiver = new SrtpReceiver(cipherA);
  const ssrcs = call.b.received.map((packet) => {
    const opened = receiver.open(packet);
    assert.ok(opened.ok);
    const parsed = parseRtpPacket(opened.value);
    assert.ok(parsed.ok);
    return parsed.value.ssrc;
  });
  assert.equal(ssrcs.filter((ssrc) => ssrc === 7).length, 5);
  assert.equal(ssrcs.filter((ssrc) => ssrc !== 7).length, 10);
  assert.equal(new Set(ssrcs).size, 2);
  await call.close();
});

test("keys that cannot be read: the call goes on, and says that it is not heard", async () => {
  const cases = [
    { name: "another transform", lines: [line(1, "F8_128_HMAC_SHA1_80", keyOf(1, 30))] },
    { name: "parameters", lines: [`${line(1, "AES_CM_128_HMAC_SHA1_80", keyOf(1, 30))} UNENCRYPTED_SRTP`] },
    { name: "MIKEY", lines: ["a=key-mgmt:mikey AQAFgM0XflABAAAAAAAAAAAAAAsAyO"] },
  ];
  for (const { name, lines } of cases) {
    const call = await AnchoredCall.open(scene.anchor, { listen: true });
    await call.connect({ protocol: SAVP, lines });
    await call.a.talk(1, 6);
    await call.b.has(5);
    assert.deepEqual(
      call.events,
      [
        { kind: "not-heard", side: "a", why: "srtp" },
        { kind: "not-heard", side: "b", why: "srtp" },
      ],
      name,
    );
    assert.equal(scene.heard(call.callId, "caller").length, 0);
    await assert.rejects(
      call.session.play("a", { sampleRateHz: 8_000, samples: new Float32Array(800) }),
      (error) => error instanceof GatewayError && error.code === "media.rejected" && /key/.test(error.message),
    );
    await call.close();
  }
});

test("packets that do not open with the agreed key pass, and the call says so once", async () => {
  const [suite, key] = ["AES_CM_128_HMAC_SHA1_80", keyOf(5, 30)];
  const call = await AnchoredCall.open(scene.anchor, { listen: true });
  await call.connect({ protocol: SAVP, lines: [line(1, suite, key)] });
  const wrong = cipherOf(suite, keyOf(6, 30));
  await call.a.sendAll(
    Array.from({ length: 120 }, (_, n) => seal(wrong, n + 1, 1)),
    call.b,
  );
  await until("the event", () => call.events.length > 0);
  assert.deepEqual(call.events, [{ kind: "not-heard", side: "a", why: "srtp" }]);
  await call.close();
});

test("packets that opened once and then only come again are not heard, and the call says so", async () => {
  const [suite, key] = ["AES_CM_128_HMAC_SHA1_80", keyOf(5, 30)];
  const call = await AnchoredCall.open(scene.anchor, { listen: true });
  await call.connect({ protocol: SAVP, lines: [line(1, suite, key)] });
  const sealed = seal(cipherOf(suite, key), 1, 1);
  await call.a.sendAll(Array<Uint8Array>(120).fill(sealed), call.b);
  await until("the event", () => call.events.length > 0);
  assert.deepEqual(call.events, [{ kind: "not-heard", side: "a", why: "srtp" }]);
  assert.equal(scene.heard(call.callId, "caller").length, 1);
  await call.close();
});

test("after the relay's thread was started again an encrypted stream whose numbers have wrapped is heard", async () => {
  const threads: Worker[] = [];
  process.on("worker", (worker) => threads.push(worker));
  await withRelay({}, async (restarting) => {
    const [suite, key] = ["AES_CM_128_HMAC_SHA1_80", keyOf(6, 30)];
    const call = await AnchoredCall.open(restarting.anchor, { listen: true });
    await call.connect({ protocol: SAVP, lines: [line(1, suite, key)] });
    const cipher = cipherOf(suite, key);
    const numbers = Array.from({ length: 12 }, (_, i) => 65_530 + i);
    await call.a.sendAll(
      numbers.map((n) => seal(cipher, n, 1)),
      call.b,
    );
    await until("both rounds", () => restarting.heard(call.callId, "caller").length === 12);
    await threads.at(-1)?.terminate();
    await until("a new thread", () => restarting.anchor.health().ok);
    let n = 65_542;
    await until("it to be heard, or said not to be", async () => {
      await call.a.sendRaw(seal(cipher, n++, 1));
      return restarting.heard(call.callId, "caller").length > 20 || call.events.length > 0;
    });
    assert.deepEqual(call.events, []);
    await call.close();
  });
});

test("keys that are offered beside plain RTP and not taken up: it is plain", async () => {
  const call = await AnchoredCall.open(scene.anchor, { listen: true });
  await call.connect({ lines: [line(1, "AES_CM_128_HMAC_SHA1_80", keyOf(1, 30))] }, {});
  await call.a.talk(1, 6);
  await call.b.has(5);
  await until("the fork", () => scene.heard(call.callId, "caller").length >= 5);
  assert.deepEqual(call.events, []);
  await call.close();
});

test("a new key by re-INVITE; the same key again goes on counting", async () => {
  const suite = "AES_CM_128_HMAC_SHA1_80";
  const call = await AnchoredCall.open(scene.anchor, { listen: true });
  const keyed = (fill: number) => ({ protocol: SAVP, lines: [line(1, suite, keyOf(fill, 30))] });
  await call.connect(keyed(10), keyed(11));
  const first = cipherOf(suite, keyOf(10, 30));
  await call.a.sendAll(
    [65_534, 65_535, 65_536].map((n) => seal(first, n, 1)),
    call.b,
  );
  await call.exchange("b", keyed(11), keyed(10));
  await call.a.sendAll(
    [65_537, 65_538].map((n) => seal(first, n, 1)),
    call.b,
  );
  await until("five", () => scene.heard(call.callId, "caller").length >= 5);
  await call.exchange("a", keyed(12), keyed(11));
  const second = cipherOf(suite, keyOf(12, 30));
  await call.a.sendAll(
    [1, 2].map((n) => seal(second, n, 1)),
    call.b,
  );
  await until("seven", () => scene.heard(call.callId, "caller").length >= 7);
  await call.close();
});

test("a receiver opens what a recording client encrypts", async () => {
  const [suite, keySalt] = ["AES_CM_128_HMAC_SHA1_80", keyOf(20, 30)];
  const options = { family: 4, idleMs: 0, onIdle: () => undefined } as const;
  const port = await scene.anchor.receive({ ...options, streamId: 4_000, crypto: { suite, keySalt } });
  const sender = await RtpPeer.open();
  port.expect({ address: sender.address, port: sender.port });
  const cipher = cipherOf(suite, keySalt);
  const to = { address: port.address, port: port.port };
  for (const n of [1, 2, 3]) await sender.sendRaw(seal(cipher, n, 1), to);
  await until("three", () => scene.ears.under(4_000).length >= 3);
  assert.deepEqual(scene.ears.under(4_000)[0], rtp({ n: 1, ssrc: 1 }));
  port.close();
  sender.close();
});
