import {
  DEFAULT_ENERGY_GATE,
  DEFAULT_SEGMENT_OPTIONS,
  type EnergyGateOptions,
  type SegmentOptions,
} from "../../detection/index.js";
import type { ShedOptions } from "./load-shedder.js";
import type { DeskOptions } from "./transcription-desk.js";

export interface ListeningLimits {
  /** Calls and speakers that are listened to at a time; further ones are refused. */
  readonly calls: number;
  readonly streams: number;
  /** Speech that is held in memory, seconds over all speakers: 32 kB each. */
  readonly heldSeconds: number;
}

export interface ListeningOptions {
  readonly segments: SegmentOptions;
  readonly gate: EnergyGateOptions;
  /** Tones and music are no speech. False only where a recogniser wants them. */
  readonly rejectSteady: boolean;
  readonly desk: DeskOptions;
  readonly shed: ShedOptions;
  /** A text waits so long for an earlier one of the other speaker before it is judged, ms. */
  readonly holdMs: number;
  /** After the end of a call its last words have so long to become text, ms. */
  readonly lastWordsMs: number;
  /** Of files: several stretches of a speaker to a decode where the recogniser tells times, or each by itself. */
  readonly packing: "windows" | "stretches";
  readonly limits: ListeningLimits;
}

export const DEFAULT_LISTENING_OPTIONS: ListeningOptions = {
  segments: DEFAULT_SEGMENT_OPTIONS,
  gate: DEFAULT_ENERGY_GATE,
  rejectSteady: true,
  desk: { most: 512, mostPerCall: 6, timeoutMs: 10_000, staleMs: 15_000, pressedLagMs: 600 },
  shed: { lagLimitMs: 2_000, recoverLagMs: 700, recoverAfterMs: 3_000 },
  holdMs: 1_000,
  lastWordsMs: 10_000,
  packing: "windows",
  limits: { calls: 2_000, streams: 4_000, heldSeconds: 3_600 },
};
