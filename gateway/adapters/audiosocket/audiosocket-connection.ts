import type { Socket } from "node:net";
import type { PayloadFormat, PcmAudio } from "../../media/audio.js";
import { carriedFormat } from "../../media/pcm-packets/carried-formats.js";
import { LateSound } from "../../media/pcm-packets/late-sound.js";
import { PcmPackets, type WritePacket } from "../../media/pcm-packets/pcm-packets.js";
import { Mouth } from "../../media/sound/mouth.js";
import type { SoundWorks } from "../../media/sound/sound-works.js";
import type { Clock } from "../../core/clock.js";
import { monoMs } from "../../core/time.js";
import type { MediaConnection, MediaConnectionUser } from "../../ports/media-connections.js";
import { buildFrame, FrameReader, KIND, NARROW_SOUND, soundFormat, uuidText } from "./audiosocket-frame.js";

export interface AudioSocketLimits {
  /** A connection that has not said its UUID by then is closed, ms. */
  readonly claimTimeoutMs: number;
  /** A connection that says nothing for so long is closed, ms. */
  readonly idleMs: number;
}

export interface AudioSocketDeps {
  readonly clock: Clock;
  readonly works: SoundWorks;
  readonly user: MediaConnectionUser;
  /** 0 ≤ n < 1. */
  readonly random: () => number;
}

const SOURCE = "audio-socket";
const FRAME_MS = 20;
/** Silence begins then even where no sound has come that would tell its rate: a peer that hears nothing may hold its bridge up. */
const FIRST_SILENCE_MS = 60;
/** After a stall of the thread that many frames are made up for. */
const MOST_LATE_FRAMES = 5;
/** What does not become a whole packet by then is handed on as it is. */
const FLUSH_MS = 60;
/** Asterisk takes what is sent within milliseconds; who does not for so long never will. */
const STUCK_MS = 10_000;
/** The widest sound is 384,000 bytes a second. */
const MOST_BYTES_PER_SECOND = 1_048_576;
/** For the peer to see that it is over. */
const LINGER_MS = 1_000;
const HANG_UP = buildFrame(KIND.hangUp, new Uint8Array(0));

/**
 * One AudioSocket. Asterisk: res/res_audiosocket.c; what it writes must be read at once, else it gives the call up, and what we write
 * must come in whole messages.
 */
export class AudioSocketConnection implements MediaConnection {
  readonly source = SOURCE;
  readonly #socket: Socket;
  readonly #limits: AudioSocketLimits;
  readonly #deps: AudioSocketDeps;
  readonly #reader = new FrameReader();
  readonly #mouth: Mouth;
  readonly #openedAtMs: number;
  readonly #late = new LateSound();
  #packets: PcmPackets | undefined;
  /** In place of kind 0x10. */
  #narrow = carriedFormat("slin");
  #soundKind = NARROW_SOUND;
  #silentFrame: Uint8Array = new Uint8Array(0);
  #claimedAtMs: number | undefined;
  /** When the next frame of ours leaves. */
  #dueMs: number | undefined;
  #heardAtMs: number;
  #soundAtMs = 0;
  #stuckSinceMs: number | undefined;
  #secondEndsMs = 0;
  #secondBytes = 0;
  #droppedMs = 0;
  #closed = false;

  constructor(socket: Socket, limits: AudioSocketLimits, deps: AudioSocketDeps) {
    this.#socket = socket;
    this.#limits = limits;
    this.#deps = deps;
    this.#mouth = new Mouth(deps.works);
    this.#openedAtMs = deps.clock.mono();
    this.#heardAtMs = this.#openedAtMs;
    this.#speakIn(NARROW_SOUND);
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("end", () => this.#cut("peer-closed"));
    socket.on("error", () => this.#cut("socket-failed"));
    socket.on("close", () => this.#cut("peer-closed"));
  }

  accept(write: WritePacket, codec: string): void {
    this.#narrow = carriedFormat(codec) ?? this.#narrow;
    this.#packets = new PcmPackets(this.#deps.random() * 2 ** 32, write);
  }

  play(audio: PcmAudio, done: (complete: boolean) => void): boolean {
    return !this.#closed && this.#claimedAtMs !== undefined && this.#mouth.say(audio, done);
  }

  flush(): void {
    this.#mouth.stop();
  }

  hangUp(): void {
    this.#part("hung-up");
  }

  close(reason: string): void {
    this.#part(reason);
  }

  onTime(nowMs: number): void {
    if (this.#closed) return;
    this.#pace(nowMs);
    this.#hand(nowMs);
    if (nowMs - this.#soundAtMs > FLUSH_MS) this.#packets?.flush(nowMs);
    if (nowMs >= this.#secondEndsMs && this.#socket.isPaused()) this.#socket.resume();
    if (this.#claimedAtMs === undefined && nowMs - this.#openedAtMs > this.#limits.claimTimeoutMs) this.#cut("no-uuid");
    else if (nowMs - this.#heardAtMs > this.#limits.idleMs) this.close("idle");
    else if (this.#stuckSinceMs !== undefined && nowMs - this.#stuckSinceMs > STUCK_MS) this.#cut("does-not-read");
  }

  /** Who is cut off in the middle of what it sends takes that for an error, and ends its call: it is told, and read to its end. */
  #part(reason: string): void {
    if (this.#closed) return;
    const { clock } = this.#deps;
    const socket = this.#socket;
    if (socket.writableLength === 0) socket.write(HANG_UP);
    socket.end();
    socket.resume();
    const cancel = clock.callAt(monoMs(clock.mono() + LINGER_MS), () => socket.destroy());
    socket.once("close", cancel);
    this.#end(reason);
  }

  /** There is nobody there, or nobody who speaks our language. */
  #cut(reason: string): void {
    if (this.#closed) return;
    this.#socket.destroy();
    this.#end(reason);
  }

  #end(reason: string): void {
    this.#closed = true;
    const { user, clock } = this.#deps;
    this.#hand(clock.mono());
    this.#packets?.flush(clock.mono());
    this.#reportDropped();
    this.#mouth.stop();
    user.onClosed(this, reason);
  }

  #onData(chunk: Buffer): void {
    if (this.#closed) return;
    const nowMs = this.#deps.clock.mono();
    this.#heardAtMs = nowMs;
    this.#limitFlood(chunk.byteLength, nowMs);
    const fault = this.#reader.push(chunk, (kind, payload) => this.#take(kind, payload, nowMs));
    if (fault !== undefined) this.#cut(fault);
  }

  /** Nobody who speaks sends so much: it is read later, and the sender's own buffers are what fills. */
  #limitFlood(sizeBytes: number, nowMs: number): void {
    if (nowMs >= this.#secondEndsMs) {
      this.#secondEndsMs = nowMs + 1_000;
      this.#secondBytes = 0;
    }
    this.#secondBytes += sizeBytes;
    if (this.#secondBytes <= MOST_BYTES_PER_SECOND || this.#socket.isPaused()) return;
    this.#socket.pause();
    this.#deps.user.onCount(SOURCE, "flood");
  }

  /** @returns False: closed. */
  #take(kind: number, payload: Uint8Array, nowMs: number): boolean {
    if ((this.#claimedAtMs === undefined) !== (kind === KIND.uuid)) {
      // A hang-up before anything else is a peer that thought better of it.
      this.#cut(kind === KIND.hangUp ? "peer-hung-up" : "uuid-out-of-place");
      return false;
    }
    switch (kind) {
      case KIND.uuid:
        this.#claimedAtMs = nowMs;
        this.#deps.user.onClaim(this, { kind: "uuid", uuid: uuidText(payload) });
        break;
      case KIND.hangUp:
        this.#cut("peer-hung-up");
        break;
      case KIND.digit:
        this.#deps.user.onDigit(this, String.fromCharCode(payload[0] ?? 0));
        break;
      case KIND.error:
        this.#deps.user.onCount(SOURCE, "error-frame");
        break;
      case KIND.silence:
        break;
      default: {
        if (kind !== this.#soundKind) this.#speakIn(kind);
        const format = kind === NARROW_SOUND ? this.#narrow : soundFormat(kind);
        this.#dueMs ??= nowMs;
        if (format !== undefined) this.#hear(format, payload, nowMs);
      }
    }
    return !this.#closed;
  }

  #hear(format: PayloadFormat, payload: Uint8Array, nowMs: number): void {
    if (this.#packets === undefined) return;
    this.#late.put(format, payload, this.#packets, nowMs);
    this.#soundAtMs = nowMs;
  }

  #hand(nowMs: number): void {
    if (this.#packets !== undefined && this.#late.hand(this.#packets, nowMs)) this.#reportDropped();
  }

  #reportDropped(): void {
    const droppedMs = this.#packets?.droppedMs ?? 0;
    if (droppedMs > this.#droppedMs) this.#deps.user.onCount(SOURCE, "dropped-ms", droppedMs - this.#droppedMs);
    this.#droppedMs = droppedMs;
  }

  /** Asterisk takes linear sound only, whatever it sends under that kind. */
  #speakIn(kind: number): void {
    const format = soundFormat(kind);
    if (format === undefined) return;
    this.#soundKind = kind;
    this.#mouth.use(format);
    this.#silentFrame = buildFrame(kind, this.#mouth.silence);
  }

  #pace(nowMs: number): void {
    if (this.#claimedAtMs === undefined) return;
    if (this.#dueMs === undefined) {
      if (nowMs - this.#claimedAtMs < FIRST_SILENCE_MS) return;
      this.#dueMs = nowMs;
    }
    this.#dueMs = Math.max(this.#dueMs, nowMs - MOST_LATE_FRAMES * FRAME_MS);
    while (this.#dueMs <= nowMs) {
      this.#dueMs += FRAME_MS;
      this.#sayNext(nowMs);
    }
  }

  #sayNext(nowMs: number): void {
    if (this.#socket.writableLength > 0) {
      // The kernel's buffer is full: what we would add could only be late.
      this.#stuckSinceMs ??= nowMs;
      this.#deps.user.onCount(SOURCE, "frame-not-sent");
      return;
    }
    this.#stuckSinceMs = undefined;
    const said = this.#mouth.next();
    this.#socket.write(said === undefined ? this.#silentFrame : buildFrame(this.#soundKind, said));
  }
}
