import { EnergyGate, type EnergyGateOptions } from "../../detection/index.js";
import type { PayloadFormat } from "../media/audio.js";
import type { SpeechDecoder } from "../media/decode/speech-decoder.js";
import { JitterBuffer, type CodedFrame, type FrameSink } from "../media/jitter/jitter-buffer.js";
import type { FrameLevel } from "./frame-level.js";
import { FrameRing } from "./frame-ring.js";
import type { SpeechTrack } from "./speech-track.js";

export interface LiveSpeakerDeps {
  readonly gate: EnergyGateOptions;
  /** Audio before the gate opened that is decoded too, ms. */
  readonly leadMs: number;
  readonly level: FrameLevel;
  readonly decoder: SpeechDecoder;
  readonly track: SpeechTrack;
}

/** Frames that are kept undecoded: 240 ms at 20 ms each. */
const RING_FRAMES = 12;
/** Text is wanted soon: a sender that has stopped is believed to be silent that much later. Late packets lengthen it. */
const JITTER = { leastWaitMs: 40, mostWaitMs: 200 };
/** Loss within speech that is concealed; longer gaps are silence, ms. */
const CONCEAL_MOST_MS = 100;

/** One speaker's RTP → frames in order → gate → PCM → track. Silence is never decoded. */
export class LiveSpeaker implements FrameSink {
  /** Frames that the gate kept out, and frames that were decoded. */
  silentFrames = 0;
  decodedFrames = 0;
  readonly #deps: LiveSpeakerDeps;
  readonly #gate: EnergyGate;
  readonly #jitter: JitterBuffer;
  readonly #ring = new FrameRing(RING_FRAMES);
  #open = false;
  #loudAt = -Infinity;
  #now = -Infinity;

  /** @param zeroMs The call's zero on the clock that packets' times of arrival are told on. */
  constructor(zeroMs: number, formats: readonly PayloadFormat[], deps: LiveSpeakerDeps) {
    this.#deps = deps;
    this.#gate = new EnergyGate(deps.gate);
    this.#jitter = new JitterBuffer(zeroMs, formats, JITTER);
  }

  get jitter(): JitterBuffer {
    return this.#jitter;
  }

  get speaking(): boolean {
    return this.#deps.track.speaking;
  }

  /** What was said is not all cut into stretches yet: a detector in another process has still to answer. */
  get cutting(): boolean {
    return this.#deps.track.waitingSteps > 0;
  }

  /** @param at On the clock of arrival times. */
  spokeSince(at: number): boolean {
    return this.#loudAt >= at;
  }

  setFormats(formats: readonly PayloadFormat[]): void {
    this.#jitter.setFormats(formats);
  }

  /** @param datagram Not kept. */
  onPacket(datagram: Uint8Array, arrivedAtMs: number): void {
    this.#now = arrivedAtMs;
    this.#jitter.onPacket(datagram, arrivedAtMs, this);
  }

  /** Call it every 20 ms or so: what does not come is silence. */
  advance(nowMs: number): void {
    this.#jitter.advance(nowMs, this);
  }

  /** The stream has ended: what is there becomes text, at once or when it is no longer `cutting`. */
  end(): void {
    this.#jitter.flush(this);
    this.#deps.track.end();
  }

  /** The detector is waited for no longer. */
  settle(): void {
    this.#deps.track.settle();
  }

  /** What is open is forgotten. */
  close(): void {
    this.#deps.track.close();
    this.#deps.decoder.close();
  }

  frame(frame: CodedFrame): void {
    const { format, atMs, durationMs } = frame;
    const { level, track } = this.#deps;
    if (durationMs === 0) {
      // Comfort noise says that there is silence from here on; digits say nothing.
      if (format.codec === "CN") this.#silence(atMs);
      return;
    }
    const isOpen = this.#gate.push(level.of(frame), durationMs, track.speaking);
    if (!isOpen) {
      this.silentFrames++;
      this.#ring.put(frame);
      this.#silence(atMs + durationMs);
      return;
    }
    this.#loudAt = this.#now;
    if (!this.#open) {
      this.#open = true;
      this.#deps.decoder.restart();
      this.#ring.drain(atMs - this.#deps.leadMs, (before) => this.#decode(before));
    }
    this.#decode(frame);
  }

  gap(atMs: number, durationMs: number, lost: boolean): void {
    if (!this.#open || !lost || durationMs > CONCEAL_MOST_MS) this.#silence(atMs + durationMs);
    else this.#deps.track.push(atMs, this.#deps.decoder.fill(durationMs, true));
  }

  restart(): void {
    this.#deps.level.reset();
    this.#deps.decoder.restart();
    this.#ring.clear();
  }

  #silence(untilMs: number): void {
    this.#open = false;
    this.#deps.track.quiet(untilMs);
  }

  #decode(frame: CodedFrame): void {
    this.decodedFrames++;
    const samples = this.#deps.decoder.decode(frame);
    if (samples.length > 0) this.#deps.track.push(frame.atMs, samples);
    else this.#deps.track.quiet(frame.atMs + frame.durationMs);
  }
}
