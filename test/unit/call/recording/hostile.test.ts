import assert from "node:assert/strict";
import { test } from "node:test";
import { EmbeddedSipEndpoint } from "../../../../gateway/adapters/sip-embedded/embedded-endpoint.js";
import { RecordingRouter } from "../../../../gateway/call/recording/recording-router.js";
import { UnheardRecordings } from "../../../../gateway/call/recording/unheard-recordings.js";
import { parseSdp } from "../../../../gateway/sip/sdp/parse-sdp.js";
import { DIALECTS, multipart, sdpOf } from "../../../fixtures/siprec/dialects.js";
import { LogDouble } from "../../../support/call-doubles.js";
import { FakeClock } from "../../../support/fake-clock.js";
import { MemoryPeer } from "../../../support/memory-peer.js";
import { rawRequest } from "../../../support/raw-message.js";
import { recorded, recordingBench, RecordingClient, SIPREC } from "../../../support/recording-bench.js";
import { SeededRandom } from "../../../support/seeded-random.js";
import { SipNetwork } from "../../../support/sip-network.js";
import { RecordingUser } from "../../../support/sip-pair.js";

const META = "application/rs-metadata+xml";
const withMetadata = (metadata: string, labels: readonly string[] = ["1", "2"]): string =>
  multipart([
    ["application/sdp", sdpOf(labels)],
    [META, metadata],
  ]);
const recording = (inner: string): string =>
  `<recording xmlns="urn:ietf:params:xml:ns:recording:1"><datamode>complete</datamode>${inner}</recording>`;
const bomb = `<!DOCTYPE r [${Array.from({ length: 10 }, (_, i) => `<!ENTITY e${i} "${i === 0 ? "ha" : `&e${i - 1};`.repeat(10)}">`).join("")}]>`;

const heard: readonly { readonly name: string; readonly metadata: string; readonly warning: string }[] = [
  { name: "a billion laughs", metadata: `${bomb}<recording>&e9;</recording>`, warning: "unreadable-metadata" },
  {
    name: "an external entity",
    metadata: `<!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/hostname">]><recording>&f;</recording>`,
    warning: "unreadable-metadata",
  },
  {
    name: "ten thousand participants",
    metadata: recording('<participant participant_id="P"/>'.repeat(10_000)),
    warning: "unreadable-metadata",
  },
  { name: "a hundred levels", metadata: "<recording>".repeat(100), warning: "unreadable-metadata" },
  {
    name: "names of JavaScript's own",
    metadata: recording("<__proto__><polluted>1</polluted></__proto__>"),
    warning: "unreadable-metadata",
  },
  {
    name: "a hundred participants",
    metadata: recording('<participant participant_id="P"/>'.repeat(100)),
    warning: "too-many",
  },
  {
    name: "people without any stream",
    metadata: recording(
      '<participant participant_id="P1"><nameID aor="sip:1@192.0.2.1"/></participant><participant participant_id="P2"/>',
    ),
    warning: "guessed-speaker",
  },
  {
    name: "streams that no line has",
    metadata: recording('<stream stream_id="T1"><label>77</label></stream>'),
    warning: "unknown-label",
  },
  {
    name: "one label for two streams",
    metadata: recording(
      '<participant participant_id="P1"/><participant participant_id="P2"/><stream stream_id="T1"><label>1</label></stream><stream stream_id="T2"><label>1</label></stream>',
    ),
    warning: "guessed-speaker",
  },
  {
    name: "an id of a megabyte that is cut",
    metadata: recording(`<session session_id="${"x".repeat(100_000)}"/>`),
    warning: "",
  },
];
for (const { name, metadata, warning } of heard)
  test(`hostile metadata costs its own use, not the sound: ${name}`, async () => {
    const bench = await recordingBench();
    await recorded(bench, withMetadata(metadata));
    assert.equal(bench.media.open.length, 2);
    assert.deepEqual(bench.listening.speakers("rec-1"), ["caller", "callee"]);
    const { warnings, identifiers } = bench.desk.calls[0]!;
    if (warning !== "")
      assert.ok(
        warnings.some((each) => each === warning),
        warnings.join(),
      );
    for (const { value } of identifiers) assert.ok(value.length <= 1_024);
    assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  });

test("a body of ten megabytes is refused by the endpoint with 413, and the next session is taken", async () => {
  const bench = await recordingBench();
  const huge = new RecordingClient(bench, "x".repeat(10_000_000), { callId: "huge", headers: SIPREC });
  await bench.settle();
  assert.equal(huge.response.status, 413);
  await recorded(bench, DIALECTS[0]!.body);
  assert.deepEqual(bench.listening.openCalls, ["rec-1"]);
});

test("200 lines: sixteen are heard, the others answered with port 0, in order", async () => {
  const bench = await recordingBench();
  const labels = Array.from({ length: 200 }, (_, i) => String(i));
  const client = await recorded(bench, withMetadata(recording(""), labels));
  const answer = parseSdp(client.sdp, { bytes: 100_000, lines: 4_000, media: 256 });
  assert.ok(answer.ok);
  assert.equal(answer.value.media.length, 200);
  assert.equal(answer.value.media.filter(({ port }) => port !== 0).length, 16);
  assert.equal(bench.media.open.length, 16);
  assert.ok(bench.desk.calls[0]?.warnings.includes("too-many") === true);
});

test("300 lines are too many to be answered: 488", async () => {
  const bench = await recordingBench();
  const client = new RecordingClient(bench, withMetadata(recording(""), Array.from({ length: 300 }, String)));
  await bench.settle();
  assert.equal(client.response.status, 488);
});

test("two lines with one label are both heard", async () => {
  const bench = await recordingBench();
  await recorded(bench, withMetadata(recording(""), ["1", "1"]));
  assert.equal(bench.media.open.length, 2);
  assert.ok(bench.desk.calls[0]?.warnings.includes("duplicate-label") === true);
});

const lies: readonly { readonly name: string; readonly sdp: string; readonly peer: unknown }[] = [
  { name: "an address that is none", sdp: sdpOf(["1"]).replaceAll("192.0.2.9", "999.1.1.1"), peer: undefined },
  { name: "IPv6 that is IPv4", sdp: sdpOf(["1"]).replaceAll("IP4", "IP6"), peer: { address: "192.0.2.9", port: 0 } },
  { name: "no connection at all", sdp: sdpOf(["1"]).replace(/c=.*\r\n/, ""), peer: undefined },
  {
    name: "a hundred ports on one line",
    sdp: sdpOf(["1"]).replace("m=audio 40000", "m=audio 40000/100"),
    peer: { address: "192.0.2.9", port: 0 },
  },
  {
    name: "payload types that do not exist",
    sdp: sdpOf(["1"]).replace("AVP 0 101", "AVP 0 101 999 -1 x"),
    peer: { address: "192.0.2.9", port: 0 },
  },
  {
    name: "a thousand formats",
    sdp: sdpOf(["1"]).replace("AVP 0 101", `AVP ${Array.from({ length: 1_000 }, (_, i) => i).join(" ")}`),
    peer: { address: "192.0.2.9", port: 0 },
  },
  {
    name: "a label of a thousand characters",
    sdp: sdpOf(["y".repeat(1_000)]),
    peer: { address: "192.0.2.9", port: 0 },
  },
  {
    name: "directions that contradict each other",
    sdp: sdpOf(["1"], ["a=sendonly", "a=inactive", "a=recvonly"]),
    peer: { address: "192.0.2.9", port: 0 },
  },
];
for (const { name, sdp, peer } of lies)
  test(`a description that lies is answered with one that does not: ${name}`, async () => {
    const bench = await recordingBench();
    const client = await recorded(bench, sdp, {
      headers: [
        ["Require", "siprec"],
        ["Content-Type", "application/sdp"],
      ],
    });
    const answer = parseSdp(client.sdp);
    assert.ok(answer.ok, client.sdp);
    assert.equal(answer.value.media.length, 1);
    assert.deepEqual(bench.media.open[0]?.peer, peer);
    assert.ok(Buffer.byteLength(client.sdp) < 2_000);
  });

test("a sender that says BYE before it acknowledges leaves nothing", async () => {
  const bench = await recordingBench();
  const client = new RecordingClient(bench, DIALECTS[0]!.body);
  await bench.settle();
  client.dialog.request({ method: "BYE" }, { onFinal: () => undefined });
  await bench.settle();
  assert.deepEqual([bench.server.size, bench.media.open.length, bench.listening.openCalls], [0, 0, []]);
  await bench.settle(40_000);
  assert.equal(bench.called.load.dialogs, 0);
});

test("a From with thousands of parameters is refused by the endpoint, one with a hundred is read", async () => {
  const bench = await recordingBench();
  const from = (count: number): string => `<sip:a@192.0.2.1;x-nearend;x-refci=1${";x=y".repeat(count)}>`;
  const headers = [
    ["Require", "siprec"],
    ["Content-Type", "application/sdp"],
  ] as const;
  const many = new RecordingClient(bench, sdpOf(["1"]), { from: from(3_000), headers, callId: "many" });
  await bench.settle();
  assert.equal(many.response.status, 400);
  await recorded(bench, sdpOf(["1"]), { from: from(100), headers });
  assert.deepEqual(bench.listening.speakers("rec-1"), ["agent"]);
});

const STRANGER = "203.0.113.5:5060";
const spoofed = (n: number): string =>
  rawRequest({
    ...{ method: "INVITE", via: STRANGER, uri: "sip:srs@192.0.2.2", branch: `z9hG4bKflood${n}`, callId: `flood${n}` },
    headers: ["Require: siprec"],
  });
const TO_SERVER = { protocol: "udp", address: "192.0.2.2", port: 5060 } as const;

test("recording sessions from an unnamed source hold nothing, are refused once each, silenced as calls are, and hardly logged", async () => {
  const forbidden = { status: 403, reason: "Forbidden" };
  let knocks = 0;
  const refuseStranger = () => (++knocks > 30 ? { ...forbidden, drop: true } : forbidden);
  const bench = await recordingBench({ refuseStranger });
  const stranger = new MemoryPeer(bench.network, STRANGER);
  for (let n = 0; n < 100; n++) stranger.send(spoofed(n), TO_SERVER);
  await bench.settle();
  assert.equal(bench.called.load.transactions, 0);
  bench.clock.advance(40_000);
  assert.deepEqual(stranger.statuses, new Array<number>(30).fill(403));
  assert.equal(bench.metrics.get("ringfence_recordings_refused_total{source}"), 100);
  const warnings = (): unknown[] =>
    bench.log.lines.filter(({ event }) => event === "recording.refused").map(({ fields }) => fields?.["untold"]);
  assert.deepEqual(warnings(), [0]);
  stranger.send(spoofed(100), TO_SERVER);
  await bench.settle();
  assert.deepEqual(warnings(), [0, 99], "how many were not told is told with the next");
});

test("a named source keeps its recording sessions while others knock, and requests that are no recordings are the calls' to refuse", async () => {
  const bench = await recordingBench();
  bench.calls.away = { status: 480, reason: "Not Here" };
  const stranger = new MemoryPeer(bench.network, STRANGER);
  stranger.send(spoofed(1), TO_SERVER);
  stranger.send(rawRequest({ method: "OPTIONS", via: STRANGER }), TO_SERVER);
  await recorded(bench, sdpOf(["1"]), {
    headers: [
      ["Require", "siprec"],
      ["Content-Type", "application/sdp"],
    ],
  });
  assert.deepEqual(stranger.statuses, [403, 480]);
  assert.equal(bench.server.size, 1);
});

test("where nobody listens strangers are turned away as elsewhere, and the others' 488 is hardly logged", async () => {
  const clock = new FakeClock();
  const network = new SipNetwork(clock);
  const log = new LogDouble();
  const taker = new UnheardRecordings(
    { users: [], sources: ["192.0.2.9"], serverName: "" },
    { refuseStranger: () => ({ status: 403, reason: "Forbidden" }), clock, log },
  );
  const calls = new RecordingUser();
  const transports = network.transports("192.0.2.2:5060");
  const endpoint = new EmbeddedSipEndpoint({ transports, clock, random: new SeededRandom(1) });
  await endpoint.start(new RecordingRouter(taker, calls));
  const stranger = new MemoryPeer(network, STRANGER);
  const recorder = new MemoryPeer(network, "192.0.2.9:5060");
  for (let n = 0; n < 3; n++) stranger.send(spoofed(n), TO_SERVER);
  clock.advance(5);
  assert.deepEqual([stranger.statuses, endpoint.load.transactions, log.lines], [[403, 403, 403], 0, []]);
  for (let n = 3; n < 6; n++) recorder.send(spoofed(n).replaceAll(STRANGER, "192.0.2.9:5060"), TO_SERVER);
  clock.advance(5);
  assert.deepEqual([recorder.statuses, log.lines.length, calls.seen], [[488, 488, 488], 1, []]);
});
