import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import type { Clock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import type { Counter, Metrics } from "../../core/metrics.js";
import type { SpeechKeeper, SpeechPiece } from "../../ports/speech-keeper.js";
import type { Vault } from "../../ports/vault.js";
import { isMissing, wholeRecords, type SpeechFolder } from "./speech-folder.js";
import {
  encodePiece,
  fileHead,
  LENGTH_BYTES,
  MOST_RECORD_BYTES,
  speechContext,
  speechKeyContext,
} from "./speech-record.js";

export interface SpeechFilesOptions {
  /** What is kept of one call at most, bytes; 32,000 are a second of one speaker. */
  readonly callBytes: number;
  /** What is kept in all, bytes. */
  readonly totalBytes: number;
  /** Samples that may wait for the disk, bytes. Default 16 MiB. */
  readonly waitingBytes?: number;
}

export interface SpeechFilesDeps {
  readonly folder: SpeechFolder;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

interface OpenFile {
  /** Whole records, and their bytes with the head: what is behind is not ours, and is cut off before the next. */
  readonly count: number;
  readonly bytes: number;
  /** Of its records. */
  readonly vault: Vault;
  /** Where nothing is written yet. */
  readonly head: Uint8Array | undefined;
}

const KEY_BYTES = 32;

const WAITING_BYTES = 16 * 1024 * 1024;
/** Sealed in one go, on the thread that carries SIP: 5 s at 16 kHz are below half a millisecond (docs/benchmarks.md). */
const SLICE_SAMPLES = 80_000;
/** Calls whose file is known without another look at it. */
const MOST_KNOWN = 2_000;
/** Others delete: what is there is looked at again, ms. */
const MEASURE_EVERY_MS = 60_000;

type Why = "call-full" | "full" | "queue" | "disk" | "forgotten" | "closed";

/**
 * Seals speech and appends it to its call's file, one piece after another, off the caller's way. What has no room is dropped and counted, and so is what a
 * full disk does not take; the next piece is tried again.
 */
export class SpeechFiles implements SpeechKeeper {
  readonly #deps: SpeechFilesDeps;
  readonly #options: Required<SpeechFilesOptions>;
  readonly #known = new Map<string, OpenFile>();
  readonly #waiting: SpeechPiece[] = [];
  readonly #keptBytes: Counter;
  readonly #dropped: Counter;
  #waitingBytes = 0;
  #totalBytes = 0;
  #measuredAtMs = -Infinity;
  #writing: Promise<void> | undefined;
  #failing = false;
  #closed = false;

  constructor(options: SpeechFilesOptions, deps: SpeechFilesDeps) {
    this.#deps = deps;
    this.#options = { waitingBytes: WAITING_BYTES, ...options };
    const { metrics } = deps;
    this.#keptBytes = metrics.counter(
      "ringfence_speech_kept_bytes_total",
      "Bytes of sealed speech that were written to disk",
    );
    this.#dropped = metrics.counter(
      "ringfence_speech_dropped_total",
      "Pieces of speech that were to be kept and were not: call-full, full, queue, disk, forgotten, closed",
      ["why"],
    );
  }

  keep(piece: SpeechPiece): void {
    const bytes = piece.samples.byteLength;
    if (this.#closed) this.#drop("closed");
    else if (this.#waitingBytes + bytes > this.#options.waitingBytes || bytes > MOST_RECORD_BYTES / 2)
      this.#drop("queue");
    else {
      this.#waiting.push(...slices(piece));
      this.#waitingBytes += bytes;
      this.#writing ??= this.#writeAll();
    }
  }

  /**
   * Whether there is speech of a call of that name, of an earlier process too: another call that took it would be heard as a part of it. One
   * look at the folder, without waiting for what goes on in it.
   */
  has(callId: string): boolean {
    return this.#known.has(callId) || existsSync(this.#deps.folder.pathOf(callId));
  }

  /** Writes what waits. Safe to call twice. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    // What is kept in the same turn is written in one go.
    await Promise.resolve();
    for (let piece = this.#waiting.shift(); piece !== undefined; piece = this.#waiting.shift()) {
      this.#waitingBytes -= piece.samples.byteLength;
      try {
        await this.#write(piece);
        this.#failing = false;
      } catch (error) {
        this.#known.delete(piece.callId);
        // Deleted while the call went on: a new file begins with the next piece.
        this.#drop(isMissing(error) ? "forgotten" : "disk");
        if (isMissing(error)) continue;
        if (!this.#failing) this.#deps.log.error("speech.keep-failed", {}, error);
        this.#failing = true;
      }
    }
    // In the same turn as the last look at the queue.
    this.#writing = undefined;
  }

  async #write(piece: SpeechPiece): Promise<void> {
    const { folder } = this.#deps;
    const { callId } = piece;
    await this.#measure();
    const path = folder.pathOf(callId);
    const known = this.#known.get(callId) ?? (await this.#look(callId, path));
    const sealed = known.vault.seal(encodePiece(piece), speechContext(callId, known.count));
    const record = Buffer.concat([known.head ?? new Uint8Array(0), lengthOf(sealed), sealed]);
    const why = this.#refuses(known, record.byteLength);
    if (why !== undefined) {
      this.#drop(why);
      return;
    }
    await append(path, record, known.bytes);
    const { vault, count, bytes } = known;
    this.#remember(callId, { count: count + 1, bytes: bytes + record.byteLength, vault, head: undefined });
    this.#totalBytes += record.byteLength;
    this.#keptBytes.inc(record.byteLength);
  }

  #refuses(known: OpenFile, bytes: number): Why | undefined {
    const { callBytes, totalBytes } = this.#options;
    if (known.bytes + bytes > callBytes) return "call-full";
    return this.#totalBytes + bytes > totalBytes ? "full" : undefined;
  }

  /** A file that an earlier process, or this one before an error, has left; or one that is to be begun, with a key of its own. */
  async #look(callId: string, path: string): Promise<OpenFile> {
    const { vault } = this.#deps;
    const context = speechKeyContext(callId);
    const found = await wholeRecords(path).catch((error: unknown) => {
      if (isMissing(error)) return { count: 0, bytes: 0, sealedKey: undefined };
      throw error;
    });
    const { count, bytes, sealedKey } = found;
    if (sealedKey !== undefined)
      return { count, bytes, vault: vault.withKey(vault.open(sealedKey, context)), head: undefined };
    if (bytes > 0) return { count, bytes, vault, head: undefined };
    const key = randomBytes(KEY_BYTES);
    return { count, bytes, vault: vault.withKey(key), head: fileHead(vault.seal(key, context)) };
  }

  #remember(callId: string, file: OpenFile): void {
    this.#known.delete(callId);
    this.#known.set(callId, file);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST_KNOWN && oldest !== undefined) this.#known.delete(oldest);
  }

  async #measure(): Promise<void> {
    const { clock, folder } = this.#deps;
    const now = clock.mono();
    if (now - this.#measuredAtMs < MEASURE_EVERY_MS) return;
    await mkdir(folder.path, { recursive: true, mode: 0o700 });
    this.#totalBytes = await folder.sizeBytes();
    this.#measuredAtMs = now;
  }

  #drop(why: Why): void {
    this.#dropped.labels(why).inc();
  }
}

/** Longer pieces are sealed bit by bit; each bit is a record of its own. */
function slices(piece: SpeechPiece): SpeechPiece[] {
  const { samples, startMs, sampleRateHz } = piece;
  if (samples.length <= SLICE_SAMPLES) return [piece];
  return Array.from({ length: Math.ceil(samples.length / SLICE_SAMPLES) }, (_, i) => ({
    ...piece,
    startMs: startMs + (i * SLICE_SAMPLES * 1_000) / sampleRateHz,
    samples: samples.subarray(i * SLICE_SAMPLES, (i + 1) * SLICE_SAMPLES),
  }));
}

function lengthOf(sealed: Uint8Array): Uint8Array {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(sealed.byteLength);
  return length;
}

/** Behind the last whole record; what a failed write has left there goes. Deleted meanwhile: it begins anew, without what was deleted. */
async function append(path: string, record: Uint8Array, at: number): Promise<void> {
  const file = await open(path, at === 0 ? "w" : "r+", 0o600);
  try {
    const { bytesWritten } = await file.write(record, 0, record.byteLength, at);
    if (bytesWritten < record.byteLength) {
      await file.truncate(at);
      throw Object.assign(new Error("the disk took a part of it"), { code: "ENOSPC" });
    }
    await file.truncate(at + record.byteLength);
  } finally {
    await file.close();
  }
}
