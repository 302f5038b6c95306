import { spawn } from "node:child_process";
import { GatewayError } from "../../core/errors.js";
import type { PcmAudio } from "../../media/audio.js";
import { MAX_SPOKEN_CHARACTERS, type SpeechSynthesis, type SpokenText } from "../../ports/speech-synthesis.js";
import { readSound } from "./sound-in-slices.js";

export interface EspeakOptions {
  /** Name or path of the program. */
  readonly program: string;
  /** One text, ms. */
  readonly timeoutMs: number;
}

/** Two minutes of its 22,050 samples a second. */
const MAX_WAV_BYTES = 6_000_000;
const MAX_COMPLAINT = 500;
const VOICE = /^[A-Za-z][\w+-]{0,31}$/;

/**
 * espeak-ng as a child process for each text: no shell, the text on stdin, where nothing of it can be an option or a command.
 * https://github.com/espeak-ng/espeak-ng/blob/master/docs/guide.md
 */
export class EspeakNg implements SpeechSynthesis {
  readonly #options: EspeakOptions;

  constructor(options: EspeakOptions) {
    this.#options = options;
  }

  async say(
    { text, voice, wordsPerMinute }: SpokenText,
    sampleRateHz: number,
    signal?: AbortSignal,
  ): Promise<PcmAudio> {
    const said = sayable(text);
    if (said === "") throw unavailable("there is nothing to say");
    if (said.length > MAX_SPOKEN_CHARACTERS)
      throw unavailable(`a text is longer than ${MAX_SPOKEN_CHARACTERS} characters`);
    if (!VOICE.test(voice)) throw unavailable("that is no name of a voice");
    const read = await readSound(await this.#run(said, voice, Math.round(wordsPerMinute), signal), sampleRateHz);
    if (read.ok) return read.value;
    const { code } = read.error;
    throw code === "rate"
      ? unavailable(`its sound cannot be brought to ${sampleRateHz} samples a second`)
      : unavailable(`what ${this.#options.program} gave is no WAV file: ${code}`);
  }

  #run(text: string, voice: string, wordsPerMinute: number, signal?: AbortSignal): Promise<Uint8Array> {
    const { program, timeoutMs } = this.#options;
    const child = spawn(program, ["--stdout", "-v", voice, "-s", String(wordsPerMinute), "-b", "1"], {
      stdio: ["pipe", "pipe", "pipe"],
      timeout: timeoutMs,
      killSignal: "SIGKILL",
      ...(signal === undefined ? {} : { signal }),
    });
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    let complaint = "";
    child.stdout.on("data", (piece: Uint8Array) => {
      bytes += piece.byteLength;
      if (bytes > MAX_WAV_BYTES) child.kill("SIGKILL");
      else pieces.push(piece);
    });
    child.stderr.on("data", (piece: Uint8Array) => {
      complaint = `${complaint}${Buffer.from(piece).toString("latin1")}`.slice(0, MAX_COMPLAINT);
    });
    // It may end without having read everything.
    child.stdin.on("error", () => undefined);
    child.stdin.end(`${text}\n`);
    return new Promise((resolve, reject) => {
      child.on("error", (cause: NodeJS.ErrnoException) => {
        const why = cause.code === "ENOENT" ? "is not installed" : (cause.code ?? "failed");
        reject(unavailable(`${program} ${why}`, cause));
      });
      child.on("close", (code, killed) => {
        if (bytes > MAX_WAV_BYTES) reject(unavailable(`${program} speaks without end`));
        else if (killed !== null) reject(unavailable(`${program} did not end within ${timeoutMs} ms`));
        else if (code !== 0) reject(unavailable(`${program} ended with ${code}: ${printable(complaint)}`));
        else resolve(repaired(Buffer.concat(pieces)));
      });
    });
  }
}

const unavailable = (why: string, cause?: unknown): GatewayError =>
  new GatewayError("tts.unavailable", why, cause === undefined ? {} : { cause });

/** Without control characters: one line is one text. */
const sayable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Cs}\s]+/gu, " ").trim();
const printable = (text: string): string => text.replace(/[^\x20-\x7e]+/g, " ").trim();

/** It cannot know its length while it writes to a pipe, and says one that is far too large: what came is all there is. */
function repaired(wav: Uint8Array): Uint8Array {
  const view = new DataView(wav.buffer, wav.byteOffset, wav.byteLength);
  if (wav.byteLength < 44 || view.getUint32(36, false) !== 0x64617461) return wav;
  view.setUint32(4, wav.byteLength - 8, true);
  view.setUint32(40, wav.byteLength - 44, true);
  return wav;
}
