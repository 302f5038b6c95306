import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { hashFile } from "../../../gateway/adapters/whisper/model-file.js";
import { DEFAULT_SILERO } from "../../../gateway/adapters/whisper/silero-voice-activity.js";
import { DEFAULT_WHISPER } from "../../../gateway/adapters/whisper/whisper-transcriber.js";
import { ListeningScene } from "../../support/listening-scene.js";
import { handmadeSilero } from "../../support/models/handmade-silero.js";
import { randomWhisper } from "../../support/models/random-whisper.js";
import { PCMU } from "../../support/rtp-stream.js";
import { SeededRandom } from "../../support/seeded-random.js";
import { babble, joined, silence } from "../../support/sounds.js";
import { coded, RtpVoice } from "../../support/talking.js";
import { missingWhisperEngine } from "../../support/whisper-engine.js";

async function whisperScene(): Promise<ListeningScene> {
  const model = randomWhisper({ size: "mini", tokens: 12 });
  const detector = handmadeSilero();
  const whisper = { ...DEFAULT_WHISPER, model, folder: "", sha256: await hashFile(model), timeoutMs: 60_000 };
  const silero = {
    ...DEFAULT_SILERO,
    model: detector,
    folder: "",
    sha256: await hashFile(detector),
    timeoutMs: 30_000,
  };
  return ListeningScene.start({
    worker: {
      engine: {
        recogniser: { kind: "whisper", whisper },
        voiceActivity: { kind: "silero", silero, required: true },
      },
    },
  });
}

describe(
  "whisper.cpp and Silero under the listening thread, random weights",
  { skip: missingWhisperEngine() ?? false },
  () => {
    for (const ends of ["in silence", "in mid-speech, and the call is over"]) {
      test(`sound that ends ${ends} becomes a line, through both child processes; closing ends them`, async () => {
        const scene = await whisperScene();
        try {
          await scene.until("the capacity", () => /room for \d+ talkers/.test(scene.client.listening.detail));
          assert.match(scene.client.listening.detail, /^whisper .*, silero /);
          const [caller] = scene.open("call-1");
          const voice = new RtpVoice();
          const tail = silence(ends === "in silence" ? 1_500 : 0);
          const sound = joined(silence(500), babble(2_500, new SeededRandom(5)), tail);
          let at: number = scene.clock.mono();
          for (const payload of coded(sound, PCMU)) {
            scene.ring.write(caller, at, voice.packet(payload));
            at += 20;
          }
          if (ends !== "in silence") {
            await scene.until("the stretch", () => scene.lines.length > 0);
            scene.client.heardStreams.close(caller);
            scene.client.listening.close("call-1");
          }
          await scene.until("a decode", () => scene.client.listening.ok && scene.lines.some(({ final }) => final));
          assert.ok(scene.lines.every(({ callId, speaker }) => callId === "call-1" && speaker === "caller"));
        } finally {
          await scene.close();
        }
      });
    }

    test("a model that is not there stops the start, and says how to get it", async () => {
      const whisper = { ...DEFAULT_WHISPER, model: "base.en", folder: "/nowhere" };
      await assert.rejects(ListeningScene.start({ recogniser: { kind: "whisper", whisper } }), {
        code: "model.missing",
        message: /ringfence models pull base\.en/,
      });
    });
  },
);
