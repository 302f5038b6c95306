import assert from "node:assert/strict";
import { test } from "node:test";
import { DIALECTS, MULTIPART, multipart, sdpOf } from "../../../fixtures/siprec/dialects.js";
import { recorded, recordingBench, type RecordingBench } from "../../../support/recording-bench.js";

const RFC = DIALECTS[0]!;
const SDP = "application/sdp";
const META = "application/rs-metadata+xml";
const partial = (inner: string): string =>
  `<recording xmlns="urn:ietf:params:xml:ns:recording:1"><datamode>partial</datamode>${inner}</recording>`;
const heard = ({ listening, media }: RecordingBench) => [
  listening.speakers("rec-1"),
  media.open.map(({ port }) => port),
];

test("hold and resume: inactive and back, the ports stay", async () => {
  const bench = await recordingBench();
  const client = await recorded(bench, RFC.body);
  const held = await client.request("INVITE", SDP, sdpOf(["96", "97"], ["a=inactive"]));
  assert.equal(held.status, 200);
  assert.deepEqual(
    [...held.sdp.matchAll(/a=(inactive|recvonly)/g)].map(([, word]) => word),
    ["inactive", "inactive"],
  );
  const back = await client.request("INVITE", SDP, sdpOf(["96", "97"]));
  assert.match(back.sdp, /a=label:96\r\na=recvonly/);
  assert.deepEqual(heard(bench), [
    ["caller", "callee"],
    [50_000, 50_002],
  ]);
  assert.equal(bench.media.ports.length, 2);
  assert.match(back.sdp, /^v=0\r\no=- (\d+) 3 /);
});

test("hold by an address of zero does not unlearn where the sender is", async () => {
  const bench = await recordingBench();
  const client = await recorded(bench, RFC.body);
  const zero = sdpOf(["96", "97"], []).replaceAll("c=IN IP4 192.0.2.9", "c=IN IP4 0.0.0.0");
  assert.equal((await client.request("INVITE", SDP, zero)).status, 200);
  assert.deepEqual(bench.media.open[0]?.peer, { address: "192.0.2.9", port: 0 });
  const moved = sdpOf(["96", "97"]).replaceAll("192.0.2.9", "192.0.2.19");
  await client.request("UPDATE", SDP, moved);
  assert.deepEqual(bench.media.open[0].peer, { address: "192.0.2.19", port: 0 });
});

test("a line that is new is heard, one that is switched off is freed, and its place stays", async () => {
  const bench = await recordingBench();
  const client = await recorded(bench, RFC.body);
  const more = multipart([
    [SDP, sdpOf(["96", "97", "98"])],
    [
      META,
      partial(
        `<participant participant_id="P3"><nameID aor="sip:+12025550150@192.0.2.3"/></participant>
         <stream stream_id="T3" session_id="S1"><label>98</label></stream>
         <participantstreamassoc participant_id="P3"><send>T3</send></participantstreamassoc>`,
      ),
    ],
  ]);
  const added = await client.request("INVITE", MULTIPART, more);
  assert.deepEqual(heard(bench), [
    ["caller", "callee", "callee"],
    [50_000, 50_002, 50_004],
  ]);
  assert.equal(added.sdp.match(/^m=/gm)?.length, 3);
  assert.ok(bench.desk.calls.at(-1)?.warnings.includes("conference") === true);
  const fewer = sdpOf(["96", "97", "98"]).replace("m=audio 40002", "m=audio 0");
  const removed = await client.request("INVITE", SDP, fewer);
  assert.match(removed.sdp, /m=audio 50000 [^]*m=audio 0 [^]*m=audio 50004 /);
  assert.deepEqual(heard(bench), [
    ["caller", "callee"],
    [50_000, 50_004],
  ]);
});

test("a description with fewer lines than before frees what is not in it any more", async () => {
  const bench = await recordingBench();
  const client = await recorded(bench, RFC.body);
  const { status, sdp } = await client.request("INVITE", SDP, sdpOf(["96"]));
  assert.deepEqual([status, sdp.match(/^m=/gm)?.length], [200, 1]);
  assert.deepEqual(heard(bench), [["caller"], [50_000]]);
});

test("everything switched off is a pause; a line that cannot be decoded is refused and the rest stays", async () => {
  const bench = await recordingBench();
  const client = await recorded(bench, RFC.body);
  const off = sdpOf(["96", "97"]).replace(/m=audio \d+/g, "m=audio 0");
  assert.equal((await client.request("INVITE", SDP, off)).status, 200);
  assert.deepEqual(heard(bench), [[], []]);
  await client.request("INVITE", SDP, sdpOf(["96", "97"]));
  assert.deepEqual(bench.listening.speakers("rec-1"), ["caller", "callee"]);
  const g729 = sdpOf(["96"]).replace("AVP 0 101", "AVP 18");
  assert.equal((await client.request("INVITE", SDP, g729)).status, 488);
  assert.deepEqual(bench.listening.speakers("rec-1"), ["caller", "callee"]);
  assert.equal((await client.request("UPDATE", SDP, "v=0\r\nm=audio\r\n")).status, 488);
  assert.equal(bench.media.open.length, 2);
});

test("a codec that changes is told to the listening side, one that does not is not", async () => {
  const bench = await recordingBench();
  const client = await recorded(bench, RFC.body);
  const changes: number[] = [];
  const change = bench.listening.change.bind(bench.listening);
  bench.listening.change = (streamId, formats) => {
    changes.push(streamId);
    change(streamId, formats);
  };
  await client.request("UPDATE", SDP, sdpOf(["96", "97"]));
  assert.deepEqual(changes, []);
  await client.request(
    "UPDATE",
    SDP,
    sdpOf(["96", "97"]).replace("AVP 0 101\r\na=rtpmap:0 PCMU", "AVP 8 101\r\na=rtpmap:8 PCMA"),
  );
  assert.deepEqual(changes, [1]);
  assert.equal(bench.listening.streams.get(1)?.formats[0]?.codec, "PCMA");
});

test("UPDATE and INFO with metadata alone change what is known", async () => {
  const bench = await recordingBench();
  const client = await recorded(bench, RFC.body);
  const change = partial(
    `<participant participant_id="P2"><nameID aor="sip:+12025550177@192.0.2.2"><name>Bob</name></nameID></participant>`,
  );
  assert.equal((await client.request("UPDATE", META, change)).status, 200);
  assert.deepEqual(bench.desk.calls.at(-1)?.called, { aor: "sip:+12025550177@192.0.2.2", name: "Bob" });
  assert.equal((await client.request("INFO", META, change.replaceAll("0177", "0178"))).status, 200);
  assert.equal(bench.desk.calls.at(-1)?.called?.aor, "sip:+12025550178@192.0.2.2");
  assert.deepEqual(heard(bench), [
    ["caller", "callee"],
    [50_000, 50_002],
  ]);
});

test("metadata that comes only later says who is who; roles that are the other way round take effect with the next offer", async () => {
  const bench = await recordingBench();
  const client = await recorded(bench, sdpOf(["1", "2"]), {
    headers: [
      ["Require", "siprec"],
      ["Content-Type", SDP],
    ],
  });
  assert.deepEqual(bench.listening.speakers("rec-1"), ["caller", "callee"]);
  const sonus = DIALECTS.find(({ name }) => name.startsWith("Sonus"))!;
  const metadata = /<\?xml[^]*<\/tns:recording>/.exec(sonus.body)?.[0] ?? "";
  await client.request("UPDATE", META, metadata);
  const told = bench.desk.calls.at(-1)!;
  assert.deepEqual([told.caller?.aor, told.called?.aor], [sonus.caller, sonus.called]);
  assert.ok(told.warnings.includes("late-roles"));
  const again = await client.request("INVITE", SDP, sdpOf(["1", "2"]));
  assert.deepEqual(heard(bench), [
    ["callee", "caller"],
    [50_004, 50_006],
  ]);
  assert.match(again.sdp, /m=audio 50004 [^]*m=audio 50006 /);
});

test("metadata that cannot be read costs the names, not the sound", async () => {
  const bench = await recordingBench();
  const body = multipart([
    [SDP, sdpOf(["1"])],
    [META, `<!DOCTYPE x [<!ENTITY a "b">]><recording>&a;</recording>`],
  ]);
  const client = await recorded(bench, body);
  assert.deepEqual(bench.desk.calls[0]?.warnings, ["unreadable-metadata", "no-metadata"]);
  assert.equal(bench.metrics.get("ringfence_recording_warnings_total{unreadable-metadata}"), 1);
  assert.equal((await client.request("UPDATE", META, "<recording")).status, 200);
  assert.equal(bench.media.open.length, 1);
});

test("a refresh without a description is answered with an offer; its ACK may change where the sender is", async () => {
  const bench = await recordingBench();
  const client = await recorded(bench, RFC.body);
  const user = { answer: "" };
  client.dialog.request(
    { method: "INVITE" },
    {
      onFinal: () => undefined,
      onAnswer: (response, dialog) => {
        user.answer = Buffer.from(response.body).toString("latin1");
        const sdp = sdpOf(["96", "97"]).replaceAll("192.0.2.9", "192.0.2.29");
        dialog.ack({ headers: [["Content-Type", SDP]], body: Buffer.from(sdp) });
      },
    },
  );
  await bench.settle();
  assert.match(user.answer, /m=audio 50000 [^]*m=audio 50002 /);
  assert.deepEqual(
    bench.media.open.map(({ peer }) => peer),
    [
      { address: "192.0.2.29", port: 0 },
      { address: "192.0.2.29", port: 0 },
    ],
  );
});

test("an ACK that answers our offer with nothing ends the session with BYE", async () => {
  const bench = await recordingBench();
  const client = await recorded(bench, RFC.body);
  await client.request("INVITE", undefined);
  await bench.settle();
  assert.deepEqual(client.dialogUser.seen, ["BYE"]);
  assert.equal(bench.metrics.get("ringfence_recordings_ended_total{no-media}"), 1);
});

test("an UPDATE with a description while ports are waited for gets 500 with Retry-After", async () => {
  const bench = await recordingBench();
  const client = await recorded(bench, RFC.body);
  let open = (): void => undefined;
  bench.media.gate = new Promise((resolve) => (open = resolve));
  const first = client.request("INVITE", SDP, sdpOf(["96", "97", "98"]));
  await bench.settle();
  const second = await client.request("UPDATE", SDP, sdpOf(["96"]));
  assert.equal(second.status, 500);
  assert.match(second.response?.headers.get("retry-after") ?? "", /^\d+$/);
  open();
  await bench.settle();
  await first;
  assert.equal(bench.media.open.length, 3);
});

test("a BYE while a new line is waited for frees all of them", async () => {
  const bench = await recordingBench();
  const client = await recorded(bench, RFC.body);
  let open = (): void => undefined;
  bench.media.gate = new Promise((resolve) => (open = resolve));
  const pending = client.request("UPDATE", SDP, sdpOf(["96", "97", "98"]));
  await bench.settle();
  assert.equal((await client.request("BYE", undefined)).status, 200);
  open();
  await bench.settle();
  await pending;
  assert.deepEqual([bench.media.ports.length, bench.media.open.length, bench.listening.streams.size], [3, 0, 0]);
  assert.deepEqual(bench.listening.openCalls, []);
});

test("other requests are answered: OPTIONS 200, MESSAGE 405, PRACK 481", async () => {
  const bench = await recordingBench();
  const client = await recorded(bench, RFC.body);
  assert.equal((await client.request("OPTIONS", undefined)).status, 200);
  const message = await client.request("MESSAGE", "text/plain", "hello");
  assert.equal(message.status, 405);
  assert.match(message.response?.headers.get("allow") ?? "", /UPDATE/);
  assert.equal((await client.request("PRACK", undefined, "", [["RAck", "1 1 INVITE"]])).status, 481);
});

test("session timer: the client refreshes; when it does not, it gets BYE a little before the time is over", async () => {
  const bench = await recordingBench({ options: { keepAliveMs: 0 } });
  const client = await recorded(bench, RFC.body, {
    headers: [
      ["Require", "siprec"],
      ["Supported", "timer"],
      ["Session-Expires", "180"],
      ["Content-Type", MULTIPART],
    ],
  });
  assert.equal(client.response.headers.get("session-expires"), "180;refresher=uac");
  assert.equal(client.response.headers.get("require"), "timer");
  await bench.settle(140_000);
  const refresh = await client.request("UPDATE", undefined, "", [
    ["Supported", "timer"],
    ["Session-Expires", "180;refresher=uac"],
  ]);
  assert.equal(refresh.response?.headers.get("session-expires"), "180;refresher=uac");
  await bench.settle(140_000);
  assert.deepEqual(client.dialogUser.seen, []);
  await bench.settle(10_000);
  assert.deepEqual(client.dialogUser.seen, ["BYE"]);
  assert.equal(bench.metrics.get("ringfence_recordings_ended_total{dead}"), 1);
});

test("session timer: a client that leaves refreshing to us gets UPDATEs", async () => {
  const bench = await recordingBench({ options: { keepAliveMs: 0 } });
  const client = await recorded(bench, RFC.body, {
    headers: [
      ["Require", "siprec, timer"],
      ["Session-Expires", "100;refresher=uas"],
      ["Content-Type", MULTIPART],
    ],
  });
  assert.equal(client.response.headers.get("session-expires"), "100;refresher=uas");
  await bench.settle(160_000);
  assert.deepEqual(client.dialogUser.seen, ["UPDATE", "UPDATE", "UPDATE"]);
  assert.equal(client.dialogUser.requests[0]?.request.headers.get("session-expires"), "100;refresher=uac");
  client.dialogUser.answer = 500;
  await bench.settle(110_000);
  assert.ok(client.dialogUser.seen.includes("BYE"), client.dialogUser.seen.join());
});

test("keep-alive: a client that answers lives, one that knows nothing of the dialog is gone at once", async () => {
  const bench = await recordingBench({ options: { keepAliveMs: 10_000 } });
  const client = await recorded(bench, RFC.body);
  await bench.settle(35_000);
  assert.deepEqual(client.dialogUser.seen, ["OPTIONS", "OPTIONS", "OPTIONS"]);
  client.dialogUser.answer = 405;
  await bench.settle(10_000);
  assert.equal(bench.server.size, 1);
  client.dialogUser.answer = 481;
  await bench.settle(10_000);
  assert.deepEqual([bench.server.size, bench.media.open.length], [0, 0]);
});

test("keep-alive: a client that is gone is given up after two OPTIONS without an answer", async () => {
  const bench = await recordingBench({ options: { keepAliveMs: 10_000 } });
  await recorded(bench, RFC.body);
  bench.network.refuse = () => true;
  await bench.settle(10_000 + 32_000 + 4_000);
  assert.equal(bench.server.size, 1);
  await bench.settle(35_000);
  assert.deepEqual([bench.server.size, bench.media.open.length, bench.listening.openCalls], [0, 0, []]);
});

test("a line on which nothing comes makes us ask for its client, and no more", async () => {
  const bench = await recordingBench({ options: { keepAliveMs: 3_600_000 } });
  const client = await recorded(bench, RFC.body);
  bench.media.open[0]?.options.onIdle();
  await bench.settle();
  assert.deepEqual(client.dialogUser.seen, ["OPTIONS"]);
  assert.equal(bench.server.size, 1);
});

test("a fault of ours ends that session with 500 or BYE, and no other", async () => {
  const bench = await recordingBench();
  const other = await recorded(bench, RFC.body, { callId: "rec-0" });
  const client = await recorded(bench, RFC.body);
  bench.listening.change = () => {
    throw new Error("a bug");
  };
  const g722 = sdpOf(["96", "97"]).replace("AVP 0 101", "AVP 9 101");
  assert.equal((await client.request("INVITE", SDP, g722)).status, 500);
  assert.deepEqual(client.dialogUser.seen, ["BYE"]);
  assert.deepEqual(other.dialogUser.seen, []);
  assert.deepEqual(bench.listening.openCalls, ["rec-0"]);
  assert.equal(bench.metrics.get("ringfence_recordings_ended_total{fault}"), 1);
});

test("a body beyond the limit is refused with 413, but in a BYE", async () => {
  const bench = await recordingBench({ options: { maxBodyBytes: 4_000 } });
  const client = await recorded(bench, RFC.body);
  assert.equal((await client.request("INFO", META, "x".repeat(5_000))).status, 413);
  assert.equal((await client.request("BYE", META, "x".repeat(5_000))).status, 200);
  assert.equal(bench.server.size, 0);
});
