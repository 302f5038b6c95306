import assert from "node:assert/strict";
import { test } from "node:test";
import { checkAnswer } from "../../../support/check-answer.js";
import { parseSdp } from "../../../../gateway/sip/sdp/parse-sdp.js";
import { writeMetadata } from "../../../../gateway/sip/siprec/write-metadata.js";
import { DIALECTS, multipart, sdpOf } from "../../../fixtures/siprec/dialects.js";
import { recorded, recordingBench, RecordingClient, SIPREC } from "../../../support/recording-bench.js";

const RFC = DIALECTS[0]!;
const SDP_TYPE = ["Content-Type", "application/sdp"] as const;
const REQUIRE = ["Require", "siprec"] as const;

test("a recording session is answered, heard per speaker, and freed by BYE", async () => {
  const bench = await recordingBench();
  const client = await recorded(bench, RFC.body);
  const offer = parseSdp(sdpOf(["96", "97"]));
  const answer = parseSdp(client.sdp);
  assert.ok(offer.ok && answer.ok);
  assert.equal(checkAnswer(offer.value, answer.value), undefined);
  assert.match(client.sdp, /a=label:96\r\na=recvonly\r\n[^]*a=label:97\r\na=recvonly\r\n/);
  assert.match(client.response.headers.get("contact") ?? "", />;\+sip\.srs$/);
  assert.match(client.response.headers.get("supported") ?? "", /siprec/);
  assert.deepEqual(bench.listening.speakers("rec-1"), ["caller", "callee"]);
  assert.deepEqual(
    bench.media.open.map(({ peer }) => peer),
    [
      { address: "192.0.2.9", port: 0 },
      { address: "192.0.2.9", port: 0 },
    ],
  );
  const call = bench.desk.calls[0]!;
  assert.equal(call.caller?.aor, RFC.caller);
  assert.equal(call.called?.aor, RFC.called);
  assert.deepEqual(call.identifiers, RFC.identifiers);
  assert.deepEqual(bench.listening.calls[0]?.parties.caller, "+12025550101");

  assert.equal((await client.request("BYE", undefined)).status, 200);
  assert.deepEqual([bench.media.open.length, bench.listening.streams.size, bench.listening.openCalls], [0, 0, []]);
  assert.deepEqual(bench.desk.log, ["begin rec-1", "ended rec-1"]);
  assert.equal(bench.server.size, 0);
  assert.equal(bench.calls.seen.length, 0, "the hop saw something");
});

for (const dialect of DIALECTS)
  test(`recording server: ${dialect.name}`, async () => {
    const bench = await recordingBench({ options: { calledSide: "agent" } });
    await recorded(bench, dialect.body, {
      headers: [
        ["Require", "siprec"],
        ["Content-Type", dialect.contentType],
      ],
    });
    const expected = dialect.sides.map((side) => (side === "caller" ? "caller" : "agent"));
    assert.deepEqual(bench.listening.speakers("rec-1"), expected);
    const [call] = bench.desk.calls;
    assert.deepEqual([call?.caller?.aor, call?.called?.aor], [dialect.caller, dialect.called]);
    for (const warning of dialect.warnings) assert.ok(call?.warnings.includes(warning) === true, warning);
    assert.equal(bench.media.open.length, dialect.sides.length);
    const closed = bench.server.close();
    await bench.settle();
    await closed;
    assert.equal(bench.media.open.length, 0);
  });

const refusals: readonly {
  readonly name: string;
  readonly status: number;
  readonly header?: readonly [name: string, value: RegExp];
  readonly options?: NonNullable<Parameters<typeof recordingBench>[0]>["options"];
  readonly body?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly why: string;
}[] = [
  { name: "from a source that is not named", status: 403, options: { sources: ["127.0.0.0/8"] }, why: "source" },
  {
    name: "one more than there is room for",
    status: 503,
    header: ["retry-after", /^[1-5]$/],
    options: { maxSessions: 0 },
    why: "full",
  },
  { name: "a body beyond the limit", status: 413, options: { maxBodyBytes: 100 }, why: "too-large" },
  {
    name: "an extension that we cannot do",
    status: 420,
    header: ["unsupported", /^recorder-dance$/],
    headers: [["Require", "siprec, recorder-dance"]],
    why: "extension",
  },
  {
    name: "a session timer under the minimum",
    status: 422,
    header: ["min-se", /^90$/],
    headers: [
      ["Require", "siprec"],
      ["Session-Expires", "10"],
    ],
    why: "timer",
  },
  {
    name: "nothing that can be decoded",
    status: 488,
    body: sdpOf(["1"]).replace("AVP 0 101", "AVP 18").replace("rtpmap:0 PCMU", "rtpmap:18 G729"),
    why: "media",
  },
  { name: "a description that is none", status: 488, body: "v=0\r\nm=audio\r\n", why: "media" },
  { name: "only video", status: 488, body: sdpOf(["1"]).replace("m=audio", "m=video"), why: "media" },
];
for (const { name, status, header, options = {}, body = sdpOf(["1"]), headers = [REQUIRE], why } of refusals)
  test(`recording server refuses ${name} with ${status}`, async () => {
    const bench = await recordingBench({ options });
    const client = new RecordingClient(bench, body, {
      headers: [...headers, SDP_TYPE],
    });
    await bench.settle();
    assert.equal(client.response.status, status);
    if (header !== undefined) assert.match(client.response.headers.get(header[0]) ?? "", header[1]);
    assert.equal(bench.metrics.get(`ringfence_recordings_refused_total{${why}}`), 1);
    assert.deepEqual([bench.server.size, bench.media.open.length, bench.listening.openCalls], [0, 0, []]);
    assert.equal(bench.calls.seen.length, 0);
  });

test("switched off, a recording session is a call like any other", async () => {
  const bench = await recordingBench({ options: { enabled: false } });
  new RecordingClient(bench, RFC.body);
  await bench.settle();
  assert.deepEqual(bench.calls.seen, ["INVITE"]);
});

test("a call goes to the hop, and so does an OPTIONS of nobody who records", async () => {
  const bench = await recordingBench();
  new RecordingClient(bench, sdpOf([""]), { headers: [["Content-Type", "application/sdp"]], contactParams: "" });
  bench.client.request(bench.spec({ method: "OPTIONS", contactParams: "" }), { onFinal: () => undefined });
  await bench.settle();
  assert.deepEqual(bench.calls.seen, ["INVITE", "OPTIONS"]);
});

test("a recording client's OPTIONS is answered by the recording server, a stranger's is not", async () => {
  const bench = await recordingBench({ options: { users: ["rec"] } });
  const statuses: number[] = [];
  const ask = (more: object): unknown =>
    bench.client.request(bench.spec({ method: "OPTIONS", contactParams: "", ...more }), {
      onFinal: (response) => statuses.push(response.status),
    });
  ask({ uri: "sip:REC@192.0.2.2" });
  ask({ headers: [["Require", "siprec"]] });
  await bench.settle();
  assert.deepEqual(statuses, [200, 200]);
  assert.equal(bench.calls.seen.length, 0);
  bench.server.drain();
  ask({ uri: "sip:rec@192.0.2.2" });
  await bench.settle();
  assert.deepEqual(statuses, [200, 200, 503]);
});

test("a user that is set aside records whatever its INVITE looks like", async () => {
  const bench = await recordingBench({ options: { users: ["rec"] } });
  const more = { uri: "sip:rec@192.0.2.2", contactParams: "", headers: [["Content-Type", "application/sdp"]] as const };
  await recorded(bench, sdpOf(["", ""]), more);
  assert.deepEqual(bench.listening.speakers("rec-1"), ["caller", "callee"]);
  assert.deepEqual(bench.desk.calls[0]?.warnings, ["no-metadata"]);
});

test("no port to be had: 503, and nothing is left behind", async () => {
  const bench = await recordingBench();
  bench.media.fails = "media.full";
  const client = new RecordingClient(bench, RFC.body);
  await bench.settle();
  assert.equal(client.response.status, 503);
  assert.deepEqual([bench.listening.streams.size, bench.listening.openCalls, bench.server.size], [0, [], 0]);
});

test("no room at the listening side for the second stream: it is answered with port 0, the first is heard", async () => {
  const bench = await recordingBench();
  const open = bench.listening.open.bind(bench.listening);
  bench.listening.open = ((what: Parameters<typeof open>[0]) => {
    if ("speaker" in what && what.speaker === "callee") return undefined;
    return open(what);
  }) as typeof open;
  const client = await recorded(bench, RFC.body);
  assert.match(client.sdp, /m=audio 50000 [^]*m=audio 0 /);
  assert.deepEqual(bench.listening.speakers("rec-1"), ["caller"]);
});

test("ports that never come: 503 after the time-out; one that comes late is closed", async () => {
  const bench = await recordingBench();
  let open = (): void => undefined;
  bench.media.gate = new Promise((resolve) => (open = resolve));
  const client = new RecordingClient(bench, RFC.body);
  await bench.settle(5_200);
  assert.equal(client.response.status, 503);
  open();
  await bench.settle();
  assert.equal(bench.media.ports.length, 2);
  assert.deepEqual([bench.media.open.length, bench.listening.streams.size], [0, 0]);
});

test("a CANCEL while ports are waited for: 487, and what comes is closed", async () => {
  const bench = await recordingBench();
  let open = (): void => undefined;
  bench.media.gate = new Promise((resolve) => (open = resolve));
  const client = new RecordingClient(bench, RFC.body);
  await bench.settle(300);
  client.outgoing.cancel();
  await bench.settle();
  assert.equal(client.response.status, 487);
  open();
  await bench.settle();
  assert.deepEqual([bench.media.open.length, bench.listening.streams.size, bench.server.size], [0, 0, 0]);
  assert.deepEqual(bench.desk.log, ["begin rec-1", "ended rec-1"]);
});

test("a client that never acknowledges gets BYE, and its ports are freed", async () => {
  const bench = await recordingBench();
  const client = new RecordingClient(bench, RFC.body);
  await bench.settle();
  client.dialog.user = client.dialogUser;
  await bench.settle(33_000);
  assert.deepEqual(client.dialogUser.seen, ["BYE"]);
  assert.deepEqual([bench.media.open.length, bench.server.size], [0, 0]);
  assert.equal(bench.metrics.get("ringfence_recordings_ended_total{no-ack}"), 1);
});

test("ending a recording says BYE to its client, and to no other", async () => {
  const bench = await recordingBench();
  const one = await recorded(bench, RFC.body);
  const two = await recorded(bench, RFC.body, { callId: "rec-2" });
  const ending = bench.server.endRecording("rec-1");
  await bench.settle();
  assert.equal(await ending, true);
  assert.deepEqual([one.dialogUser.seen, two.dialogUser.seen], [["BYE"], []]);
  assert.deepEqual(bench.listening.openCalls, ["rec-2"]);
  assert.equal(await bench.server.endRecording("rec-9"), false);
});

test("draining refuses new sessions and leaves those that are up; closing ends them, twice too", async () => {
  const bench = await recordingBench();
  const up = await recorded(bench, RFC.body);
  bench.server.drain();
  const late = new RecordingClient(bench, RFC.body, { callId: "rec-2" });
  await bench.settle();
  assert.equal(late.response.status, 503);
  assert.deepEqual(bench.listening.openCalls, ["rec-1"]);
  const closed = Promise.all([bench.server.close(), bench.server.close()]);
  await bench.settle();
  await closed;
  assert.deepEqual(up.dialogUser.seen, ["BYE"]);
  assert.deepEqual([bench.media.open.length, bench.listening.openCalls], [0, []]);
});

test("closing does not wait for a client that is gone", async () => {
  const bench = await recordingBench();
  await recorded(bench, RFC.body);
  bench.network.refuse = () => true;
  let closed = false;
  void bench.server.close().then(() => (closed = true));
  await bench.settle(1_900);
  assert.equal(closed, false);
  await bench.settle(200);
  assert.equal(closed, true);
  assert.equal(bench.media.open.length, 0);
});

test("a recording that has the Call-ID of another call is heard under a name of its own", async () => {
  const bench = await recordingBench();
  await recorded(bench, RFC.body);
  await recorded(bench, RFC.body, { fromTag: "another" });
  const [first, second] = bench.listening.openCalls;
  assert.equal(first, "rec-1");
  assert.match(second ?? "", /^rec-1~[0-9a-f]{8}$/);
  assert.equal(bench.desk.calls[1]?.sessionCallId, "rec-1");
});

test("an emergency call is recorded to us, and not heard", async () => {
  const bench = await recordingBench();
  const body = RFC.body.replaceAll("+12025550199", "911");
  const client = await recorded(bench, body);
  assert.match(client.sdp, /m=audio 0 [^]*m=audio 0 /);
  assert.deepEqual([bench.listening.calls.length, bench.media.ports.length], [0, 0]);
  assert.equal((await client.request("BYE", undefined)).status, 200);
  assert.deepEqual(bench.desk.log, ["begin rec-1", "ended rec-1"]);
});

test("numbers, URIs and addresses stand in no log line but as sensitive fields", async () => {
  const bench = await recordingBench();
  const client = await recorded(bench, RFC.body);
  await client.request("BYE", undefined);
  const text = JSON.stringify(bench.log.lines);
  for (const secret of ["2025550101", "192.0.2.", "rec-1", "Ada"]) assert.ok(!text.includes(secret), secret);
  assert.ok(bench.log.lines.some(({ event }) => event === "recording.started"));
});

test("identifiers of the INVITE's own headers are kept beside those of the metadata", async () => {
  const bench = await recordingBench();
  const half = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
  await recorded(bench, sdpOf(["1"]), {
    headers: [
      ["Require", "siprec"],
      ["Content-Type", "application/sdp"],
      ["Session-ID", `${half};remote=00000000000000000000000000000000`],
      ["Cisco-Guid", "2671977344-0000065536-0000000139-3269726474"],
      ["User-to-User", "00FA080001000758A20EFA;encoding=hex"],
    ],
  });
  assert.deepEqual(bench.desk.calls[0]?.identifiers, [
    { kind: "session-id", value: half },
    { kind: "guid", value: "2671977344-0000065536-0000000139-3269726474" },
    { kind: "ucid", value: "00FA080001000758A20EFA" },
  ]);
});

test("an SRTP line is received with the client's key, and answered with one of ours", async () => {
  const bench = await recordingBench();
  const key = Buffer.alloc(30, 9).toString("base64");
  const sdp = sdpOf(["1"], [`a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:${key}|2^31|1:4`, "a=sendonly"]).replace(
    "RTP/AVP",
    "RTP/SAVP",
  );
  const client = await recorded(bench, sdp, {
    headers: [
      ["Require", "siprec"],
      ["Content-Type", "application/sdp"],
    ],
  });
  assert.deepEqual(bench.media.open[0]?.options.crypto, {
    suite: "AES_CM_128_HMAC_SHA1_80",
    keySalt: key,
    mkiBytes: 4,
  });
  const own = /a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:(\S+)/.exec(client.sdp)?.[1] ?? "";
  assert.equal(Buffer.from(own, "base64").byteLength, 30);
  assert.notEqual(own, key);
});

test("IPv6 media of a client gets an IPv6 port", async () => {
  const bench = await recordingBench();
  const client = await recorded(bench, sdpOf(["1"]).replaceAll("IP4 192.0.2.9", "IP6 2001:db8::9"), {
    headers: [
      ["Require", "siprec"],
      ["Content-Type", "application/sdp"],
    ],
  });
  assert.equal(bench.media.open[0]?.options.family, 6);
  assert.match(client.sdp, /c=IN IP6 ::1/);
});

test("a source to be learned is not locked to what was signalled", async () => {
  const bench = await recordingBench({ options: { learnSource: true } });
  await recorded(bench, RFC.body);
  assert.deepEqual(
    bench.media.open.map(({ peer }) => peer),
    [undefined, undefined],
  );
});

test("the writer's own documents are heard", async () => {
  for (const dialect of ["rfc", "acme"] as const) {
    const bench = await recordingBench();
    const metadata = writeMetadata(
      {
        mode: "complete",
        sessionId: "S",
        startedAt: "2024-05-01T10:00:00Z",
        participants: [
          { id: "P1", aor: "sip:+12025550101@192.0.2.1", streamId: "T1", label: "1", isCaller: true },
          { id: "P2", aor: "sip:+12025550199@192.0.2.1", streamId: "T2", label: "2", isCaller: false },
        ],
      },
      dialect,
    );
    const body = multipart([
      ["application/sdp", sdpOf(["1", "2"])],
      ["application/rs-metadata+xml", Buffer.from(metadata).toString("latin1")],
    ]);
    await recorded(bench, body, { headers: SIPREC });
    assert.deepEqual(bench.desk.calls[0]?.warnings, []);
    assert.deepEqual(bench.listening.speakers("rec-1"), ["caller", "callee"]);
  }
});
