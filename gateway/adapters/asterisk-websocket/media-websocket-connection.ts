import type { Clock } from "../../core/clock.js";
import type { PayloadFormat, PcmAudio } from "../../media/audio.js";
import { carriedFormat } from "../../media/pcm-packets/carried-formats.js";
import { LateSound } from "../../media/pcm-packets/late-sound.js";
import { PcmPackets, type WritePacket } from "../../media/pcm-packets/pcm-packets.js";
import { Mouth } from "../../media/sound/mouth.js";
import type { SoundWorks } from "../../media/sound/sound-works.js";
import type { MediaClaim, MediaConnection, MediaConnectionUser } from "../../ports/media-connections.js";
import type { WebSocketPeer, WebSocketUser } from "../../ports/web-socket.js";
import { readMediaEvent, writeMediaCommand, type MediaCommand, type MediaEvent } from "./media-events.js";

export interface MediaWebSocketLimits {
  /** A connection that has not said its format by then is closed, ms. */
  readonly claimTimeoutMs: number;
  /** A connection that says nothing for so long is closed, ms. */
  readonly idleMs: number;
}

export interface MediaWebSocketDeps {
  readonly clock: Clock;
  readonly works: SoundWorks;
  readonly user: MediaConnectionUser;
  /** 0 ≤ n < 1. */
  readonly random: () => number;
}

const SOURCE = "media-websocket";
const FRAME_MS = 20;
/** Frames that wait at Asterisk while a prompt is played: enough that ours may be late. */
const LEAD_MS = 200;
/** After a stall of the thread that much is made up for. */
const MOST_LATE_FRAMES = 5;
/** An Asterisk that knows no marks does not answer. */
const MARK_SPARE_MS = 1_000;
/** What does not become a whole packet by then is handed on as it is. */
const FLUSH_MS = 60;
/** A peer that takes nothing for so long is cut off. */
const STUCK_MS = 10_000;
/** What comes faster is read later. The widest sound is 384,000. */
const MOST_BYTES_PER_SECOND = 1_048_576;
/** Sound that comes before its format is known. */
const MOST_EARLY_BYTES = 65_536;

interface Mark {
  readonly id: string;
  readonly deadlineMs: number;
  readonly done: (complete: boolean) => void;
}

/**
 * One media WebSocket, either end of which connected: binary messages are sound, text messages are events. Asterisk keeps time when it
 * plays what we send, and sends nothing on when we send nothing (commit f26cacb822 of channels/chan_websocket.c).
 */
export class MediaWebSocketConnection implements MediaConnection, WebSocketUser {
  readonly source = SOURCE;
  readonly #peer: WebSocketPeer;
  readonly #limits: MediaWebSocketLimits;
  readonly #deps: MediaWebSocketDeps;
  readonly #mouth: Mouth;
  readonly #openedAtMs: number;
  readonly #late = new LateSound();
  #packets: PcmPackets | undefined;
  #format: PayloadFormat | undefined;
  #frameBytes = 0;
  #json = false;
  #early: Uint8Array[] = [];
  #earlyBytes = 0;
  #heardAtMs: number;
  #soundAtMs = 0;
  #droppedMs = 0;
  #held = false;
  #stuckSinceMs: number | undefined;
  #secondEndsMs = 0;
  #secondBytes = 0;
  #paused = false;
  /** When what was sent so far will have been played. */
  #playedUntilMs = 0;
  #lastMark = 0;
  #mark: Mark | undefined;
  /** What is to be said before the format is known. */
  #first: { readonly audio: PcmAudio; readonly done: (complete: boolean) => void } | undefined;
  #closed = false;

  constructor(peer: WebSocketPeer, limits: MediaWebSocketLimits, deps: MediaWebSocketDeps) {
    this.#peer = peer;
    this.#limits = limits;
    this.#deps = deps;
    this.#mouth = new Mouth(deps.works);
    this.#openedAtMs = deps.clock.mono();
    this.#heardAtMs = this.#openedAtMs;
  }

  /** Once, when it is ready to be accepted. */
  claim(claim: MediaClaim): void {
    this.#deps.user.onClaim(this, claim);
  }

  accept(write: WritePacket, _codec: string): void {
    this.#packets = new PcmPackets(this.#deps.random() * 2 ** 32, write);
    this.#takeEarly();
  }

  play(audio: PcmAudio, done: (complete: boolean) => void): boolean {
    if (this.#closed) return false;
    if (this.#format === undefined) {
      // Asterisk says its format in a moment.
      this.#first?.done(false);
      this.#first = { audio, done };
      return true;
    }
    const isWhole = this.#frameBytes > 0 && this.#mouth.silence.byteLength % this.#frameBytes === 0;
    if (!isWhole) return false;
    const earlier = this.#mark;
    this.#mark = undefined;
    earlier?.done(false);
    if (this.#mouth.speaking || earlier !== undefined) {
      this.#tell({ command: "FLUSH_MEDIA" });
      this.#playedUntilMs = this.#deps.clock.mono();
    }
    return this.#mouth.say(audio, (complete) => (complete ? this.#awaitEnd(done) : done(false)));
  }

  flush(): void {
    this.#dropFirst();
    const mark = this.#mark;
    if (!this.#mouth.speaking && mark === undefined) return;
    this.#mark = undefined;
    this.#tell({ command: "FLUSH_MEDIA" });
    this.#mouth.stop();
    this.#playedUntilMs = this.#deps.clock.mono();
    mark?.done(false);
  }

  hangUp(): void {
    if (this.#closed) return;
    this.#tell({ command: "HANGUP" });
    this.close("hung-up");
  }

  close(reason: string): void {
    if (this.#closed) return;
    this.#end(reason);
    this.#peer.close();
  }

  onTime(nowMs: number): void {
    if (this.#closed) return;
    if (this.#paused && nowMs >= this.#secondEndsMs) this.#readOn();
    this.#pace(nowMs);
    this.#hand(nowMs);
    if (nowMs - this.#soundAtMs > FLUSH_MS) this.#packets?.flush(nowMs);
    const mark = this.#mark;
    if (mark !== undefined && nowMs > mark.deadlineMs) {
      this.#mark = undefined;
      mark.done(true);
    }
    if (this.#format === undefined && nowMs - this.#openedAtMs > this.#limits.claimTimeoutMs) this.close("no-format");
    else if (nowMs - this.#heardAtMs > this.#limits.idleMs) this.close("idle");
    else if (this.#stuckSinceMs !== undefined && nowMs - this.#stuckSinceMs > STUCK_MS) this.close("does-not-read");
  }

  onText(text: string): void {
    if (this.#closed) return;
    this.#heardAtMs = this.#deps.clock.mono();
    this.#limitFlood(text.length, this.#heardAtMs);
    const read = readMediaEvent(text);
    if (read === undefined) {
      this.#deps.user.onCount(SOURCE, "unknown-event");
      return;
    }
    this.#json = read.json;
    this.#onEvent(read.told);
  }

  onBinary(bytes: Uint8Array): void {
    if (this.#closed) return;
    const nowMs = this.#deps.clock.mono();
    this.#heardAtMs = nowMs;
    this.#limitFlood(bytes.byteLength, nowMs);
    if (this.#packets !== undefined && this.#format !== undefined)
      this.#hear(this.#packets, this.#format, bytes, nowMs);
    else if (this.#earlyBytes + bytes.byteLength <= MOST_EARLY_BYTES) {
      this.#earlyBytes += bytes.byteLength;
      this.#early.push(bytes.slice());
    } else this.#deps.user.onCount(SOURCE, "early-dropped");
  }

  onClose(_code: number, _reason: string): void {
    this.#end("peer-closed");
  }

  #limitFlood(sizeBytes: number, nowMs: number): void {
    if (nowMs >= this.#secondEndsMs) {
      this.#secondEndsMs = nowMs + 1_000;
      this.#secondBytes = 0;
    }
    this.#secondBytes += sizeBytes;
    if (this.#secondBytes <= MOST_BYTES_PER_SECOND || this.#paused) return;
    this.#paused = true;
    this.#peer.pause();
    this.#deps.user.onCount(SOURCE, "flood");
  }

  #readOn(): void {
    this.#paused = false;
    this.#peer.resume();
  }

  #onEvent(told: MediaEvent): void {
    const { user } = this.#deps;
    switch (told.event) {
      case "MEDIA_START":
        this.#start(told.format, told.optimalFrameBytes);
        break;
      case "MEDIA_XOFF":
        this.#held = true;
        user.onCount(SOURCE, "held");
        break;
      case "MEDIA_XON":
        this.#held = false;
        break;
      case "DTMF_END":
        user.onDigit(this, told.digit);
        break;
      case "MEDIA_MARK_PROCESSED": {
        const mark = this.#mark;
        if (mark?.id !== told.id) break;
        this.#mark = undefined;
        mark.done(true);
        break;
      }
      case "ERROR":
        user.onCount(SOURCE, "error-event");
        break;
      case "QUEUE_DRAINED":
      case "MEDIA_BUFFERING_COMPLETED":
      case "STATUS":
        break;
    }
  }

  #start(name: string, frameBytes: number): void {
    const format = carriedFormat(name);
    if (format === undefined) {
      this.close("unknown-format");
      return;
    }
    this.#format = format;
    this.#frameBytes = frameBytes;
    this.#mouth.use(format);
    this.#takeEarly();
    const first = this.#first;
    this.#first = undefined;
    if (first !== undefined && !this.play(first.audio, first.done)) first.done(false);
  }

  #dropFirst(): void {
    const first = this.#first;
    this.#first = undefined;
    first?.done(false);
  }

  #takeEarly(): void {
    if (this.#packets === undefined || this.#format === undefined) return;
    const early = this.#early;
    this.#early = [];
    this.#earlyBytes = 0;
    const nowMs = this.#deps.clock.mono();
    for (const bytes of early) this.#hear(this.#packets, this.#format, bytes, nowMs);
  }

  #hear(packets: PcmPackets, format: PayloadFormat, bytes: Uint8Array, nowMs: number): void {
    this.#late.put(format, bytes, packets, nowMs);
    this.#soundAtMs = nowMs;
  }

  #hand(nowMs: number): void {
    const packets = this.#packets;
    if (packets !== undefined && this.#late.hand(packets, nowMs)) this.#reportDropped(packets);
  }

  #reportDropped({ droppedMs }: PcmPackets): void {
    if (droppedMs > this.#droppedMs) this.#deps.user.onCount(SOURCE, "dropped-ms", droppedMs - this.#droppedMs);
    this.#droppedMs = droppedMs;
  }

  /** A prompt goes ahead of its time, silence does not: whoever hears nothing at all takes the line for dead. */
  #pace(nowMs: number): void {
    if (this.#peer.bufferedBytes === 0) this.#stuckSinceMs = undefined;
    else this.#stuckSinceMs ??= nowMs;
    if (this.#format === undefined || this.#held) return;
    this.#playedUntilMs = Math.max(this.#playedUntilMs, nowMs - MOST_LATE_FRAMES * FRAME_MS);
    while (this.#playedUntilMs < nowMs + (this.#mouth.speaking ? LEAD_MS : 0)) {
      if (this.#peer.bufferedBytes > 0) {
        this.#deps.user.onCount(SOURCE, "frame-not-sent");
        return;
      }
      const said = this.#mouth.next() ?? this.#mouth.silence;
      if (said.byteLength === 0 || !this.#peer.send(said)) return;
      this.#playedUntilMs += FRAME_MS;
    }
  }

  /** All of a prompt has been sent: it is over when Asterisk has played it. */
  #awaitEnd(done: (complete: boolean) => void): void {
    const id = `ringfence-${++this.#lastMark}`;
    this.#mark = { id, deadlineMs: Math.max(this.#playedUntilMs, this.#deps.clock.mono()) + MARK_SPARE_MS, done };
    this.#tell({ command: "MARK_MEDIA", id });
  }

  #tell(command: MediaCommand): void {
    this.#peer.send(writeMediaCommand(command, this.#json));
  }

  #end(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    const { user, clock } = this.#deps;
    if (this.#packets !== undefined) {
      this.#hand(clock.mono());
      this.#packets.flush(clock.mono());
      this.#reportDropped(this.#packets);
    }
    this.#mouth.stop();
    this.#dropFirst();
    this.#mark?.done(false);
    this.#mark = undefined;
    user.onClosed(this, reason);
  }
}
