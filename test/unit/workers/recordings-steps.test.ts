import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { RecordingFiles } from "../../../gateway/adapters/recording-files/recording-files.js";
import { AesVault } from "../../../gateway/adapters/vault/aes-vault.js";
import { recordingsSchema } from "../../../gateway/config/recordings-schema.js";
import { silentLog } from "../../../gateway/core/log.js";
import type { KeptOrder, KeptRecordingJob, RecordingStage } from "../../../gateway/ports/recordings.js";
import { RecordingSteps } from "../../../gateway/workers/recordings-steps.js";
import { FakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/processes.js";
import { chunksOf, hears } from "../../support/recordings-scene.js";

const order: KeptOrder = { callId: "a", source: "upload:abc", origin: "upload", priority: 5 };
const DECODED = { durationMs: 2_000, startsMs: [0, 1_000], channels: 1, same: false };

/** Files as a kill leaves them behind; no ffmpeg is there, and nobody needs one. */
describe("a step that was killed when its work was done, but not noted in the database", () => {
  const root = temporaryFolder("recordings-steps");
  after(() => root.remove());
  const vault = new AesVault({ current: "k", keys: new Map([["k", new Uint8Array(32)]]) });
  const all = new RecordingFiles(root.path);

  const scene = async (which: number) => {
    const id = String(which).padStart(32, "0");
    const files = all.job(id, vault);
    await files.make();
    await files.appendSource(chunksOf(new Uint8Array(1_000)));
    for (const index of DECODED.startsMs.keys()) await files.writePiece(index, new Uint8Array(16_000));
    await files.writeDecoded(DECODED);
    const path = join(root.path, "no-ffmpeg");
    const steps = new RecordingSteps({
      options: {
        config: recordingsSchema.parse({ enabled: true, ffmpeg: { path, probePath: path } }),
        ...{ folder: root.path, home: "here", keyFile: "", redactPhones: false },
      },
      files: () => files,
      ...{ download: {} as never, room: {} as never, judges: {} as never, model: undefined },
      ...{ analyzer: hears("hello"), clock: new FakeClock(), log: silentLog, seals: { order: () => order } as never },
      progress: () => Promise.resolve(),
      heardMs: () => undefined,
    });
    const stop = new AbortController();
    const run = (stage: RecordingStage) => steps.run({ id, stage } as KeptRecordingJob, stop.signal);
    return { files, folder: join(root.path, id), run };
  };

  test("what is decoded is not decoded again: its source is gone already", async () => {
    const { run } = await scene(1);
    assert.deepEqual(await run("decode"), { stage: "transcribe", pieces: 2, piecesDone: 0, durationMs: 2_000 });
  });

  test("a piece that is lost is not looked for again and again: from the start, which says that the file is gone", async () => {
    const { files, folder, run } = await scene(2);
    await files.writeText(1, {});
    rmSync(join(folder, "0.pcm"));
    assert.deepEqual(await run("transcribe"), { stage: "download" });
    await assert.rejects(run("download"), { code: "recording.invalid" });
    await assert.rejects(run("decode"), { code: "recording.invalid" });
  });
});
