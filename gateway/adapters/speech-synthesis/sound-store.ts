import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "../../core/log.js";
import type { Random } from "../../core/random.js";
import type { PcmAudio } from "../../media/audio.js";
import type { SpeechSynthesis, SpokenText } from "../../ports/speech-synthesis.js";
import { readSound, writeSound } from "./sound-in-slices.js";

export interface SoundStoreOptions {
  /** Made when it is needed. */
  readonly folder: string;
  /** Of all files together; the ones used longest ago go first. */
  readonly diskBytes: number;
  /** Of all sounds in memory together. */
  readonly memoryBytes: number;
  /** Texts that are being rendered or wait for it; one at a time is. */
  readonly maxWaiting: number;
}

export interface SoundStoreDeps {
  readonly synthesis: SpeechSynthesis;
  readonly random: Random;
  readonly log: Log;
}

/** Of a render: another program or version of ours may sound different. */
const FORMAT = "1";
const NAME = /^[0-9a-f]{64}\.wav$/;
const HALF_WRITTEN = /^\.[0-9a-f]+\.part$/;

/**
 * Renders each text once and keeps the sound: by text, voice, speed and rate, in memory and on disk. A disk that fails costs a
 * rendering, nothing else.
 */
export class SoundStore implements SpeechSynthesis {
  readonly #options: SoundStoreOptions;
  readonly #deps: SoundStoreDeps;
  /** Used longest ago first. */
  readonly #memory = new Map<string, PcmAudio>();
  readonly #rendering = new Map<string, Promise<PcmAudio>>();
  #memoryBytes = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: SoundStoreOptions, deps: SoundStoreDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** As the synthesiser's, which is asked where the sound is not there. `signal` counts for that. */
  async say(spoken: SpokenText, sampleRateHz: number, signal?: AbortSignal): Promise<PcmAudio> {
    const key = keyOf(spoken, sampleRateHz);
    const known = this.#memory.get(key);
    if (known !== undefined) {
      this.#memory.delete(key);
      this.#memory.set(key, known);
      return known;
    }
    const { maxWaiting } = this.#options;
    const under = this.#rendering.get(key);
    if (under !== undefined) return under;
    if (this.#rendering.size >= maxWaiting) return this.#deps.synthesis.say(spoken, sampleRateHz, signal);
    const rendering = this.#after(() => this.#find(key, spoken, sampleRateHz, signal));
    this.#rendering.set(key, rendering);
    try {
      return await rendering;
    } finally {
      this.#rendering.delete(key);
    }
  }

  /** One after the other: a start with many prompts takes one core, not all. */
  #after<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(work);
    this.#turn = next.catch(() => undefined);
    return next;
  }

  async #find(key: string, spoken: SpokenText, sampleRateHz: number, signal?: AbortSignal): Promise<PcmAudio> {
    const kept = await this.#read(key, sampleRateHz);
    if (kept !== undefined) return this.#remember(key, kept);
    const made = await this.#deps.synthesis.say(spoken, sampleRateHz, signal);
    await this.#write(key, made).catch((error: unknown) => {
      this.#deps.log.warn("speech.sound-not-kept", { why: (error as NodeJS.ErrnoException).code });
    });
    return this.#remember(key, made);
  }

  #remember(key: string, sound: PcmAudio): PcmAudio {
    const { memoryBytes } = this.#options;
    this.#memory.set(key, sound);
    this.#memoryBytes += sound.samples.byteLength;
    for (const [oldest, { samples }] of this.#memory) {
      if (this.#memoryBytes <= memoryBytes) break;
      this.#memory.delete(oldest);
      this.#memoryBytes -= samples.byteLength;
    }
    return sound;
  }

  async #read(key: string, sampleRateHz: number): Promise<PcmAudio | undefined> {
    const path = join(this.#options.folder, `${key}.wav`);
    try {
      const { size } = await stat(path);
      if (size > this.#options.diskBytes) return undefined;
      const sound = await readSound(await readFile(path), sampleRateHz);
      if (!sound.ok) return undefined;
      const now = new Date();
      await utimes(path, now, now).catch(() => undefined);
      return sound.value;
    } catch {
      return undefined;
    }
  }

  /** Whole or not at all: another process may read it, and the power may fail. */
  async #write(key: string, sound: PcmAudio): Promise<void> {
    const { folder, diskBytes } = this.#options;
    const bytes = await writeSound(sound);
    if (bytes.byteLength > diskBytes) return;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await this.#makeRoom(bytes.byteLength);
    const part = join(folder, `.${this.#deps.random.token(8)}.part`);
    try {
      await writeFile(part, bytes, { mode: 0o600, flag: "wx", flush: true });
      await rename(part, join(folder, `${key}.wav`));
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
  }

  async #makeRoom(wantedBytes: number): Promise<void> {
    const { folder, diskBytes } = this.#options;
    const files: { readonly path: string; readonly size: number; readonly usedAt: number }[] = [];
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      if (HALF_WRITTEN.test(name)) await rm(path, { force: true });
      if (!NAME.test(name)) continue;
      const { size, mtimeMs } = await stat(path);
      files.push({ path, size, usedAt: mtimeMs });
    }
    let total = files.reduce((sum, { size }) => sum + size, wantedBytes);
    for (const { path, size } of files.sort((a, b) => a.usedAt - b.usedAt)) {
      if (total <= diskBytes) return;
      await rm(path, { force: true });
      total -= size;
    }
  }
}

const keyOf = ({ text, voice, wordsPerMinute }: SpokenText, sampleRateHz: number): string =>
  createHash("sha256")
    .update(JSON.stringify([FORMAT, text, voice, wordsPerMinute, sampleRateHz]))
    .digest("hex");
