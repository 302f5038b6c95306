import assert from "node:assert/strict";
import { test } from "node:test";
import { sdpOf } from "../../../fixtures/siprec/dialects.js";
import { recordingBench, RecordingClient, type RecordingBench } from "../../../support/recording-bench.js";

/** The two INVITEs that Cisco Unified CM sends for one recording: no offer in them, the From says which end it is. */
function fork(bench: RecordingBench, end: "near" | "far", refci = "4711", callId = `${end}-${refci}`): RecordingClient {
  const from =
    `<sip:2005@192.0.2.1;x-${end}end;x-refci=${refci};x-nearendclusterid=C1;x-nearenddevice=SEP00112233;x-nearendaddr=+12025550199;` +
    `x-farendrefci=4710;x-farendclusterid=C1;x-farenddevice=GW;x-farendaddr=+12025550101>`;
  return new RecordingClient(bench, "", {
    from,
    callId,
    contactParams: ";isFocus",
    headers: [
      ["Supported", "timer"],
      ["Session-Expires", "1800"],
    ],
  });
}

const answer = sdpOf([""]);

async function up(bench: RecordingBench, client: RecordingClient): Promise<RecordingClient> {
  await bench.settle();
  assert.equal(client.response.status, 200);
  return client.ack(answer);
}

test("cisco: both ends of a phone's call are one recorded call, the agent at the near end", async () => {
  const bench = await recordingBench();
  const near = await up(bench, fork(bench, "near"));
  assert.match(near.sdp, /m=audio 50000 RTP\/AVP 0 8 9 101\r\n[^]*a=recvonly/);
  assert.deepEqual(bench.listening.speakers("near-4711"), ["agent"]);
  await up(bench, fork(bench, "far"));
  assert.deepEqual(bench.listening.openCalls, ["near-4711"]);
  assert.deepEqual(bench.listening.speakers("near-4711"), ["agent", "caller"]);
  assert.equal(bench.listening.calls[0]?.calledSide, "agent");
  assert.equal(bench.desk.calls.length, 1);
  const [call] = bench.desk.calls;
  assert.deepEqual([call?.caller?.aor, call?.called?.aor], ["+12025550101", "+12025550199"]);
  assert.deepEqual(
    call?.identifiers.map(({ kind, value }) => `${kind} ${value}`),
    ["refci 4711", "refci 4710"],
  );
});

test("cisco: what the ACK answers is what is heard, from where it says; before it nobody is", async () => {
  const bench = await recordingBench();
  const client = fork(bench, "near");
  await bench.settle();
  assert.equal(bench.media.open[0]?.peer, "nobody told");
  await up(bench, client);
  assert.deepEqual(bench.media.open[0].peer, { address: "192.0.2.9", port: 0 });
  const [stream] = [...bench.listening.streams.values()];
  assert.deepEqual(
    stream?.formats.map(({ codec }) => codec),
    ["PCMU", "telephone-event"],
  );
});

test("cisco: the call ends with the second of its halves, whichever that is", async () => {
  const bench = await recordingBench();
  const near = await up(bench, fork(bench, "near"));
  const far = await up(bench, fork(bench, "far"));
  await near.request("BYE", undefined);
  assert.deepEqual(bench.listening.speakers("near-4711"), ["caller"]);
  assert.deepEqual(bench.desk.log, ["begin near-4711"]);
  await far.request("BYE", undefined);
  assert.deepEqual([bench.listening.openCalls, bench.media.open.length], [[], 0]);
  assert.deepEqual(bench.desk.log, ["begin near-4711", "ended near-4711"]);
});

test("cisco: the far end may come first, and a half may come back", async () => {
  const bench = await recordingBench();
  await up(bench, fork(bench, "far"));
  const near = await up(bench, fork(bench, "near"));
  await near.request("BYE", undefined);
  await up(bench, fork(bench, "near", "4711", "near-again"));
  assert.deepEqual(bench.listening.openCalls, ["far-4711"]);
  assert.deepEqual(bench.listening.speakers("far-4711"), ["caller", "agent"]);
});

test("cisco: two calls of one phone are two, and so is a recording that is begun anew before the old one ended", async () => {
  const bench = await recordingBench();
  await up(bench, fork(bench, "near"));
  await up(bench, fork(bench, "near", "4800"));
  await up(bench, fork(bench, "near", "4711", "near-restart"));
  assert.deepEqual(bench.listening.openCalls, ["near-4711", "near-4800", "near-restart"]);
  await up(bench, fork(bench, "far"));
  assert.deepEqual(bench.listening.speakers("near-restart"), ["agent", "caller"]);
});

test("cisco: ending the recording ends both halves", async () => {
  const bench = await recordingBench();
  const near = await up(bench, fork(bench, "near"));
  const far = await up(bench, fork(bench, "far"));
  const ending = bench.server.endRecording("near-4711");
  await bench.settle();
  assert.equal(await ending, true);
  assert.deepEqual([near.dialogUser.seen, far.dialogUser.seen], [["BYE"], ["BYE"]]);
});

test("cisco: an offer that nobody answers, or that is answered with what cannot be decoded, ends in BYE", async () => {
  for (const sdp of [undefined, answer.replace("AVP 0 101", "AVP 18"), answer.replace(/m=audio \d+/, "m=audio 0")]) {
    const bench = await recordingBench();
    const client = fork(bench, "near");
    await bench.settle();
    await client.ack(sdp);
    assert.deepEqual(client.dialogUser.seen, ["BYE"]);
    assert.deepEqual([bench.media.open.length, bench.listening.openCalls], [0, []]);
  }
});

test("cisco: hold by re-INVITE with an offer, refresh by re-INVITE without one", async () => {
  const bench = await recordingBench();
  const near = await up(bench, fork(bench, "near"));
  const held = await near.request("INVITE", "application/sdp", sdpOf([""], ["a=inactive"]));
  assert.match(held.sdp, /a=inactive/);
  const answers: string[] = [];
  near.dialog.request(
    { method: "INVITE" },
    {
      onFinal: () => undefined,
      onAnswer: (response, dialog) => {
        answers.push(Buffer.from(response.body).toString("latin1"));
        dialog.ack({ headers: [["Content-Type", "application/sdp"]], body: Buffer.from(answer) });
      },
    },
  );
  await bench.settle();
  assert.match(answers[0] ?? "", /m=audio 50000 [^]*a=recvonly/);
  assert.equal(bench.media.open.length, 1);
  assert.deepEqual(near.dialogUser.seen, []);
});
