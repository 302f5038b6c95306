import assert from "node:assert/strict";
import { test } from "node:test";
import { Redactor } from "../../../detection/index.js";
import { G722, PCMA, PCMU } from "../../support/rtp-stream.js";
import { DEFAULT_LISTENING_OPTIONS } from "../../../gateway/pipeline/listening-options.js";
import { FakeVoiceActivity } from "../../support/fake-speech.js";
import { SeededRandom } from "../../support/seeded-random.js";
import { babble, CALL_PROGRESS, joined, levelDb, noise, silence } from "../../support/sounds.js";
import { coded, RtpVoice, TalkingScene } from "../../support/talking.js";

const random = new SeededRandom(11);
const speech = (ms: number): Float32Array => babble(ms, random);

test("both speakers' words come as lines on one clock, as turns, and as verdicts", async () => {
  const scene = new TalkingScene();
  const words = (seconds: number): string =>
    seconds > 1.4 ? "this is your bank" : seconds < 1.1 ? "really" : "read me the scam code";
  scene.transcriber.auto = ({ samples }) => words(samples.length / 16_000);
  scene.call("call-1", 1);
  const caller = new RtpVoice();
  const callee = new RtpVoice(PCMA);
  await scene.talk([
    {
      streamId: 1,
      voice: caller,
      sound: joined(silence(400), speech(1_200), silence(2_600), speech(1_000), silence(800)),
    },
    { streamId: 2, voice: callee, sound: joined(silence(2_500), speech(600), silence(2_900)) },
  ]);
  const lines = scene.finals.map(({ speaker, text, segment }) => `${segment} ${speaker}: ${text}`);
  assert.deepEqual(lines, ["0 caller: this is your bank", "1 callee: really", "2 caller: read me the scam code"]);
  const [first, second] = scene.finals;
  assert.ok(first !== undefined && second !== undefined);
  assert.ok(
    Math.abs(first.startMs - 200) < 150 && Math.abs(first.endMs - 1_750) < 200,
    `${first.startMs}-${first.endMs}`,
  );
  assert.ok(Math.abs(second.startMs - 2_300) < 150, `${second.startMs}`);
  assert.deepEqual(
    scene.told.verdicts.map(({ verdict }) => verdict.state),
    ["clear", "clear", "suspicious"],
  );
  assert.equal(scene.told.verdicts[2]?.turns.length, 3);
  assert.equal(scene.told.began.length, 1);
});

for (const goesOn of [true, false]) {
  const how = goesOn ? "silence goes on as packets" : "the sender stops sending";
  test(`text is there within 500 ms of the last voiced packet when decoding takes 200: ${how}`, async () => {
    const scene = new TalkingScene();
    scene.call("call-1", 1);
    const voice = new RtpVoice();
    const sound = speech(2_000);
    await scene.talk([{ streamId: 1, voice, sound }]);
    let lastVoiced = 0;
    for (let at = 0; at < sound.length; at += 320) {
      if (levelDb(sound.subarray(at, at + 320)) > -50) lastVoiced = at / 16 + 20;
    }
    const silentPacket = coded(silence(20), PCMU)[0] ?? new Uint8Array(0);
    const begun = new Map<unknown, number>();
    for (let ms = 0; ms < 800 && scene.finals.length === 0; ms += 20) {
      await scene.step(goesOn ? [[1, voice.packet(silentPacket)]] : []);
      for (const request of scene.transcriber.waiting) {
        const since = begun.get(request) ?? scene.clock.mono();
        begun.set(request, since);
        if (scene.clock.mono() - since >= 200) request.answer("in time");
      }
    }
    assert.equal(scene.finals[0]?.text, "in time");
    const lagMs = scene.clock.mono() - lastVoiced;
    assert.ok(lagMs <= (goesOn ? 420 : 500), `${lagMs} ms`);
    assert.equal(scene.metrics.value("ringfence_speech_lag_seconds"), 1);
  });
}

test("a long talk gives partial texts of the stretch that is still open; the final takes their place", async () => {
  const scene = new TalkingScene();
  scene.transcriber.auto = (audio) => `${Math.round(audio.samples.length / 16_000)} s`;
  scene.call("call-1", 1);
  await scene.talk([{ streamId: 1, voice: new RtpVoice(), sound: joined(speech(4_000), silence(600)) }]);
  const partials = scene.told.lines.filter(({ final }) => !final);
  assert.ok(partials.length >= 1, "partials came");
  assert.equal(scene.finals.length >= 1, true);
  for (const { segment } of partials) assert.ok(scene.finals.some((line) => line.segment === segment));
});

test("silence is never decoded, talk is from 200 ms before it on", async () => {
  const scene = new TalkingScene();
  scene.transcriber.auto = () => "x";
  scene.call("call-1", 1);
  const voice = new RtpVoice();
  await scene.talk([{ streamId: 1, voice, sound: noise(10_000, 0.0004, random) }]);
  const decoded = (): number => scene.metrics.value("ringfence_heard_frames_total", "decoded");
  assert.equal(decoded(), 0);
  assert.equal(scene.metrics.value("ringfence_heard_frames_total", "silent"), 500);
  await scene.talk([{ streamId: 1, voice, sound: joined(speech(1_000), silence(3_000)) }]);
  assert.ok(decoded() >= 60 && decoded() <= 85, `${decoded()} frames`);
});

for (const [name, sound] of Object.entries(CALL_PROGRESS)) {
  test(`never transcribed: ${name}`, async () => {
    const scene = new TalkingScene();
    scene.transcriber.auto = () => "not speech";
    scene.call("call-1", 1);
    await scene.talk([{ streamId: 1, voice: new RtpVoice(), sound: joined(silence(200), sound, silence(600)) }]);
    assert.deepEqual(scene.finals, []);
  });
}

test("a change of codec in mid-call, and of formats, goes unnoticed", async () => {
  const scene = new TalkingScene();
  scene.transcriber.auto = (_audio, { partial }) => (partial ? "" : "word");
  scene.call("call-1", 1);
  const voice = new RtpVoice(PCMU);
  await scene.talk([{ streamId: 1, voice, sound: joined(speech(800), silence(800)) }]);
  voice.format = G722;
  await scene.talk([{ streamId: 1, voice, sound: joined(speech(800), silence(800)) }]);
  const other = { ...PCMA, payloadType: 96 };
  scene.core.changeStream(1, [other]);
  voice.format = other;
  await scene.talk([{ streamId: 1, voice, sound: joined(speech(800), silence(800)) }]);
  assert.equal(scene.finals.length, 3);
  const starts = scene.finals.map(({ startMs }) => startMs);
  assert.ok(Math.abs((starts[1] ?? 0) - 1_500) < 250 && Math.abs((starts[2] ?? 0) - 3_100) < 250, starts.join(" "));
});

test("the last words of a call become text after it is over, then it is forgotten", async () => {
  const scene = new TalkingScene();
  scene.call("call-1", 1);
  await scene.talk([{ streamId: 1, voice: new RtpVoice(), sound: speech(1_000) }]);
  scene.core.closeCall("call-1");
  scene.core.closeCall("call-1");
  assert.deepEqual([scene.core.heardCalls, scene.told.ended], [1, []]);
  scene.transcriber.waiting.at(-1)?.answer("good bye");
  await scene.step();
  await scene.step();
  assert.equal(scene.finals.at(-1)?.text, "good bye");
  assert.deepEqual([scene.core.heardCalls, scene.told.ended], [0, ["call-1"]]);
});

/** A call whose detector answers later has talked, and ends in mid-speech. */
async function cutOff(mode: "later" | "hangs"): Promise<{ scene: TalkingScene; voiceActivity: FakeVoiceActivity }> {
  const voiceActivity = new FakeVoiceActivity();
  voiceActivity.mode = "later";
  const scene = new TalkingScene({ voiceActivity, options: { rejectSteady: false } });
  scene.transcriber.auto = (_audio, { partial }) => (partial ? "good" : "good bye");
  scene.call("call-1", 1);
  const voice = new RtpVoice();
  for (const payload of coded(noise(3_000, 0.3, random), PCMU)) {
    await scene.step([[1, voice.packet(payload)]]);
    await voiceActivity.answer();
  }
  assert.ok(
    scene.told.lines.some(({ final }) => !final),
    "a partial text is out",
  );
  voiceActivity.mode = mode;
  return { scene, voiceActivity };
}

for (const how of ["call", "line"] as const) {
  test(`last words whose detector answers after the ${how} is closed become text, then it is forgotten`, async () => {
    const { scene, voiceActivity } = await cutOff("later");
    if (how === "call") scene.core.closeCall("call-1");
    else scene.core.closeStream(1);
    await scene.step();
    assert.deepEqual([scene.core.heardCalls, voiceActivity.forgotten], [1, []]);
    for (let i = 0; i < 3; i++) {
      await voiceActivity.answer();
      await scene.step();
    }
    assert.equal(scene.finals.at(-1)?.text, "good bye");
    assert.deepEqual(voiceActivity.forgotten, [1]);
    assert.deepEqual(scene.told.ended, how === "call" ? ["call-1"] : []);
    assert.equal(scene.metrics.value("ringfence_voice_activity_failed_total"), 0);
  });
}

test("a detector that hangs when a call ends does not cost the last words: the own one stands in", async () => {
  const { scene, voiceActivity } = await cutOff("hangs");
  scene.core.closeCall("call-1");
  await scene.quiet(1_400);
  assert.equal(scene.core.heardCalls, 1);
  await scene.quiet(200);
  assert.equal(scene.finals.at(-1)?.text, "good bye");
  assert.deepEqual([scene.core.heardCalls, scene.told.ended], [0, ["call-1"]]);
  assert.deepEqual(voiceActivity.forgotten, [1]);
});

test("a line that comes and goes while the detector hangs keeps no more than four speakers", async () => {
  const { scene, voiceActivity } = await cutOff("hangs");
  for (const streamId of [1, 11, 12, 13, 14, 15]) {
    if (streamId > 1) scene.core.openStream(streamId, { callId: "call-1", speaker: "caller", formats: [PCMU] });
    const voice = new RtpVoice();
    for (const payload of coded(noise(100, 0.3, random), PCMU)) {
      scene.core.packet(streamId, scene.clock.mono(), voice.packet(payload));
    }
    scene.core.closeStream(streamId);
  }
  assert.deepEqual(voiceActivity.forgotten, [1, 11]);
});

test("last words that never become text do not keep a call", async () => {
  const scene = new TalkingScene();
  scene.call("call-1", 1);
  await scene.talk([{ streamId: 1, voice: new RtpVoice(), sound: speech(1_000) }]);
  scene.core.closeCall("call-1");
  await scene.quiet(10_200);
  assert.deepEqual([scene.core.heardCalls, scene.told.ended], [0, ["call-1"]]);
  assert.deepEqual(scene.finals, []);
});

test("a call that is given up leaves no work behind: a stretch that was decoded ahead is not submitted again", async () => {
  const desk = { ...DEFAULT_LISTENING_OPTIONS.desk, timeoutMs: 60_000, staleMs: 60_000, pressedLagMs: 60_000 };
  const scene = new TalkingScene({ options: { desk } });
  scene.transcriber.concurrency = 1;
  scene.call("busy", 1);
  await scene.talk([{ streamId: 1, voice: new RtpVoice(), sound: joined(speech(800), silence(1_000)) }]);
  assert.equal(scene.transcriber.waiting.length, 1, "the recogniser is busy");
  scene.call("call-1", 3);
  await scene.talk([{ streamId: 3, voice: new RtpVoice(), sound: joined(speech(800), silence(1_000)) }]);
  assert.equal(scene.core.desk.waitingOf("call-1"), 1);
  scene.core.closeCall("call-1");
  await scene.quiet(10_200);
  assert.deepEqual(scene.told.ended, ["call-1"]);
  assert.equal(scene.core.desk.waitingOf("call-1"), 0);
});

test("what leaves is redacted, evidence too; the classifier sees what was said", async () => {
  const scene = new TalkingScene({ makeRedactor: () => new Redactor() });
  scene.transcriber.auto = () => "my one time code is 482913";
  scene.call("call-1", 1);
  await scene.talk([{ streamId: 1, voice: new RtpVoice(), sound: joined(speech(2_500), silence(600)) }]);
  assert.ok(scene.told.lines.length > 0);
  assert.doesNotMatch(JSON.stringify(scene.told), /482913/);
  assert.match(scene.finals[0]?.text ?? "", /code/);
  assert.match(JSON.stringify(scene.judges.dialogues), /482913/);
});

test("what turns out later to be part of a number is taken back: the line comes again, and the turn", async () => {
  const lines = ["4539", "1488 0343 6467 thank you"];
  const scene = new TalkingScene({ makeRedactor: () => new Redactor() });
  let said = 0;
  scene.call("call-1", 1, { speakers: ["caller"] });
  const voice = new RtpVoice();
  for (const line of lines) {
    scene.transcriber.auto = (_audio, { partial }) => (partial ? "" : line);
    await scene.talk([{ streamId: 1, voice, sound: joined(speech(900), silence(900)) }]);
    said++;
    assert.ok(scene.finals.length >= said);
  }
  const latest = new Map(scene.finals.map(({ segment, text }) => [segment, text]));
  assert.doesNotMatch([...latest.values()].join(" "), /4539|1488|0343|6467/);
  assert.ok(scene.finals.length > latest.size, "one of them came twice");
  assert.doesNotMatch(JSON.stringify(scene.told.verdicts.at(-1)?.turns), /4539|1488|0343|6467/);
});

test("a redactor that fails keeps the line back", async () => {
  const failing = {
    add: () => {
      throw new Error("a bug in the redactor");
    },
    preview: () => {
      throw new Error("a bug in the redactor");
    },
    isOpen: () => false,
  };
  const scene = new TalkingScene({ makeRedactor: () => failing });
  scene.transcriber.auto = () => "secret";
  scene.call("call-1", 1);
  await scene.talk([{ streamId: 1, voice: new RtpVoice(), sound: joined(speech(2_500), silence(600)) }]);
  assert.deepEqual(scene.told.lines, []);
  assert.deepEqual(scene.told.verdicts, []);
  assert.ok(scene.metrics.value("ringfence_listening_faults_total") >= 1);
});

test("limits: calls, streams, unknown numbers, numbers and calls that are there already", () => {
  const limits = { calls: 1, streams: 1, heldSeconds: 60 };
  const scene = new TalkingScene({ options: { limits } });
  const call = { callId: "a", risk: 0, calledSide: "callee" } as const;
  const stream = { callId: "a", speaker: "caller", formats: [PCMU] } as const;
  assert.equal(scene.core.openStream(1, stream), false, "no such call");
  assert.equal(scene.core.openCall(call), true);
  assert.equal(scene.core.openCall(call), false, "open already");
  assert.equal(scene.core.openCall({ ...call, callId: "b" }), false, "no room");
  assert.equal(scene.core.openStream(1, stream), true);
  assert.equal(scene.core.openStream(1, stream), false, "number taken");
  assert.equal(scene.core.openStream(2, stream), false, "no room");
  scene.core.packet(99, scene.clock.mono(), new Uint8Array(172));
  assert.equal(scene.metrics.value("ringfence_heard_packets_refused_total"), 1);
  scene.core.closeStream(99);
  scene.core.changeStream(99, [PCMU]);
  scene.core.risk("nobody", 1);
  scene.core.closeCall("nobody");
});

test("a classifier that fails costs the verdict; a decoder that fails costs the speaker", async () => {
  const scene = new TalkingScene();
  scene.judges.fails = true;
  scene.transcriber.auto = () => "words";
  scene.call("call-1", 1);
  await scene.talk([{ streamId: 1, voice: new RtpVoice(), sound: joined(speech(1_000), silence(600)) }]);
  assert.equal(scene.finals.length, 1);
  assert.deepEqual(scene.told.verdicts, []);
  assert.equal(scene.metrics.value("ringfence_listening_faults_total"), 1);

  const broken = new TalkingScene({
    makeDecoder: () => {
      throw new Error("a bug in a decoder");
    },
  });
  broken.call("call-1", 1);
  await broken.talk([{ streamId: 1, voice: new RtpVoice(), sound: speech(1_000) }]);
  assert.equal(broken.metrics.value("ringfence_listening_faults_total"), 1);
  assert.equal(broken.metrics.value("ringfence_heard_streams"), 1, "the other speaker is there");
});

test("closing forgets everything, twice", async () => {
  const scene = new TalkingScene();
  scene.call("call-1", 1);
  await scene.talk([{ streamId: 1, voice: new RtpVoice(), sound: speech(2_000) }]);
  scene.core.close();
  scene.core.close();
  for (const { answer } of scene.transcriber.asked) answer("too late");
  await scene.quiet(1_000);
  assert.deepEqual(scene.told.lines, []);
  assert.equal(scene.core.heardCalls, 0);
});
