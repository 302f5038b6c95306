import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";
import { asteriskMissing } from "../../support/asterisk.js";
import { AsteriskMediaScene, AudioSocketPeer } from "../../support/asterisk-media-scene.js";
import {
  audioStage,
  CLAIM_TIMEOUT_MS,
  hearingStage,
  PATIENT_SERVER,
  sayUntilHeard,
  uuidOf,
  type AudioStage,
  type HearingStage,
} from "../../support/asterisk-media-stage.js";
import { Earwitness } from "../../support/asterisk-stage.js";
import { until } from "../../support/processes.js";
import { SeededRandom } from "../../support/seeded-random.js";

const skip = asteriskMissing() ?? false;
const SAID = "this is the fraud department of your bank";
const ANSWERED = "i have no account with you";

/** Speaker and text of everything that became text. */
async function wordsOf(stage: HearingStage, callId: string): Promise<(string | undefined)[][]> {
  const heard = await stage.heard(callId);
  return (heard?.lines ?? []).filter(({ final }) => final).map(({ speaker, text }) => [speaker, text.toLowerCase()]);
}

describe("AudioSocket: what is said in a real Asterisk is text at the API of the production process", { skip }, () => {
  let stage: HearingStage;
  before(async () => void (stage = await hearingStage()));
  after(() => stage.close());

  test("both sides of a call, by the contexts that operators include, apart and word by word", async () => {
    const leg = await stage.call("800");
    await until("the call's id", () => stage.askedCallIds().length > 0);
    const callId = stage.askedCallIds()[0] ?? "";
    await until("both sides", async () => (await connections(stage)) === 2);
    await sayUntilHeard(stage, callId, "caller", SAID);
    await sayUntilHeard(stage, callId, "callee", ANSWERED);
    const apart = new Map((await wordsOf(stage, callId)).map(([speaker, text]) => [speaker, text]));
    assert.deepEqual(Object.fromEntries(apart), { caller: SAID, callee: ANSWERED });
    stage.caller.hangUp(leg);
    await until("the end of both sockets", async () => (await connections(stage)) === 0);
    await until("the end of the call", async () => (await stage.heard(callId)) === undefined);
  });

  for (const [extension, what] of [
    ["301", "the application, 8 kHz"],
    ["311", "the channel driver, 16 kHz"],
  ] as const) {
    test(`${what}: heard; the telephone hangs up, and the socket is gone`, async () => {
      const leg = await stage.call(extension);
      await until("the socket", async () => (await connections(stage)) === 1);
      await sayUntilHeard(stage, uuidOf(extension), "caller", SAID);
      stage.caller.hangUp(leg);
      await until("the end of the socket", async () => (await connections(stage)) === 0);
    });
  }

  test("100 connections with garbage beside a call take nothing from it", async () => {
    const leg = await stage.call("302");
    await until("the socket", async () => (await connections(stage)) === 1);
    const random = new SeededRandom(4);
    const port = Number(stage.gateway.ready.asterisk?.["audioSocket"]?.split(":").at(-1));
    const speaking = sayUntilHeard(stage, uuidOf("302"), "caller", SAID);
    const noise = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const peer = await AudioSocketPeer.connect(port);
        peer.socket.write(Uint8Array.from({ length: 1 + random.below(2_000) }, () => random.below(256)));
        return peer;
      }),
    );
    await Promise.all(noise.map((peer) => peer.ended(CLAIM_TIMEOUT_MS + 30_000)));
    await speaking;
    assert.equal(leg.endedAt, undefined);
    stage.caller.hangUp(leg);
    await until("the end of the socket", async () => (await connections(stage)) === 0);
  });

  test("the gateway stops: the dialplan goes on at once, with whatever comes after AudioSocket()", async () => {
    const leg = await stage.call("303");
    await until("the socket", async () => (await connections(stage)) === 1);
    await stage.gateway.stop();
    await until("the end of the call", () => leg.endedAt !== undefined);
    assert.equal(leg.endedBy, "BYE");
    await until("the next priority", () => /Executing \[303@incoming:3\] Hangup/.test(stage.asterisk.log()));
  });
});

/** AudioSockets that are open, as the gateway counts them. */
const connections = (stage: HearingStage): Promise<number> =>
  stage.gateway.metric("ringfence_asterisk_media_connections", '{source="audio-socket"}');

describe("AudioSocket: we speak into a real Asterisk", { skip }, () => {
  let media: AsteriskMediaScene;
  let stage: AudioStage;
  before(async () => {
    media = await AsteriskMediaScene.start({ worker: { audioSocket: PATIENT_SERVER, mediaWebSocket: undefined } });
    stage = await audioStage({ audioSocket: media.audioSocketPort, mediaWebSocket: 9 });
  });
  after(async () => {
    await stage.close();
    await media.close();
  });

  function announced(t: TestContext, extension: string) {
    const digits: string[] = [];
    let closed = "";
    const channel = media.media.announce(
      uuidOf(extension),
      { callId: extension, speaker: "caller", caller: "1", called: "2" },
      { onDigit: (digit) => void digits.push(digit), onClosed: (reason) => void (closed = reason) },
    );
    t.after(() => channel.close());
    return { channel, digits, closed: () => closed };
  }

  for (const extension of ["304", "314"]) {
    test(`extension ${extension}: silence, then a prompt, then silence; our hang-up ends the socket, the dialplan goes on`, async (t) => {
      const { channel, closed } = announced(t, extension);
      Object.assign(stage.callersVoice, { heard: 0, loudest: 0 });
      const leg = await stage.call(extension);
      await until("packets", () => stage.callersVoice.heard > 20);
      assert.ok(stage.callersVoice.loudest < 0.01, "silence");
      const tone = Float32Array.from({ length: 8_000 }, (_, i) => 0.5 * Math.sin((2 * Math.PI * i) / 16));
      const ear = new Earwitness(stage.callersVoice);
      assert.equal(await channel.play({ sampleRateHz: 8_000, samples: tone }), true);
      await until("the prompt", () => ear.loudest > 0.3);
      await until("silence again", () => stage.callersVoice.loudest < 0.05);
      channel.hangUp();
      await until("the end of the call", () => leg.endedAt !== undefined);
      assert.equal(closed(), "hung-up");
      assert.doesNotMatch(stage.asterisk.log(), /Dropping incompatible voice frame/);
      assert.doesNotMatch(stage.asterisk.log(), /Failed to (?:receive frame|forward frame) from AudioSocket/);
    });
  }

  test("digits come as digits", async (t) => {
    const { digits, closed } = announced(t, "305");
    await stage.asterisk.cli("channel originate Local/305@incoming/n application SendDTMF 15#");
    await until("the digits", () => digits.join("") === "15#");
    await stage.asterisk.cli("channel request hangup all");
    await until("the end", () => closed() !== "");
  });
});
