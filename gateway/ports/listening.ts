import type {
  CalledId,
  CallerId,
  Speaker,
  ThreatState,
  TranscriptLine,
  TrunkId,
  Turn,
  TurnVerdict,
} from "../../detection/index.js";

/** What the listening side is told of a call that it may hear. */
export interface HeardCall {
  readonly callId: string;
  /** How much signalling suspects it, 0–1: when the CPU is short, the calls with the lowest lose transcription first. */
  readonly risk: number;
  /** ISO 639-1; undefined: detected. */
  readonly language?: string;
  /** Who may be asked for what: a contact centre's agent sits at the called side. */
  readonly calledSide: Extract<Speaker, "callee" | "agent">;
  /** Who calls whom: for the policy, which keeps them; the listening thread is not told. */
  readonly parties: HeardParties;
}

export interface HeardParties {
  readonly caller: CallerId;
  readonly called: CalledId;
  readonly trunk: TrunkId;
}

/** Told of what is heard of one call. Must not throw. */
export interface HeardFollower {
  onLine(line: TranscriptLine): void;
  /** The worst that classifier, judge and policy think of it now. */
  onThreat(state: ThreatState): void;
}

/** What the listening side says of a call while it goes on. */
export interface ListeningUser {
  /** Card numbers, codes and ids are redacted in it already. */
  onLine(line: TranscriptLine): void;
  /** After every final line; `turns` is the dialogue so far as the classifier saw it, redacted. */
  onVerdict(callId: string, verdict: TurnVerdict, turns: readonly Turn[]): void;
  /** The call was closed, and nothing more will be said of it. Not where the listener died in between. */
  onEnded(callId: string): void;
  /** The call has lost its transcription, or has it back. */
  onShed(callId: string, shed: boolean): void;
}

/**
 * Live audio → text → classifier verdicts, off the SIP thread. Never blocks and never throws: a listener that is slow or dead
 * costs its text, not the call.
 */
export interface Listening {
  open(call: HeardCall): void;
  /** Signalling has learned more about it. */
  risk(callId: string, risk: number): void;
  close(callId: string): void;
  /** False: it is starting, or dead and being restarted. */
  readonly ok: boolean;
  /** What its health page says: engine, capacity measured at start, queue. */
  readonly detail: string;
}
