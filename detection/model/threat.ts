import type { Speaker } from "./speech.js";

/** How sure we are that the call is a fraud, in rising order. */
export const THREAT_STATES = ["clear", "uncertain", "suspicious", "scam"] as const;
export type ThreatState = (typeof THREAT_STATES)[number];

/** What kind of fraud it looks like; `none` while nothing does. */
export const THREAT_KINDS = [
  "none",
  "bank-impersonation",
  "police-impersonation",
  "tech-support",
  "gift-card",
  "family-emergency",
  "parcel",
  "tax",
  "investment",
  "prize",
  "romance",
  "utility",
  "account-code",
  "extortion",
  "agent-coercion",
  "data-exfiltration",
] as const;
export type ThreatKind = (typeof THREAT_KINDS)[number];

/** How far the talk has come: first words, the story, the hurry, the demand for money, a code or access. */
export const THREAT_STAGES = ["none", "contact", "pretext", "pressure", "request"] as const;
export type ThreatStage = (typeof THREAT_STAGES)[number];

/** One turn of a dialogue: what one speaker said until the other spoke. */
export interface Turn {
  readonly speaker: Speaker;
  readonly text: string;
  /** Since the call's audio began, ms. */
  readonly atMs: number;
}

/** A piece of a turn that counts, so that a person can check the verdict. */
export interface Evidence {
  /** Index of the turn in the dialogue. */
  readonly turn: number;
  /** UTF-16 offsets in the turn's text, end exclusive. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** A stable dotted name of what it shows: `request.code`, `pressure.secrecy`. */
  readonly cue: string;
  /** Its share of the score, signed: below 0 it speaks for an honest call. */
  readonly weight: number;
}

/** What is thought of the call after one turn. Uses nothing that was said later. */
export interface TurnVerdict {
  readonly index: number;
  readonly state: ThreatState;
  /** Calibrated: of calls with 0.9, nine in ten are frauds. 0–1. */
  readonly score: number;
  readonly kind: ThreatKind;
  readonly stage: ThreatStage;
  /** The pieces that count most, of this turn and those before, strongest first. */
  readonly evidence: readonly Evidence[];
}

/** What a language model answered about a dialogue. It adds to the classifier's verdict; it never lowers a score, nor ends a call alone. */
export interface JudgeVerdict {
  /** 0–1. */
  readonly score: number;
  readonly kind: ThreatKind;
  readonly stage: ThreatStage;
}

/** What fusion made of signalling, history and speech. */
export interface ThreatVerdict {
  readonly callId: string;
  readonly state: ThreatState;
  readonly score: number;
  readonly kind: ThreatKind;
  readonly stage: ThreatStage;
  readonly evidence: readonly Evidence[];
  /** Where the score comes from, each 0–1; absent where there is none. */
  readonly parts: {
    readonly speech?: number;
    readonly judge?: number;
    readonly signalling?: number;
    readonly history?: number;
  };
}
