import type {
  CallAnswered,
  CalledId,
  CallEnded,
  CallerId,
  CallStarted,
  Cdr,
  CdrIdentity,
  CdrMedia,
  CdrOrigin,
  Decision,
  TrunkId,
} from "../../detection/index.js";
import type { UnixMs } from "../core/time.js";
import type { PcmAudio } from "../media/audio.js";
import type { JournalEntry } from "../ports/dialog-journal.js";
import type { MediaEvent, MediaSession, MediaSide, NotHeard } from "../ports/media-anchor.js";
import type { DialogSnapshot, HeaderEntries, SipSource, SipTarget } from "../ports/sip-endpoint.js";
import type { SipRequest } from "../sip/message/sip-message.js";

/** What the B2BUA asks of detection. `FraudDetection` is one; tests pass an object. Synchronous: the INVITE waits for it. */
export interface CallScreen {
  callStarted(event: CallStarted): Decision;
  callAnswered(event: CallAnswered): void;
  callEnded(event: CallEnded): void;
}

/** Who calls whom, by which trunk. Made once per INVITE by `identifyCall`. */
export interface CallIdentity {
  readonly trunk: TrunkId;
  readonly caller: CallerId;
  readonly called: CalledId;
  readonly emergency: boolean;
}

/** Why an INVITE was not even looked at: the answer to send. `drop` sends nothing (scanners). */
export interface Refusal {
  readonly status: number;
  readonly reason: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly drop?: boolean;
}

/** Trunk look-up, source ACL, number plan, floods, overload: before any decision about fraud. For any request outside of a dialog. */
export interface Admission {
  /** Whether the call is an emergency one, without counting it anywhere. */
  isEmergency?(request: SipRequest, source: SipSource): boolean;
  admit(
    request: SipRequest,
    source: SipSource,
  ):
    | { readonly ok: true; readonly identity: CallIdentity; readonly trunk: TrunkPolicy }
    | { readonly ok: false; readonly refusal: Refusal };
  /**
   * What `admit` would refuse or drop for its source alone: before anything is kept of the request, and counted then. `stray`: it
   * claims a dialog or a transaction that is not there, which is no crime; only who is shut out is not answered.
   * @returns Undefined: `admit` is to be asked.
   */
  turnAway?(request: SipRequest, source: SipSource, stray: boolean): Refusal | undefined;
  /** Something that probing looks like, from that source: enough of it and what the source sends is dropped for a while. */
  note?(source: SipSource, what: "malformed" | "not-found" | "not-allowed"): void;
}

/** The per-trunk settings that the B2BUA obeys. Reloadable: a call keeps the one it started with. */
export interface TrunkPolicy {
  readonly id: TrunkId;
  readonly topologyHiding: boolean;
  /** `pass`: an unknown option tag in Require goes through end to end. `reject`: 420. */
  readonly requirePolicy: "pass" | "reject";
  /** `b2bua`, or `redirect` for switches that only ask (404 allow, 603 block, 302 re-route). */
  readonly mode: "b2bua" | "redirect";
  /** Where `redirect` sends calls to, a Contact URI; absent: allow answers 404. */
  readonly redirectTo?: string;
  /** REGISTER, PUBLISH, SUBSCRIBE outside dialogs: relay, else 405. */
  readonly relayOutOfDialog: boolean;
  /** Status of our refusals: 603, 607 or 608. */
  readonly refusalStatus: 603 | 607 | 608;
  /** 0: no limit. */
  readonly maxCallDurationMs: number;
  /** 0: off. OPTIONS inside the dialog this often; two unanswered end the call as dead. */
  readonly keepAliveMs: number;
  readonly hopTimeoutMs: number;
  /** Names the next-hop groups of this trunk; default group otherwise. */
  readonly hopGroup: string;
  /** Absent: media passes us by. */
  readonly media?: TrunkMedia;
}

/** What becomes of the media of a trunk's calls. Emergency calls are never anchored and never listened to, whatever it says. */
export interface TrunkMedia {
  /** Who carries it. `none`: session descriptions pass byte for byte, media goes from end to end. */
  readonly anchor: "none" | "relay" | "rtpengine";
  /** Both speakers are forked to the listening side. */
  readonly listen: boolean;
  /** See `MediaCall.learnSource`. */
  readonly learnSource: boolean;
  /** Who sits at the called side. */
  readonly calledSide: "callee" | "agent";
}

/** One place to try, in order. */
export interface HopChoice {
  /** As configured: `host:port` or a SIP URI; goes into CDRs and metrics. */
  readonly name: string;
  readonly targets: readonly SipTarget[];
}

export interface HopSelector {
  /** Healthy hops by priority; unhealthy ones last. At once when cached. */
  choose(trunk: TrunkPolicy): readonly HopChoice[] | Promise<readonly HopChoice[]>;
  /** What happened there: feeds health. `retryAfterMs`: the Retry-After of its 503. */
  report(hop: string, outcome: "answered" | "failed" | "silent", retryAfterMs?: number): void;
}

/** Why the gateway itself ends a call. */
export interface EndReason {
  readonly cause: Exclude<Cdr["cause"], "normal" | "cancelled">;
  /** For the Reason header: `Q.850;cause=21;text="…"`. */
  readonly q850: number;
  readonly text: string;
  /** Final answer for a call that is not answered yet. */
  readonly refusalStatus: number;
  readonly incidentId?: string;
  readonly alertId?: string;
}

/** `confirmed`: the peer answered our BYE, CANCEL or refusal. `already-gone`: it was over, or the peer says 481/408-by-peer. */
export type LegOutcome = "confirmed" | "already-gone" | "timed-out";

export interface LegReport {
  readonly outcome: LegOutcome;
  /** What ended it: the method or status that we sent, `none` when it was already gone. */
  readonly by: "BYE" | "CANCEL" | "refusal" | "none";
  /** The peer's status (200, 487, 481 …); 0: none came. An ACK to a refusal counts as 200. */
  readonly status: number;
}

export interface TeardownReport {
  readonly callId: string;
  readonly phase: "early" | "ringing" | "answered" | "half-torn" | "gone";
  readonly a: LegReport;
  readonly b: LegReport;
  readonly at: UnixMs;
  /** From the finding (or the order) to the last answer of both legs, ms. */
  readonly tookMs: number;
  /** An emergency call: nothing was done to it. Both legs then say `timed-out` by `none`. */
  readonly spared?: true;
}

export type CallPhase = "early" | "ringing" | "answered" | "ending" | "ended";

/** A call as everybody but the B2BUA sees it. */
export interface LiveCall {
  /**
   * Its name, what `call_id` means over HTTP: the A-leg's Call-ID, with a suffix where another call has that
   * one. See `CallNames`.
   */
  readonly callId: string;
  /** The A-leg's Call-ID as its caller chose it: others may bear it too. For the wire; nothing is kept under it or done by it. */
  readonly sipCallId: string;
  readonly identity: CallIdentity;
  /** The one it started with; a reload does not change it. */
  readonly policy: TrunkPolicy;
  readonly phase: CallPhase;
  readonly startedAt: UnixMs;
  readonly answeredAt: UnixMs | undefined;
  readonly nextHop: string | undefined;
  /** How much signalling suspects it, 0–1: what the decision about its INVITE said. */
  readonly risk: number;
  /** What its signed caller identity was worth; undefined: nobody looked. */
  readonly signedIdentity?: CdrIdentity | undefined;
  readonly hadCredentials?: boolean | undefined;
  readonly origin?: CdrOrigin | undefined;
  /** Its media, from the first description that was anchored until the call is over; undefined: it passes us by. */
  readonly media: LiveMedia | undefined;
  /** Ends both legs at the moments the RFC allows and tells how each answered. Every caller gets the same report. */
  end(reason: EndReason): Promise<TeardownReport>;
  /** OPTIONS inside that leg's dialog. @returns The peer's final status; 408: none came; 481: it knows no such dialog. Not answered yet: 0. */
  ping(leg: "a" | "b"): Promise<number>;
  /**
   * INFO inside that leg's dialog. RFC 6086
   * @param headers Content-Type and Info-Package among them. @returns The peer's final status; 408: none came. Not answered yet, or over: 0.
   */
  sendInfo(leg: "a" | "b", headers: HeaderEntries, body?: Uint8Array): Promise<number>;
  /** Both confirmed dialogs, for the journal; undefined before the answer and after the end. */
  snapshots(): { readonly a: DialogSnapshot; readonly b: DialogSnapshot } | undefined;
}

/** What may be done with a call's media by who does not own it. */
export interface LiveMedia extends Pick<MediaSession, "hold" | "stats"> {
  /** As `MediaSession.play`. @param waits Until the prompt is over that this side hears now, instead of replacing it. */
  play(to: MediaSide, audio: PcmAudio, waits?: boolean): Promise<boolean>;
  /** Nobody listens to it from now on: for its record. The first reason counts. */
  notHeard(why: NotHeard): void;
}

/** What happens to a call's media. */
export type CallMediaEvent =
  | MediaEvent
  /** An answer, or early media, is about to settle: streams may open from now on. Once a call. */
  | { readonly kind: "settling"; readonly listen: boolean }
  /** The call is answered, and what both sides take is settled over us: they can be spoken to. Once a call. */
  | { readonly kind: "agreed" }
  /** A description went on as it was: that exchange is not anchored. */
  | { readonly kind: "untouched"; readonly why: NotHeard };

/** What a call knows when it is over; `buildCdr` (cdr-builder.ts) makes the Cdr of it. */
export interface CallFacts {
  readonly callId: string;
  readonly bCallId?: string | undefined;
  readonly identity: CallIdentity;
  readonly nextHop?: string | undefined;
  readonly startedAt: UnixMs;
  readonly ringingAt?: UnixMs | undefined;
  readonly answeredAt?: UnixMs | undefined;
  readonly endedAt: UnixMs;
  /** The final status sent to the caller; 200 when answered. */
  readonly status: number;
  readonly endedBy: Cdr["endedBy"];
  /** Set when the gateway refused or ended it; otherwise told from `status` and `endedBy`. */
  readonly cause?: Cdr["cause"] | undefined;
  readonly q850?: number | undefined;
  readonly incidentId?: string | undefined;
  readonly blockId?: string | undefined;
  readonly media?: CdrMedia | undefined;
  readonly encrypted?: boolean | undefined;
  readonly signedIdentity?: CdrIdentity | undefined;
  readonly hadCredentials?: boolean | undefined;
  readonly origin?: CdrOrigin | undefined;
}

/** Takes up calls of a process that died. */
export interface CallRestorer {
  /** Both dialogs are made anew and relay again; `end` the call to take it down instead. Observers are told `onStarted`. */
  restore(entry: Extract<JournalEntry, { kind: "answered" }>, policy: TrunkPolicy): LiveCall;
}

/** Told synchronously; must not throw. */
export interface CallObserver {
  onStarted?(call: LiveCall): void;
  /** An INVITE left towards the called side; again for each further hop that is tried. */
  onInvited?(call: LiveCall, bCallId: string, bFromTag: string): void;
  onAnswered?(call: LiveCall): void;
  /** A peer of an answered call is reached elsewhere now (re-INVITE, UPDATE): its snapshots have changed. */
  onMoved?(call: LiveCall): void;
  onMedia?(call: LiveCall, event: CallMediaEvent): void;
  /** Where media was anchored up to `MediaOptions.statsTimeoutMs` after the call itself: its figures belong into the Cdr. */
  onEnded?(call: LiveCall, cdr: Cdr): void;
}
