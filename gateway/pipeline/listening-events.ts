import type { TranscriptLine, Turn, TurnVerdict } from "../../detection/index.js";
import type { MonoMs } from "../core/time.js";

/** What is told of calls that are listened to. */
export interface ListeningEvents {
  onLine(line: TranscriptLine): void;
  onVerdict(callId: string, verdict: TurnVerdict, turns: readonly Turn[]): void;
  onShed(callId: string, shed: boolean): void;
  /** It was closed, and its last words are there, or late. */
  onEnded(callId: string): void;
  /** The call's audio has begun: its zero on the monotonic clock. */
  onBegan(callId: string, at: MonoMs): void;
}
