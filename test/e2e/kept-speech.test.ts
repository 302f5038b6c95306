import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { exportAudio } from "../../gateway/cli/audio.js";
import { readWav } from "../../gateway/media/wav/read-wav.js";
import type { Leg } from "../demo/phone.js";
import { listeningStage, type ListeningStage } from "../support/listening-stage.js";
import { decodeTones } from "../support/modem/decode-tones.js";
import { until } from "../support/processes.js";

const ASKED = "please read me the six digit code";
const TOLD = "four eight three nine two one";
const FROM = "+12025550102";

/** What a recogniser makes of a channel of the exported file. */
const textsOf = (samples: Float32Array): string =>
  decodeTones(samples, 16_000)
    .map(({ text }) => text)
    .join(" | ");

describe("speech is kept by the production process, without what was redacted", () => {
  let stage: ListeningStage;
  let leg: Leg;
  const data = (): string => join(stage.gateway.folder, "data");

  before(async () => {
    stage = await listeningStage({ privacy: { keepTranscripts: true, keepAudio: true } });
    leg = await stage.call(FROM, "+12025550199");
    for (const [voice, text] of [
      [stage.callersVoice, ASKED],
      [stage.calledVoice, TOLD],
    ] as const) {
      const before = (await stage.heard(leg))?.lines.filter(({ final }) => final).length ?? 0;
      await voice.say(text);
      await until(
        "its text",
        async () => ((await stage.heard(leg))?.lines.filter(({ final }) => final).length ?? 0) > before,
      );
    }
  });
  after(() => stage.close());

  test("the code is shown to nobody while the call goes on", async () => {
    const texts = (await stage.heard(leg))?.lines.map(({ text }) => text.toLowerCase());
    assert.deepEqual(texts, [ASKED, "[code]"]);
    assert.doesNotMatch(JSON.stringify(await stage.heard(leg)), /four eight|nine two/i);
  });

  test("after it its speech is in a sealed file, and can be exported: the question is heard, the code is not", async () => {
    stage.caller.hangUp(leg);
    const files = (): readonly string[] =>
      readdirSync(data()).includes("audio") ? readdirSync(join(data(), "audio")) : [];
    const options = { out: join(stage.gateway.folder, "call.wav"), folder: data() };
    const told: string[] = [];
    const tell = (line: string): void => void told.push(line);
    // What asked for the code is held until no more of it can turn out to be a number: until the end of the call.
    await until("both pieces", async () => {
      rmSync(options.out, { force: true });
      await exportAudio(leg.callId, options, tell, tell);
      return told.at(-1)?.includes(": 2 pieces") === true;
    });
    assert.equal(files().length, 1);
    const read = readWav(readFileSync(options.out));
    assert.ok(read.ok);
    const [left, right] = read.value.channels;
    assert.ok(left !== undefined && right !== undefined);
    assert.match(textsOf(left).toLowerCase(), new RegExp(ASKED));
    assert.equal(textsOf(right), "");
    // Of its first and last tones some may be left: the recogniser tells when the words were, not the tones around them.
    const spoken = right.filter((sample) => sample !== 0).length / 16_000;
    assert.ok(spoken < 0.5, `${spoken} s of the answer are heard`);
    await until("the export in the gateway's audit log", async () => {
      const entries = (await stage.gateway.api("/api/v1/audit?limit=100")).json as { action: string; target: string }[];
      return entries.some(({ action, target }) => action === "audio.export" && target === leg.callId);
    });
  });

  test("who is forgotten is not heard any more", async () => {
    const transcripts = async () => (await stage.gateway.api("/api/v1/transcripts")).json as unknown[];
    await until("the transcript", async () => (await transcripts()).length === 1);
    const cdrs = async () => (await stage.gateway.api("/api/v1/cdrs")).json as unknown[];
    await until("the CDR", async () => (await cdrs()).length === 1);
    const gone = await stage.gateway.api(`/api/v1/subjects/${encodeURIComponent(FROM)}`, { method: "DELETE" });
    // The CDR stays, and the answer says so; what both have said lay under keys of either number.
    const kept = { cdrs: 1, cdr_days: 90, call_records: 0, call_record_days: 400, transcripts_held: 0 };
    assert.deepEqual(gone.json, { number: FROM, transcripts: 1, audio: 1, key_destroyed: true, kept });
    assert.deepEqual(readdirSync(join(data(), "audio")), []);
  });
});
