import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { SubjectKeys } from "../../gateway/adapters/vault/subject-keys.js";
import { SubjectVault } from "../../gateway/adapters/vault/subject-vault.js";
import { AesVault } from "../../gateway/adapters/vault/aes-vault.js";
import { makeFirstKeys } from "../../gateway/adapters/vault/first-keys.js";
import { readKeyFile } from "../../gateway/adapters/vault/key-file.js";
import { SystemClock } from "../../gateway/adapters/system/system-clock.js";
import { CryptoRandom } from "../../gateway/adapters/system/crypto-random.js";
import { recordingsSchema } from "../../gateway/config/recordings-schema.js";
import type { Clock } from "../../gateway/core/clock.js";
import { silentLog, type Log } from "../../gateway/core/log.js";
import { noMetrics } from "../../gateway/core/metrics.js";
import type { AudioAnalyzer } from "../../gateway/ports/audio-analysis.js";
import type { RecordingJobStore } from "../../gateway/ports/recordings.js";
import type { SummaryModel } from "../../gateway/workers/recordings-options.js";
import { RecordingsService } from "../../gateway/workers/recordings-service.js";
import { writeWav } from "../../gateway/media/wav/write-wav.js";

export const NAME_KEY = Buffer.alloc(32, 7);

/** The vault of a gateway whose store is in `folder`. */
export function subjectVault(folder: string): { readonly keys: SubjectKeys; readonly vault: SubjectVault } {
  makeFirstKeys(join(folder, "keys.json"), folder);
  const installation = (): AesVault => new AesVault(readKeyFile(join(folder, "keys.json"), false));
  const keys = new SubjectKeys(join(folder, "subject-keys"), NAME_KEY, installation);
  return { keys, vault: new SubjectVault(keys, installation) };
}

/** A recogniser that hears the same in every piece. */
export const hears = (text: string): AudioAnalyzer => ({
  analyze: () =>
    Promise.resolve({
      durationMs: 1_000,
      truncated: false,
      segments: [{ segment: 0, speaker: "caller", startMs: 0, endMs: 900, text }],
      turns: [],
      verdict: undefined,
      recogniser: "test",
      voiceActivity: "test",
    }),
});

export interface SceneOptions {
  readonly folder: string;
  readonly store: RecordingJobStore;
  readonly analyzer?: AudioAnalyzer;
  readonly clock?: Clock;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly model?: SummaryModel;
  readonly log?: Log;
}

/** The production service on a folder and a store, without a process around it. */
export function startRecordings({
  folder,
  store,
  analyzer = hears("hello"),
  clock,
  config = {},
  model,
  log = silentLog,
}: SceneOptions) {
  mkdirSync(folder, { recursive: true });
  const { vault } = subjectVault(folder);
  return RecordingsService.start(
    {
      config: recordingsSchema.parse({ enabled: true, retryFirstMs: 20, retryMostMs: 100, ...config }),
      folder: join(folder, "recordings"),
      home: "here",
      keyFile: join(folder, "keys.json"),
      redactPhones: false,
      ...(model === undefined ? {} : { model }),
    },
    {
      ...{ store, analyzer, vault, clock: clock ?? new SystemClock(), random: new CryptoRandom() },
      ...{ log, metrics: noMetrics, canonical: (number: string) => Promise.resolve(number.replace(/^00/, "+")) },
    },
  );
}

/** A second of sound; another one for each number. */
export const secondOfSound = (which: number): Uint8Array =>
  writeWav({
    sampleRateHz: 8_000,
    channels: [Float32Array.from({ length: 8_000 }, (_, i) => Math.sin((i * (which + 3)) / 20) / 2)],
  });

export async function* chunksOf(...bytes: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  for (const each of bytes) yield await Promise.resolve(each);
}
