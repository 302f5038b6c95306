import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { WebSocket } from "ws";
import { asteriskMissing } from "../../support/asterisk.js";
import type { AsteriskMediaScene } from "../../support/asterisk-media-scene.js";
import {
  mediaStage,
  hearingStage,
  sayOnce,
  sayUntilHeard,
  uuidOf,
  type AudioStage,
  type HearingStage,
} from "../../support/asterisk-media-stage.js";
import { Earwitness } from "../../support/asterisk-stage.js";
import { encodeText } from "../../support/modem/encode-tones.js";
import { until } from "../../support/processes.js";

const skip = asteriskMissing() ?? false;
const SAID = "this is the fraud department of your bank";
const ANSWERED = "i have no account with you";

describe(
  "media WebSocket: what is said in a real Asterisk is text at the API of the production process",
  { skip },
  () => {
    let stage: HearingStage;
    before(async () => void (stage = await hearingStage()));
    after(() => stage.close());

    const connections = (): Promise<number> =>
      stage.gateway.metric("ringfence_asterisk_media_connections", '{source="media-websocket"}');
    const wordsOf = async (callId: string): Promise<string[][]> => {
      const lines = (await stage.heard(callId))?.lines ?? [];
      return lines.filter(({ final }) => final).map(({ speaker, text }) => [speaker, text.toLowerCase()]);
    };

    test("both sides of a call at 16 kHz, apart and word by word; their call is named in the URI", async () => {
      const leg = await stage.call("820");
      await until("both sides", async () => (await connections()) === 2);
      const named = (): string | undefined => /ws-[\d.]+/.exec(stage.asterisk.log())?.[0];
      await until("its name in the log", () => named() !== undefined);
      const callId = named() ?? "";
      await sayUntilHeard(stage, callId, "caller", SAID);
      await sayUntilHeard(stage, callId, "callee", ANSWERED);
      const apart = new Map((await wordsOf(callId)).map(([speaker, text]) => [speaker, text]));
      assert.deepEqual(Object.fromEntries(apart), { caller: SAID, callee: ANSWERED });
      stage.caller.hangUp(leg);
      await until("the end of both", async () => (await connections()) === 0);
    });

    test("the gateway stops: the dialplan goes on at once", async () => {
      const leg = await stage.call("320");
      await until("the WebSocket", async () => (await connections()) === 1);
      await stage.gateway.stop();
      await until("the end of the call", () => leg.endedAt !== undefined);
      await until("the next priority", () => /Executing \[320@incoming:3\] Hangup/.test(stage.asterisk.log()));
    });
  },
);

describe("media WebSocket: we speak into a real Asterisk", { skip }, () => {
  let media: AsteriskMediaScene;
  let stage: AudioStage;
  let close: () => Promise<void>;
  before(async () => {
    ({ media, stage, close } = await mediaStage());
  });
  after(() => close());
  const tone = (ms: number) => ({
    sampleRateHz: 8_000,
    samples: Float32Array.from({ length: 8 * ms }, (_, i) => 0.5 * Math.sin((2 * Math.PI * i) / 16)),
  });
  const ari = async (method: string, path: string): Promise<Record<string, unknown>> => {
    const { ariUrl, ariUser, ariPassword } = stage.asterisk;
    const authorization = `Basic ${Buffer.from(`${ariUser}:${ariPassword}`).toString("base64")}`;
    const answer = await fetch(`${ariUrl}${path}`, { method, headers: { authorization } });
    const text = await answer.text();
    assert.ok(answer.ok, `${path}: ${answer.status} ${text}`);
    return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
  };

  for (const [extension, what] of [
    ["324", "16 kHz, plain events"],
    ["334", "µ-law, JSON events"],
  ] as const) {
    test(`${what}: heard, a prompt to its mark, a flush at once, our hang-up`, async () => {
      Object.assign(stage.callersVoice, { heard: 0, loudest: 0 });
      let isOpen = false;
      let closed = "";
      const channel = media.media.announce(
        uuidOf(extension),
        { callId: extension, speaker: "caller", caller: "1", called: "2" },
        { onOpen: () => (isOpen = true), onClosed: (reason) => void (closed = reason) },
      );
      const leg = await stage.call(extension);
      await until("the channel", () => isOpen);
      await sayOnce(stage.callersVoice, SAID, () =>
        Promise.resolve(media.ears.find(({ callId }) => callId === extension)?.text.endsWith(SAID) === true),
      );
      const ear = new Earwitness(stage.callersVoice);
      const startedAt = performance.now();
      assert.equal(await channel.play(tone(1_000)), true);
      const tookMs = performance.now() - startedAt;
      assert.ok(tookMs > 900, `marked after ${tookMs.toFixed(0)} ms`);
      await until("the prompt", () => ear.loudest > 0.3);
      const long = channel.play(tone(20_000));
      const again = new Earwitness(stage.callersVoice);
      await until("the tone", () => again.loudest > 0.3);
      channel.flush();
      assert.equal(await long, false);
      await until("silence", () => stage.callersVoice.loudest < 0.05);
      channel.hangUp();
      await until("the end of the call", () => leg.endedAt !== undefined);
      assert.equal(closed, "hung-up");
      assert.doesNotMatch(stage.asterisk.log(), /command unknown|not supported in passthrough/);
    });
  }

  test("an externalMedia channel that waits for us (connection_type=server): we connect, hear and say", async () => {
    const query =
      "app=media-test&transport=websocket&encapsulation=none&connection_type=server&format=slin16&direction=both";
    const events = new WebSocket(
      `${stage.asterisk.ariUrl.replace("http", "ws")}/events?app=media-test&api_key=${stage.asterisk.ariUser}:${stage.asterisk.ariPassword}`,
    );
    await once(events, "open");
    const made = await ari("POST", `/channels/externalMedia?${query}`);
    const variable = await ari(
      "GET",
      `/channels/${String(made["id"])}/variable?variable=MEDIA_WEBSOCKET_CONNECTION_ID`,
    );
    const { ariUser, ariPassword, httpPort } = stage.asterisk;
    let closed = "";
    const digits: string[] = [];
    const channel = await media.media.dial(
      {
        url: `ws://127.0.0.1:${httpPort}/media/${String(variable["value"])}`,
        username: ariUser,
        password: ariPassword,
      },
      { callId: "served", speaker: "caller", caller: "1", called: "2" },
      { onClosed: (reason) => void (closed = reason), onDigit: (digit) => void digits.push(digit) },
    );
    await until("an answer", async () => (await ari("GET", `/channels/${String(made["id"])}`))["state"] === "Up");
    // It hears itself: what we say into the bridge's other member comes back through an echo.
    await ari("POST", "/bridges/echo-bridge?type=mixing");
    const echo = await ari("POST", "/channels?endpoint=Local/101@incoming/n&app=media-test");
    await until("the echo", async () => (await ari("GET", `/channels/${String(echo["id"])}`))["state"] === "Up");
    await ari("POST", `/bridges/echo-bridge/addChannel?channel=${String(made["id"])},${String(echo["id"])}`);
    const isHeard = (): boolean => media.ears.find(({ callId }) => callId === "served")?.text.endsWith(SAID) === true;
    // Once more where a busy machine tore a hole into it.
    for (let times = 1; times <= 3 && !isHeard(); times++) {
      await channel.play({ sampleRateHz: 8_000, samples: encodeText(SAID) });
      const heard = until("our own words", isHeard);
      await (times < 3 ? heard.catch(() => undefined) : heard);
    }
    await ari("DELETE", `/channels/${String(made["id"])}`);
    await until("the end", () => closed === "peer-closed");
    await ari("DELETE", `/channels/${String(echo["id"])}`);
    await ari("DELETE", "/bridges/echo-bridge");
    events.close();
  });
});
