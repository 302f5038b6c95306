import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { EnergyVoiceActivity } from "../../../gateway/adapters/voice-activity-energy/energy-voice-activity.js";
import { PowerSpectrum, SteadySound } from "../../../detection/index.js";
import { resampleAll } from "../../../gateway/media/resample/resampler.js";
import { mixedDown, readWav } from "../../../gateway/media/wav/read-wav.js";
import { joined, levelDb, silence } from "../../support/sounds.js";
import { RtpVoice, TalkingScene } from "../../support/talking.js";

const CASES = fileURLToPath(new URL("../../../../shared/cases/audio", import.meta.url));
const STEP = 512;

/** 16 kHz. */
function load(path: string): Float32Array {
  const wav = readWav(readFileSync(path));
  assert.ok(wav.ok, path);
  const sound = resampleAll(mixedDown(wav.value), 16_000);
  assert.ok(sound !== undefined);
  return sound.samples;
}
const files = (folder: string): string[] =>
  readdirSync(`${CASES}/${folder}`)
    .filter((name) => name.endsWith(".wav"))
    .map((name) => `${CASES}/${folder}/${name}`);
const isThere = existsSync(CASES);
const sentences = isThere ? [...files("deepspeech"), ...files("whisper-unity"), ...files("jambonz")] : [];

/** Steps within 20 dB of the loudest one: speech, in a recording of one. */
function loudSteps(sound: Float32Array): number[] {
  const levels = Array.from({ length: Math.floor(sound.length / STEP) }, (_, k) =>
    levelDb(sound.subarray(k * STEP, (k + 1) * STEP)),
  );
  const loudest = Math.max(...levels);
  return levels.flatMap((db, k) => (db > loudest - 20 ? [k] : []));
}

describe("real speech", { skip: isThere ? false : "shared/cases/audio is not on this machine" }, () => {
  test("the own detector takes it for speech, and silence around it for none", () => {
    let hits = 0;
    let all = 0;
    for (const [index, path] of [...sentences, ...files("fsdd")].entries()) {
      const sound = load(path);
      const scores = new EnergyVoiceActivity().score(index, joined(silence(1_024), sound, silence(1_024)));
      const loud = loudSteps(sound);
      all += loud.length;
      hits += loud.filter((k) => (scores[k + 32] ?? 0) >= 0.5).length;
      assert.ok(
        scores.subarray(0, 31).every((score) => score < 0.2),
        `silence before ${path}`,
      );
    }
    assert.ok(hits / all > 0.9, `${hits} of ${all} steps`);
  });

  test("it is not taken for tones or music", () => {
    const spectrum = new PowerSpectrum();
    let steady = 0;
    let all = 0;
    for (const path of [...sentences, ...files("fsdd")]) {
      const detector = new SteadySound(spectrum);
      const sound = load(path);
      for (let at = 0; at + STEP <= sound.length; at += STEP) {
        const db = levelDb(sound.subarray(at, at + STEP));
        if (db < -52) continue;
        all++;
        if (detector.step(sound, at, db) > 0) steady++;
      }
    }
    assert.ok(steady / all < 0.01, `${steady} of ${all} steps`);
  });

  for (const path of sentences) {
    test(`as a call in G.711, nearly all of it is in stretches: ${path.slice(CASES.length + 1)}`, async () => {
      const scene = new TalkingScene();
      scene.transcriber.auto = () => "words";
      scene.call("call-1", 1);
      const sound = load(path).subarray(0, 30 * 16_000);
      await scene.talk([{ streamId: 1, voice: new RtpVoice(), sound: joined(silence(500), sound, silence(800)) }]);
      const loud = loudSteps(sound).map((k) => 500 + k * 32);
      const covered = loud.filter((ms) => scene.finals.some(({ startMs, endMs }) => ms >= startMs && ms <= endMs));
      assert.ok(covered.length / loud.length > 0.88, `${covered.length} of ${loud.length} steps`);
    });
  }
});
