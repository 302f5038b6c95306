import { Redactor, type Turn, type TurnVerdict } from "../../detection/index.js";
import { CrmClient, type CrmRefusal } from "../adapters/crm-http/crm-client.js";
import { Ffmpeg } from "../adapters/ffmpeg/ffmpeg.js";
import type { RecordingDownload } from "../adapters/recording-download/download.js";
import type { DecodedFacts, JobFiles } from "../adapters/recording-files/job-files.js";
import { abortable } from "../core/abortable.js";
import type { Clock } from "../core/clock.js";
import { GatewayError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import { TimeLimit } from "../core/time-limit.js";
import { assemble, pieceText, type PieceText } from "../pipeline/recordings/assemble.js";
import type { Breath } from "../pipeline/recordings/breath.js";
import { crmPayload } from "../pipeline/recordings/crm-payload.js";
import { PIECE_RATE_HZ, PieceSplitter, pieceWav, type Piece } from "../pipeline/recordings/piece-splitter.js";
import { extractiveSummary } from "../pipeline/recordings/summarize.js";
import { readSummary, summaryQuestion } from "../pipeline/recordings/summary-question.js";
import type { DialogueJudges } from "../pipeline/dialogue-judge.js";
import type { AudioAnalyzer } from "../ports/audio-analysis.js";
import type { LanguageModel } from "../ports/language-model.js";
import type { KeptRecordingJob, RecordingChange, RecordingResult, RecordingSummary } from "../ports/recordings.js";
import type { RecordingSeals } from "./recording-seals.js";
import { breathOf } from "./recordings-breath.js";
import type { RecordingsOptions } from "./recordings-options.js";
import type { RecordingsRoom } from "./recordings-room.js";

export interface StepDeps {
  readonly options: RecordingsOptions;
  readonly files: (job: KeptRecordingJob) => JobFiles;
  readonly download: RecordingDownload;
  readonly room: RecordingsRoom;
  readonly analyzer: AudioAnalyzer;
  readonly judges: DialogueJudges;
  readonly model: LanguageModel | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly seals: RecordingSeals;
  /** While a step goes on. Throws when the job is gone. */
  readonly progress: (id: string, change: RecordingChange) => Promise<void>;
  readonly heardMs: (ms: number) => void;
}

/** Of a recording that does not tell how long it is: 8 kbit/s. */
const FEWEST_BYTES_A_SECOND = 1_000;

/** The steps of a job. Each may be done again after a crash: what is there is not made anew, and what is half there is. */
export class RecordingSteps {
  readonly #deps: StepDeps;
  readonly #ffmpeg: Ffmpeg;
  readonly #crm: CrmClient | undefined;
  #working: Promise<void> = Promise.resolve();

  constructor(deps: StepDeps) {
    this.#deps = deps;
    const { ffmpeg, maxSeconds, crm } = deps.options.config;
    const { path, probePath, timeoutMs } = ffmpeg;
    this.#ffmpeg = new Ffmpeg({ ffmpegPath: path, ffprobePath: probePath, timeoutMs, maxSeconds });
    const { url } = crm;
    this.#crm = url === undefined ? undefined : new CrmClient({ ...crm, url }, () => deps.clock.unix());
  }

  /** @returns What changes: the next stage; or why the CRM has not taken it. @throws GatewayError; the signal's reason. */
  async run(job: KeptRecordingJob, signal: AbortSignal): Promise<RecordingChange | CrmRefusal> {
    switch (job.stage) {
      case "download":
        return this.#fetch(job, signal);
      case "decode":
        return this.#decode(job, signal);
      case "transcribe":
        return this.#transcribe(job, signal);
      case "summarize":
        return this.#summarize(job, signal);
      case "deliver":
        return this.#deliver(job, signal);
      case "done":
      case "failed":
        return {};
    }
  }

  async #fetch(job: KeptRecordingJob, signal: AbortSignal): Promise<RecordingChange> {
    const { download, room, seals } = this.#deps;
    const files = this.#deps.files(job);
    const { source } = seals.order(job);
    if (source.startsWith("upload:")) {
      if ((await files.sourceBytes()) === 0) throw new GatewayError("recording.invalid", "its file is gone");
      return { stage: "decode" };
    }
    await files.make();
    const have = { bytes: await files.sourceBytes(), validator: await files.readValidator() };
    const answer = await download.fetch(source, have, signal);
    let leave: (() => void) | undefined;
    try {
      leave = await room.hold(job.id, answer.sizeBytes ?? 0);
      if (answer.from === 0) await files.dropSource();
      await files.writeValidator(answer.validator);
      await files.appendSource(answer.bytes);
    } finally {
      answer.drop();
      leave?.();
    }
    return { stage: "decode" };
  }

  async #decode(job: KeptRecordingJob, signal: AbortSignal): Promise<RecordingChange> {
    const { options, seals, room } = this.#deps;
    const files = this.#deps.files(job);
    // Done before, and only the note of it is missing: the source is gone.
    const before = await files.readDecoded();
    if (before !== undefined) return toHear(before);
    const { channels: configured, pieceSeconds, maxSeconds } = options.config;
    const source = await files.openSource();
    let leave: (() => void) | undefined;
    try {
      const facts = await this.#ffmpeg.probe(source.fd, signal);
      const named = seals.order(job).speakers ?? configured;
      const channels = Math.min(facts.channels, named.length);
      const pick = facts.channels === channels ? undefined : Array.from({ length: channels }, (_, index) => index);
      const { size } = await source.stat();
      const seconds = facts.seconds ?? Math.min(maxSeconds, size / FEWEST_BYTES_A_SECOND);
      leave = await room.holdDecoded(job.id, Math.ceil(seconds * PIECE_RATE_HZ * 2 * channels));
      const splitter = new PieceSplitter(channels, pieceSeconds);
      const startsMs: number[] = [];
      const keep = async (piece: Piece): Promise<void> => {
        await files.writePiece(startsMs.length, piece.pcm);
        startsMs.push(piece.startMs);
      };
      const take = (chunk: Uint8Array): Promise<void> | undefined => {
        const pieces = splitter.push(chunk);
        return pieces.length === 0 ? undefined : eachOf(pieces, keep);
      };
      await this.#ffmpeg.decode(source.fd, channels, pick, take, signal);
      const last = splitter.end();
      if (last !== undefined) await keep(last);
      const { durationMs, same } = splitter;
      const decoded = { durationMs, startsMs, channels, same };
      await files.writeDecoded(decoded);
      return toHear(decoded);
    } finally {
      leave?.();
      await source.close();
    }
  }

  async #transcribe(job: KeptRecordingJob, signal: AbortSignal): Promise<RecordingChange> {
    const { options, analyzer, progress, heardMs } = this.#deps;
    const files = this.#deps.files(job);
    const { monoSpeaker, channels: configured } = options.config;
    const decoded = await files.readDecoded();
    // Its files were lost: from the start, which tells whether it can be had again.
    if (decoded === undefined) return { stage: "download" };
    const order = this.#deps.seals.order(job);
    const isMono = decoded.channels === 1 || decoded.same;
    const named = order.speakers ?? configured;
    const speakers = isMono ? [named.length === 1 ? (named[0] ?? monoSpeaker) : monoSpeaker] : named;
    for (const [index, startMs] of decoded.startsMs.entries()) {
      signal.throwIfAborted();
      if ((await files.readText(index)) !== undefined) continue;
      const pcm = await files.readPiece(index);
      if (pcm === undefined) {
        await files.dropDecoded();
        return { stage: "download" };
      }
      const wav = pieceWav(pcm, decoded.channels, isMono);
      const { language } = order;
      const analysis = await abortable(
        analyzer.analyze({ wav, speakers, ...(language === undefined ? {} : { language }) }),
        signal,
      );
      await files.writeText(index, pieceText(analysis, startMs));
      heardMs(analysis.durationMs);
      await progress(job.id, { piecesDone: index + 1 });
    }
    return { stage: "summarize", piecesDone: decoded.startsMs.length };
  }

  async #summarize(job: KeptRecordingJob, signal: AbortSignal): Promise<RecordingChange> {
    const { options, seals, judges } = this.#deps;
    const files = this.#deps.files(job);
    const decoded = await files.readDecoded();
    if (decoded === undefined) return { stage: "download" };
    const pieces: PieceText[] = [];
    for (const index of decoded.startsMs.keys()) {
      const text = await files.readText(index);
      if (text === undefined) return { stage: "transcribe" };
      pieces.push(text as PieceText);
    }
    const speakersBy = decoded.channels === 1 || decoded.same ? "one" : "channel";
    const redactor = new Redactor({ phones: options.redactPhones });
    const { durationMs } = decoded;
    const [whole, own] = await this.#alone(async () => {
      const breathe = breathOf(signal);
      const judge = { judge: (turns: readonly Turn[]) => worstOf(turns, judges, breathe) };
      const assembled = await assemble(pieces, durationMs, speakersBy, redactor, judge, breathe);
      return [assembled, await extractiveSummary(assembled.lines, durationMs, breathe)] as const;
    });
    const summary = await this.#summaryOf(whole.lines, own, signal);
    const result: RecordingResult = { ...whole, summary };
    const { state, score, kind } = result.threat;
    const sealedResult = seals.sealResult(job, result);
    return { stage: this.#crm === undefined ? "done" : "deliver", sealedResult, state, score, kind };
  }

  /** Two at a time would not be done sooner, and would keep others waiting for twice as long. */
  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const own = this.#working.then(work);
    this.#working = own.then(
      () => undefined,
      () => undefined,
    );
    return own;
  }

  /** By the language model where there is one; in its absence, failure or delay by ourselves: a result is never held up by it. */
  async #summaryOf(
    lines: RecordingResult["lines"],
    own: RecordingSummary,
    signal: AbortSignal,
  ): Promise<RecordingSummary> {
    const { model, log, options } = this.#deps;
    if (model === undefined || options.model === undefined || lines.length === 0) return own;
    const limit = new TimeLimit(options.config.summaryTimeoutMs, signal);
    try {
      const question = summaryQuestion(lines, options.model.contextTokens, options.model.limits);
      const answer = await model.complete(question, limit.signal);
      const written = await this.#alone(() => readSummary(answer, lines, own, breathOf(signal)));
      if (written !== undefined) return written;
      log.warn("recordings.summary-unreadable");
    } catch (error) {
      signal.throwIfAborted();
      const reason = limit.reached ? "judge.timeout" : error instanceof GatewayError ? error.code : "unknown";
      log.warn("recordings.summary-failed", { reason });
    } finally {
      limit.end();
    }
    return own;
  }

  async #deliver(job: KeptRecordingJob, signal: AbortSignal): Promise<RecordingChange | CrmRefusal> {
    if (this.#crm === undefined) return { stage: "done" };
    if (job.sealedResult === undefined) return { stage: "summarize" };
    const result = this.#deps.seals.result(job, job.sealedResult);
    const refusal = await this.#crm.post(job.id, crmPayload(job.callId, job.id, result), signal);
    return refusal ?? { stage: "done" };
  }
}

const toHear = ({ startsMs, durationMs }: DecodedFacts): RecordingChange => ({
  ...{ stage: "transcribe", pieces: startsMs.length, piecesDone: 0, durationMs },
});

async function eachOf(pieces: readonly Piece[], keep: (piece: Piece) => Promise<void>): Promise<void> {
  for (const piece of pieces) await keep(piece);
}

async function worstOf(
  turns: readonly Turn[],
  judges: DialogueJudges,
  breathe: Breath,
): Promise<TurnVerdict | undefined> {
  const calledSide = turns.some(({ speaker }) => speaker === "agent") ? "agent" : "callee";
  const dialogue = judges.open({ calledSide });
  let worst: TurnVerdict | undefined;
  for (const turn of turns) {
    await breathe();
    const verdict = dialogue.add(turn);
    if (worst === undefined || verdict.score >= worst.score) worst = verdict;
  }
  return worst;
}
