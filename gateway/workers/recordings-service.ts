import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { builtInWeights, ThreatClassifier } from "../../detection/index.js";
import { RecordingDownload } from "../adapters/recording-download/download.js";
import { SourceGuard } from "../adapters/recording-download/source-guard.js";
import { RecordingFiles } from "../adapters/recording-files/recording-files.js";
import type { JobFiles } from "../adapters/recording-files/job-files.js";
import { readKeyFile } from "../adapters/vault/key-file.js";
import type { SubjectVault } from "../adapters/vault/subject-vault.js";
import type { Clock } from "../core/clock.js";
import { GatewayError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import type { Metrics } from "../core/metrics.js";
import type { Random } from "../core/random.js";
import { crmPayload } from "../pipeline/recordings/crm-payload.js";
import { webhookRefusal } from "../pipeline/recordings/webhook-auth.js";
import type { AudioAnalyzer } from "../ports/audio-analysis.js";
import type { LanguageModel } from "../ports/language-model.js";
import type {
  KeptRecordingJob,
  RecordingDesk,
  RecordingJob,
  RecordingJobStore,
  RecordingOrder,
  RecordingQuery,
  RecordingResult,
} from "../ports/recordings.js";
import { RecordingSeals } from "./recording-seals.js";
import { freeFailed, OneByOne } from "./recordings-failed.js";
import { RecordingsIntake } from "./recordings-intake.js";
import { openSummaryModel } from "./summary-model.js";
import { s3Of, type RecordingsOptions } from "./recordings-options.js";
import { RecordingsPruning } from "./recordings-pruning.js";
import { RecordingsRoom } from "./recordings-room.js";
import { RecordingsRunner } from "./recordings-runner.js";
import { RecordingSteps } from "./recordings-steps.js";

export interface RecordingsDeps {
  readonly store: RecordingJobStore;
  readonly analyzer: AudioAnalyzer;
  readonly vault: SubjectVault;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  /** As numbers are written here. */
  readonly canonical: (number: string) => Promise<string>;
  /** False: the clock is not believed, and nothing is deleted by age. */
  readonly mayPrune?: () => boolean;
}

const ID_BYTES = 16;
const KEY_BYTES = 32;
const DELIVERIES = 4;
/** A source that still has what was deleted cannot bring it back; a person can. */
const BY_HAND: ReadonlySet<RecordingOrder["origin"]> = new Set(["api", "upload"]);
/** Counting 100,000 rows takes a sixth of a second: what is shown may be so old, and what the limit is compared with. */
const COUNT_FOR_MS = 1_000;
const LIMIT_COUNT_FOR_MS = 10_000;

type Added = { readonly job: RecordingJob; readonly isNew: boolean };

/** Jobs of recordings: taken in, worked on, told, deleted. Runs beside the store, in the back-office thread. */
export class RecordingsService implements RecordingDesk {
  readonly #options: RecordingsOptions;
  readonly #deps: RecordingsDeps;
  readonly #files: RecordingFiles;
  readonly #seals: RecordingSeals;
  readonly #model: LanguageModel | undefined;
  readonly #download: RecordingDownload;
  readonly #room: RecordingsRoom;
  readonly #runner: RecordingsRunner;
  readonly #intake: RecordingsIntake;
  readonly #pruning: RecordingsPruning;
  /** The same recording may arrive twice at a time, and be tried again while room is made: its files are one job's. */
  readonly #oneByOne = new OneByOne();
  #counted: { readonly at: number; readonly counts: ReturnType<RecordingJobStore["count"]> } | undefined;
  #closed: Promise<void> | undefined;

  /** @throws GatewayError `crypto.key`, `config.invalid`: nothing is left running. */
  static start(options: RecordingsOptions, deps: RecordingsDeps): RecordingsService {
    // Without it nothing could be kept.
    readKeyFile(options.keyFile, false);
    const service = new RecordingsService(options, deps);
    service.#runner.wake();
    service.#intake.start();
    service.#pruning.start();
    return service;
  }

  private constructor(options: RecordingsOptions, deps: RecordingsDeps) {
    this.#options = options;
    this.#deps = deps;
    const { config, home } = options;
    const { clock, log, metrics, random, store } = deps;
    this.#files = new RecordingFiles(options.folder);
    this.#seals = new RecordingSeals(deps.vault);
    this.#model = openSummaryModel(options.model, deps);
    this.#download = new RecordingDownload(
      { ...config.download, s3: s3Of(config.download.s3) },
      { guard: new SourceGuard(config.download), now: () => clock.unix() },
    );
    this.#room = new RecordingsRoom(config.spoolLimitBytes, {
      usedBytes: () => this.#files.usedBytes(),
      bytesOf: (id) => this.#files.bytesOf(id),
      free: (bytes) => freeFailed(bytes, { store, files: this.#files, oneByOne: this.#oneByOne }),
      isWaiting: async (id) => isAtWork(await store.get(id)),
      ...{ clock, log },
    });
    const stages = metrics.counter("ringfence_recording_jobs_stages_total", "Stages that recordings have reached", [
      "stage",
    ]);
    const failures = metrics.counter("ringfence_recording_jobs_failures_total", "Failed steps of recordings", ["code"]);
    const steps = this.#openSteps();
    const { retryFirstMs: firstMs, retryMostMs: mostMs, giveUpMs, concurrency } = config;
    this.#runner = new RecordingsRunner(
      {
        home,
        concurrency,
        deliveries: DELIVERIES,
        retry: { firstMs, mostMs, giveUpMs, deliverGiveUpMs: config.crm.giveUpMs },
      },
      {
        store,
        run: (job, signal) => steps.run(job, signal),
        isFull: () => this.#room.isFull(),
        dropFiles: (id) => this.#files.remove(id),
        clock,
        random,
        log,
        onStage: (stage) => stages.labels(stage).inc(),
        onFailure: (code) => failures.labels(code).inc(),
      },
    );
    const [files, { canonical }] = [this.#files, deps];
    const remove = (ids: readonly string[]): Promise<number> => this.remove(ids);
    const mayPrune = deps.mayPrune;
    this.#pruning = new RecordingsPruning(config.keepDays, { store, home, files, remove, mayPrune, clock, log });
    this.#intake = new RecordingsIntake(config, { desk: this, download: this.#download, clock, log, canonical });
  }

  #openSteps(): RecordingSteps {
    const { analyzer, clock, log, metrics } = this.#deps;
    const options = this.#options;
    // Takes a fifth of a second: before anybody is served.
    const judges = new ThreatClassifier(builtInWeights());
    const heard = metrics.counter(
      "ringfence_recording_jobs_heard_seconds_total",
      "Seconds of recordings that were transcribed",
    );
    return new RecordingSteps({
      options,
      files: (job) => this.#filesOf(job),
      download: this.#download,
      room: this.#room,
      analyzer,
      judges,
      model: this.#model,
      clock,
      log,
      seals: this.#seals,
      progress: (id, change) => this.#runner.progress(id, change),
      heardMs: (ms) => heard.inc(ms / 1_000),
    });
  }

  add(order: RecordingOrder): Promise<Added> {
    this.#download.check(order.source);
    return this.#add(order);
  }

  async upload(
    order: Omit<RecordingOrder, "source">,
    bytes: AsyncIterable<Uint8Array>,
    identity?: string,
  ): Promise<Added> {
    const named = identity === undefined ? undefined : createHash("sha256").update(identity).digest("hex");
    if (named !== undefined) {
      const there = await this.#known({ ...order, source: `upload:${named}` });
      if (there !== undefined) return { job: there, isNew: false };
    }
    if (await this.#room.isFull())
      throw new GatewayError("recording.full", "files of recordings that wait take recordings.spoolLimitBytes");
    const { maxBytes } = this.#options.config.download;
    const taken = this.#deps.random.token(ID_BYTES);
    // Nobody can read it once this process is gone, and nobody needs to.
    const arriving = this.#files.job(taken, this.#deps.vault.withKey(randomBytes(KEY_BYTES)));
    await arriving.make();
    const hash = createHash("sha256");
    let [size, staysBytes] = [0, 0];
    const room = this.#room.holdGrowing(taken);
    const counted = async function* (): AsyncIterable<Uint8Array> {
      for await (const chunk of bytes) {
        size += chunk.byteLength;
        if (size > maxBytes) throw new GatewayError("recording.invalid", `it is larger than ${maxBytes} bytes`);
        // Until it is a job's it lies there twice: as it came, and sealed for its job.
        await room.take(2 * chunk.byteLength);
        hash.update(chunk);
        yield chunk;
      }
    };
    try {
      await arriving.appendSource(counted());
      if (size === 0) throw new GatewayError("recording.invalid", "it is empty");
      const whole: RecordingOrder = { ...order, source: `upload:${named ?? hash.digest("hex")}` };
      const added = await this.#oneByOne.run(idOf(whole), () => this.#add(whole, arriving));
      if (added.isNew) staysBytes = size;
      return added;
    } finally {
      await this.#files.remove(taken);
      room.end(staysBytes);
    }
  }

  job(id: string): Promise<RecordingJob | undefined> {
    return this.#deps.store.get(id);
  }

  jobs(query: RecordingQuery): Promise<readonly RecordingJob[]> {
    return this.#deps.store.list(query);
  }

  count(): ReturnType<RecordingJobStore["count"]> {
    return this.#count(COUNT_FOR_MS);
  }

  #count(goodForMs: number): ReturnType<RecordingJobStore["count"]> {
    const now = this.#deps.clock.mono();
    if (this.#counted === undefined || now - this.#counted.at > goodForMs) {
      const counts = this.#deps.store.count();
      counts.catch(() => (this.#counted = undefined));
      this.#counted = { at: now, counts };
    }
    return this.#counted.counts;
  }

  async result(id: string): Promise<RecordingResult | undefined> {
    const job = await this.#deps.store.get(id);
    if (job?.sealedResult === undefined) return undefined;
    return this.#seals.result(job, job.sealedResult);
  }

  async payload(id: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    const [job, result] = [await this.#deps.store.get(id), await this.result(id)];
    return job === undefined || result === undefined
      ? undefined
      : { ...crmPayload(job.callId, id, result), lines: result.lines };
  }

  retry(id: string): Promise<boolean> {
    return this.#oneByOne.run(id, () => this.#retry(id));
  }

  async #retry(id: string): Promise<boolean> {
    const { store, clock } = this.#deps;
    const job = await store.get(id);
    if (job === undefined || job.stage !== "failed") return false;
    const decoded = await this.#filesOf(job).readDecoded();
    const stage = job.sealedResult !== undefined ? "deliver" : decoded !== undefined ? "transcribe" : "download";
    const now = clock.unix();
    await store.change(id, {
      stage,
      dueAt: now,
      stageSince: now,
      updatedAt: now,
      failingSince: undefined,
      attempts: 0,
      error: undefined,
      detail: undefined,
    });
    this.#runner.wake();
    return true;
  }

  async remove(ids: readonly string[]): Promise<number> {
    const { store, clock } = this.#deps;
    const gone = await store.remove(ids, clock.unix());
    for (const id of gone) {
      await this.#runner.stop(id);
      await this.#files.remove(id);
    }
    return gone.length;
  }

  async forget(number: string): Promise<{ readonly deleted: number; readonly held: number }> {
    const { store } = this.#deps;
    const held = await this.#keepHeld(number);
    let deleted = 0;
    // Until nothing is left, or nothing can be removed.
    for (let removed = 1; removed > 0; deleted += removed)
      removed = await this.remove(await store.ofNumber(number, false));
    return { deleted, held };
  }

  /** What a hold on the other party keeps can be read without that number's key from now on. */
  async #keepHeld(number: string): Promise<number> {
    const { store } = this.#deps;
    let held = 0;
    for (let after: string | undefined; ;) {
      const ids = await store.ofNumber(number, true, after);
      for (const id of ids) {
        const job = await store.get(id);
        if (job === undefined) continue;
        held++;
        // That of another gateway is under keys of its own.
        if (job.home !== this.#options.home) continue;
        const others = [job.caller, job.called].filter((each) => each !== number);
        const order = this.#seals.orderIfAny(job);
        if (order !== undefined) await store.change(id, { sealedOrder: this.#seals.sealOrder(id, others, order) });
      }
      after = ids.at(-1);
      if (after === undefined) return held;
    }
  }

  checkWebhook(headers: Readonly<Record<string, string | undefined>>, body: Uint8Array): string | undefined {
    return webhookRefusal(headers, body, this.#options.config.webhook, this.#deps.clock.unix(), {
      hmacHex: (key, parts) => {
        const mac = createHmac("sha256", key);
        for (const part of parts) mac.update(part);
        return mac.digest("hex");
      },
      isSame: (a, b) => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b)),
    });
  }

  /** What is under way goes on after the next start. Safe to call twice. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#pruning.close();
    await this.#intake.close();
    await this.#runner.close();
    await this.#model?.close();
  }

  /** @param arrived Its bytes, where they were handed over. */
  async #add(order: RecordingOrder, arrived?: JobFiles): Promise<Added> {
    const { store, clock, vault } = this.#deps;
    const id = idOf(order);
    const known = await this.#known(order);
    if (known !== undefined) return { job: known, isNew: false };
    await this.#roomForOne();
    const parties =
      order.caller === undefined && order.called === undefined ? await store.partiesOf(order.callId) : undefined;
    const now = clock.unix();
    const [caller, called] = [order.caller ?? parties?.caller, order.called ?? parties?.called];
    const key = randomBytes(KEY_BYTES);
    await arrived?.moveTo(this.#files.job(id, vault.withKey(key)));
    const job: KeptRecordingJob = {
      ...{ id, home: this.#options.home, callId: order.callId, origin: order.origin, priority: order.priority },
      ...{ caller, called },
      ...{ stage: "download", createdAt: now, updatedAt: now, stageSince: now, dueAt: now },
      ...{ failingSince: undefined, attempts: 0, pieces: 0, piecesDone: 0, durationMs: 0 },
      ...{ error: undefined, detail: undefined, state: undefined, score: undefined, kind: undefined },
      sealedOrder: this.#seals.sealOrder(id, [caller, called], { ...order, key: key.toString("base64") }),
      sealedResult: undefined,
    };
    const isNew = await store.add(job);
    this.#runner.wake();
    return { job: isNew ? job : ((await store.get(id)) ?? job), isNew };
  }

  /** @throws GatewayError `recording.deleted` */
  async #known(order: RecordingOrder): Promise<RecordingJob | undefined> {
    const { store, clock } = this.#deps;
    const id = idOf(order);
    const known = await store.get(id);
    if (known === undefined && !BY_HAND.has(order.origin) && (await store.wasRemoved(id, clock.unix())))
      throw new GatewayError("recording.deleted", "that recording was here and was deleted");
    return known;
  }

  async #roomForOne(): Promise<void> {
    const counts = Object.entries(await this.#count(LIMIT_COUNT_FOR_MS));
    const sum = counts.reduce((all, [stage, jobs]) => (stage === "done" || stage === "failed" ? all : all + jobs), 0);
    if (sum >= this.#options.config.queueLimit)
      throw new GatewayError("recording.full", `${sum} recordings wait already`);
  }

  #filesOf(job: KeptRecordingJob): JobFiles {
    return this.#files.job(job.id, this.#seals.vaultOf(job));
  }
}

/** Its sound is on the disk, and nothing is wrong with it. */
const isAtWork = (job: RecordingJob | undefined): boolean =>
  (job?.stage === "decode" || job?.stage === "transcribe") && job.failingSince === undefined;

/** The same call and source are one job, in every gateway. */
const idOf = ({ callId, source }: RecordingOrder): string =>
  createHash("sha256")
    .update(`${callId}\n${source}`)
    .digest("hex")
    .slice(0, 2 * ID_BYTES);
