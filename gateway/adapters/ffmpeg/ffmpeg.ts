import { spawn, type ChildProcess } from "node:child_process";
import { setPriority } from "node:os";
import { GatewayError } from "../../core/errors.js";
import { TimeLimit } from "../../core/time-limit.js";

export interface FfmpegOptions {
  readonly ffmpegPath: string;
  readonly ffprobePath: string;
  /** For one recording, ms; then the process is killed. */
  readonly timeoutMs: number;
  /** Longer recordings are refused, s. */
  readonly maxSeconds: number;
}

export interface AudioFacts {
  readonly channels: number;
  readonly codec: string;
  readonly container: string;
  /** Undefined: the file does not tell. */
  readonly seconds: number | undefined;
}

export const DECODED_RATE_HZ = 16_000;

/**
 * Containers that hold one recording and refer to no other file: no playlists (HLS, DASH, concat), no devices, no images. Elsewhere a
 * "recording" could make ffmpeg read files of ours.
 */
const FORMATS =
  "wav,w64,rf64,mp3,ogg,flac,mov,mp4,m4a,3gp,3g2,mj2,aac,matroska,webm,amr,amrnb,amrwb,aiff,au,gsm,asf,caf,opus,ac3,eac3,avi,mpeg,mpegts,wv,voc,sln";
const MAX_STDERR = 4_096;
const MAX_PROBE = 65_536;
const NICE = 10;
const BYTES_PER_SAMPLE = 2;
/** What a descriptor inherited as the fourth is called inside the child. */
const INPUT = "file:/dev/fd/3";

/** ffmpeg and ffprobe as child processes, with arguments as a list, on one open file that they inherit: nothing else can be named to them. */
export class Ffmpeg {
  readonly #options: FfmpegOptions;

  constructor(options: FfmpegOptions) {
    this.#options = options;
  }

  /**
   * @param fd An open file. Not closed.
   * @throws GatewayError `recording.invalid`: no audio, a codec that is not known, too long · `ffmpeg.missing` · `recording.unavailable`: it
   *   took too long. The signal's reason.
   */
  async probe(fd: number, signal: AbortSignal): Promise<AudioFacts> {
    const args = ["-v", "error", ...GUARDS, "-select_streams", "a:0", "-show_entries"];
    args.push("stream=channels,codec_name,duration:format=duration,format_name", "-of", "json", INPUT);
    let text = "";
    await this.#run(this.#options.ffprobePath, args, fd, signal, (chunk) => {
      if (text.length < MAX_PROBE) text += Buffer.from(chunk).toString("utf8");
      return undefined;
    });
    const facts = factsOf(text);
    const { maxSeconds } = this.#options;
    if (facts.seconds !== undefined && facts.seconds > maxSeconds) throw tooLong(maxSeconds);
    return facts;
  }

  /**
   * Decodes to 16-bit PCM, little end first, 16 kHz, interleaved.
   * @param take Gets it piece by piece; while its promise is open ffmpeg waits.
   * @throws As `probe`; what `take` throws.
   */
  async decode(
    fd: number,
    channels: number,
    pick: readonly number[] | undefined,
    take: (pcm: Uint8Array) => Promise<void> | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const { maxSeconds, ffmpegPath } = this.#options;
    const most = maxSeconds * DECODED_RATE_HZ * channels * BYTES_PER_SAMPLE;
    const pan =
      pick === undefined ? [] : ["-af", `pan=${channels}c|${pick.map((from, to) => `c${to}=c${from}`).join("|")}`];
    const args = ["-nostdin", "-hide_banner", "-v", "error", "-threads", "1", ...GUARDS, "-i", INPUT];
    args.push("-map", "0:a:0", "-vn", "-sn", "-dn", "-t", String(maxSeconds + 1), ...pan);
    args.push("-ac", String(channels), "-ar", String(DECODED_RATE_HZ), "-f", "s16le", "pipe:1");
    let bytes = 0;
    await this.#run(ffmpegPath, args, fd, signal, (chunk) => {
      bytes += chunk.byteLength;
      if (bytes > most) throw tooLong(maxSeconds);
      return take(chunk);
    });
    if (bytes === 0) throw invalid("there is no sound in it");
  }

  async #run(
    command: string,
    args: readonly string[],
    fd: number,
    signal: AbortSignal,
    take: (chunk: Uint8Array) => Promise<void> | undefined,
  ): Promise<void> {
    signal.throwIfAborted();
    const limit = new TimeLimit(this.#options.timeoutMs, signal);
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe", fd], env: { PATH: process.env["PATH"] } });
    const ended = endOf(child);
    const kill = (): void => void child.kill("SIGKILL");
    limit.signal.addEventListener("abort", kill, { once: true });
    let complaint = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      if (complaint.length < MAX_STDERR) complaint += chunk.toString("utf8");
    });
    try {
      if (child.pid !== undefined) giveWay(child.pid);
      for await (const chunk of child.stdout ?? []) await take(chunk as Buffer);
      const end = await ended;
      signal.throwIfAborted();
      if (limit.reached)
        throw new GatewayError("recording.invalid", `it could not be decoded in ${this.#options.timeoutMs} ms`);
      if (end.kind === "not-started") throw missing(command, end.cause);
      if (end.code !== 0) throw invalid(reasonOf(complaint));
    } catch (error) {
      kill();
      await ended;
      throw error;
    } finally {
      limit.end();
    }
  }
}

const GUARDS = ["-protocol_whitelist", "file,pipe", "-format_whitelist", FORMATS, "-max_alloc", "268435456"];

type End =
  { readonly kind: "ended"; readonly code: number | null } | { readonly kind: "not-started"; readonly cause: Error };

function endOf(child: ChildProcess): Promise<End> {
  return new Promise((resolve) => {
    child.once("error", (cause) => resolve({ kind: "not-started", cause }));
    child.once("close", (code) => resolve({ kind: "ended", code }));
  });
}

function giveWay(pid: number): void {
  try {
    setPriority(pid, NICE);
  } catch {
    // It has ended already, or the system does not let us: it goes on as it is.
  }
}

const invalid = (why: string): GatewayError =>
  new GatewayError("recording.invalid", `the recording cannot be used: ${why}`);
const tooLong = (seconds: number): GatewayError => invalid(`it is longer than ${seconds} s`);
const missing = (command: string, cause: Error): GatewayError =>
  new GatewayError("ffmpeg.missing", `${command} cannot be started: install ffmpeg, or set recordings.ffmpeg`, {
    cause,
  });

/** The last line says most. Names of our files are in it, and what the file calls itself: printable characters only. */
function reasonOf(complaint: string): string {
  const lines = complaint.trim().split("\n");
  const last = (lines.at(-1) ?? "").replaceAll(INPUT, "the file").replaceAll(/[^\x20-\x7e]/g, "?");
  return last === "" ? "ffmpeg failed" : last.slice(0, 200);
}

function factsOf(text: string): AudioFacts {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    throw invalid("ffprobe tells nothing of it");
  }
  const { streams = [], format = {} } = read as {
    streams?: readonly { channels?: number; codec_name?: string; duration?: string }[];
    format?: { duration?: string; format_name?: string };
  };
  const [stream] = streams;
  if (stream === undefined) throw invalid("there is no sound in it");
  const { channels, codec_name: codec } = stream;
  if (codec === undefined || codec === "unknown" || codec === "none") throw invalid("its codec is not known");
  if (typeof channels !== "number" || channels < 1) throw invalid("it has no channels");
  const seconds = Number(format.duration ?? stream.duration ?? Number.NaN);
  return {
    channels,
    codec,
    container: format.format_name ?? "unknown",
    seconds: Number.isFinite(seconds) ? seconds : undefined,
  };
}
