import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { promisify } from "node:util";
import { Kysely, sql } from "kysely";
import { migrate } from "../../gateway/adapters/store/migrations.js";
import { openPglite } from "../../gateway/adapters/store/pglite-database.js";
import { PgliteDialect } from "../../gateway/adapters/store/pglite-dialect.js";
import { LOG_LIMIT_BYTES } from "../../gateway/adapters/store/pglite-log-limit.js";
import { SqlRecordingJobs } from "../../gateway/adapters/store/recording-jobs.js";
import type { Tables } from "../../gateway/adapters/store/tables.js";
import { hashFile } from "../../gateway/adapters/whisper/model-file.js";
import { silentLog } from "../../gateway/core/log.js";
import { unixMs } from "../../gateway/core/time.js";
import { writeWav } from "../../gateway/media/wav/write-wav.js";
import type { KeptRecordingJob } from "../../gateway/ports/recordings.js";
import { randomWhisper } from "../support/models/random-whisper.js";
import { recordingsStage } from "../support/recordings-stage.js";
import { SeededRandom } from "../support/seeded-random.js";
import { babble } from "../support/sounds.js";
import { whisperCli } from "../support/whisper-bench.js";

const TOKENS_PER_SECOND = 4;
/** Talk and pause of the synthetic calls, s. */
const TALK_SECONDS = 6;
const PAUSE_SECONDS = 1.5;
/** So many of its stretches are in a window of 30 s of the command's, and in one of ours. */
const STRETCHES_A_WINDOW = 4;
const RATE_HZ = 16_000;
const QUEUE_JOBS = 100_000;
const QUEUE_ROUNDS = 200;
const CORES = 2;

const round = (value: number, digits = 2): number => Math.round(value * 10 ** digits) / 10 ** digits;
const quantile = (values: readonly number[], q: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))] ?? Number.NaN;

/**
 * Minutes of recordings a minute on two cores, through the whole production process (upload, ffmpeg, recogniser, redaction, summary, CRM), beside
 * whisper.cpp's own command on the same sound; and what the queue takes with 100,000 jobs in it. Random weights: the compute is real, to the
 * token (4 a second of speech); the words are not. Options: `--model tiny|base`, `--minutes N` of sound a recording, `--recordings N`,
 * `--context full|cut`, `--packing windows|stretches`, `--only speech|queue`.
 */
export async function run(options: Readonly<Record<string, string>>): Promise<Readonly<Record<string, unknown>>> {
  const only = options["only"];
  const load = loadavg()[0] ?? 0;
  const speech = only === "queue" ? undefined : await measureSpeech(options);
  const queue = only === "speech" ? undefined : await measureQueue();
  return { loadBefore: round(load), ...speech, ...(queue === undefined ? {} : { queue }) };
}

async function measureSpeech(options: Readonly<Record<string, string>>): Promise<Readonly<Record<string, unknown>>> {
  const size = options["model"] === "base" ? "base" : "tiny";
  const audioContext = options["context"] === "cut" ? "cut" : "full";
  // As `speech.analysis.packing: auto`.
  const packing = options["packing"] ?? (audioContext === "cut" ? "stretches" : "windows");
  const minutes = Number(options["minutes"] ?? 2);
  const recordings = Number(options["recordings"] ?? 2);
  whisperCli();
  const sound = callSound(minutes * 60);
  // Every decode has its tokens by the speech that is in it: the command's windows of 30 s as much as ours of 28 s.
  const theirs = randomWhisper({ size, tokens: STRETCHES_A_WINDOW * TALK_SECONDS * TOKENS_PER_SECOND });
  const ours = packing === "windows" ? theirs : randomWhisper({ size, tokens: TALK_SECONDS * TOKENS_PER_SECOND });
  const folder = mkdtempSync(join(tmpdir(), "ringfence-bench-recordings-"));
  const stage = await recordingsStage(
    { concurrency: CORES, download: { maxBytes: 1_073_741_824 } },
    {
      speech: {
        engine: "whisper",
        whisper: {
          ...{ model: ours, sha256: await hashFile(ours), concurrency: CORES, threads: 1, audioContext },
          timeoutMs: 120_000,
        },
        voiceActivity: { engine: "energy" },
        capacity: { measure: false },
        analysis: { timeoutMs: 3_600_000, packing },
      },
    },
  );
  try {
    const file = join(folder, "call.wav");
    writeFileSync(file, writeWav({ sampleRateHz: RATE_HZ, channels: [sound] }));
    const theirMs: number[] = [];
    const own: number[] = [];
    for (let round = 0; round < 2; round++) {
      const before = performance.now();
      // Not the same bytes twice: that would be the same job.
      const jobs = await Promise.all(
        Array.from({ length: recordings }, (_, index) => {
          const samples = sound.slice();
          samples[0] = (round * recordings + index + 1) / 1_000;
          const wav = writeWav({ sampleRateHz: RATE_HZ, channels: [samples] });
          return stage.upload(`bench-${round}-${index}`, wav);
        }),
      );
      for (const { id } of jobs) await stage.until(id, "done", 1_800_000);
      own.push((performance.now() - before) / recordings);
      theirMs.push(await cliMs(theirs, file));
    }
    const perMinute = (ms: readonly number[]): number => round((minutes * 60_000) / Math.min(...ms));
    const [minutesAMinute, whisperCppMinutesAMinute] = [perMinute(own), perMinute(theirMs)];
    return {
      ...{ model: `random ${size}.en`, audioContext, packing, minutesOfSound: minutes, recordings },
      // Both have two cores: we decode two at a time with a thread each, the command one window with two.
      threads: { ours: `${CORES} × 1`, whisperCpp: `1 × ${CORES}` },
      tokensASecondOfSpeech: TOKENS_PER_SECOND,
      ...{ minutesAMinute, whisperCppMinutesAMinute },
      ofWhisperCpp: round(minutesAMinute / whisperCppMinutesAMinute),
    };
  } finally {
    await stage.close();
    rmSync(folder, { recursive: true });
  }
}

/** One who talks, with pauses, as on one side of a call. */
function callSound(seconds: number): Float32Array {
  const out = new Float32Array(seconds * RATE_HZ);
  const random = new SeededRandom(11);
  for (let at = RATE_HZ; at < out.length; at += (TALK_SECONDS + PAUSE_SECONDS) * RATE_HZ) {
    const talk = babble(TALK_SECONDS * 1_000, random);
    out.set(talk.subarray(0, Math.max(0, Math.min(talk.length, out.length - at))), at);
  }
  return out;
}

/** whisper.cpp's own command on both cores, as it comes: windows of 30 s one after the other. Wall time, loading the model included. */
async function cliMs(model: string, file: string): Promise<number> {
  const before = performance.now();
  // Without the text before it as context (-mc 0): behind that, a window of this model would end at its first token.
  const how = ["-bs", "1", "-bo", "1", "-nf", "-nt", "-sns", "-l", "en", "-ng", "-mc", "0", "-t", String(CORES)];
  await promisify(execFile)(whisperCli(), ["-m", model, "-f", file, ...how]);
  return performance.now() - before;
}

/** The embedded database with 100,000 jobs that wait: what each operation of the queue takes, while half of them are due. */
async function measureQueue(): Promise<Readonly<Record<string, unknown>>> {
  const folder = mkdtempSync(join(tmpdir(), "ringfence-bench-queue-"));
  const db = new Kysely<Tables>({
    dialect: new PgliteDialect({
      open: () => openPglite(folder, undefined, silentLog),
      waitMs: 60_000,
      maxWaiting: 256,
      logLimitBytes: LOG_LIMIT_BYTES,
    }),
  });
  try {
    await migrate(db);
    const jobs = new SqlRecordingJobs((work) => work(db.withTables()));
    const filledAt = performance.now();
    const now = 1_700_000_000_000;
    await sql`insert into recording_jobs (id, home, call_id, origin, priority, stage, created_at, updated_at, stage_since, due_at, attempts,
        pieces, pieces_done, duration_ms, sealed_order)
      select md5(n::text), 'here', 'call-' || n, 'webhook', n % 10, case when n % 2 = 0 then 'download' else 'deliver' end,
        ${now}::bigint + n, ${now}::bigint, ${now}::bigint, ${now}::bigint + case when n % 4 < 2 then 0 else 3600000 end, 0, 0, 0, 0,
        repeat('x', 400)
      from generate_series(1, ${sql.lit(QUEUE_JOBS)}) n`.execute(db);
    const fillMs = performance.now() - filledAt;
    await sql`analyze recording_jobs`.execute(db);
    const timed = async (work: (round: number) => Promise<unknown>): Promise<object> => {
      const took: number[] = [];
      for (let index = 0; index < QUEUE_ROUNDS; index++) {
        const before = performance.now();
        await work(index);
        took.push(performance.now() - before);
      }
      return { p50Ms: round(quantile(took, 0.5)), p99Ms: round(quantile(took, 0.99)) };
    };
    const at = unixMs(now + 1);
    return {
      jobs: QUEUE_JOBS,
      fillMs: round(fillMs, 0),
      due: await timed(() => jobs.due("here", "work", at, CORES, [])),
      nothingDue: await timed(() => jobs.due("here", "work", unixMs(now - 1), CORES, [])),
      nextDue: await timed(() => jobs.nextDue("here", "deliver", [])),
      add: await timed((index) => jobs.add(jobOf(index, now))),
      change: await timed((index) => jobs.change(idOf(index), { stage: "decode", updatedAt: at })),
      list: await timed(() => jobs.list({ limit: 100 })),
      count: await timed(() => jobs.count()),
    };
  } finally {
    await db.destroy();
    rmSync(folder, { recursive: true, force: true });
  }
}

const idOf = (index: number): string => `a${String(index).padStart(31, "0")}`;
const jobOf = (index: number, now: number): KeptRecordingJob => {
  const at = unixMs(now);
  return {
    ...{ id: idOf(index), home: "here", callId: `new-${index}`, origin: "webhook", priority: 5, stage: "download" },
    ...{
      createdAt: at,
      updatedAt: at,
      stageSince: at,
      failingSince: undefined,
      dueAt: at,
      attempts: 0,
      pieces: 0,
      piecesDone: 0,
      durationMs: 0,
    },
    ...{ caller: undefined, called: undefined, error: undefined, detail: undefined, state: undefined },
    ...{ score: undefined, kind: undefined, sealedOrder: "x".repeat(400), sealedResult: undefined },
  };
};
