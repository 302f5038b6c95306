import type { Speaker } from "../../detection/index.js";
import type { PcmAudio } from "../media/audio.js";

export type MediaSide = "a" | "b";

/** A call whose media is to pass through us. */
export interface MediaCall {
  readonly callId: string;
  readonly trunk: string;
  /** Fork both speakers to the listening side. */
  readonly listen: boolean;
  /** Who sits at the called side, for the fork. */
  readonly calledSide: Extract<Speaker, "callee" | "agent">;
  /** Take the source of the first packets for the peer's address instead of the signalled one: peers behind NAT. */
  readonly learnSource: boolean;
}

/** A session description on its way from one leg to the other. */
export interface MediaDescription {
  /** The leg that said it. */
  readonly from: MediaSide;
  /** As the offer/answer tracker sees it (gateway/sip/sdp/offer-answer). */
  readonly step: "offer" | "answer" | "preview";
  readonly sdp: Uint8Array;
  /** To tag of the called side's dialog that it belongs to, whoever said it; undefined: the INVITE's own offer, which all of them share. */
  readonly fork?: string;
}

export type DescribedMedia =
  /** Send this instead. */
  | { readonly kind: "anchored"; readonly sdp: Uint8Array }
  /** Send it on as it is; the call cannot be heard. The reason goes into metrics and the call's record. */
  | { readonly kind: "untouched"; readonly why: NotHeard };

/** Why a call's media is not anchored or not heard. `consent`: the announcement could not be played. */
export type NotHeard =
  "consent" | "ice" | "dtls" | "srtp" | "codec" | "no-audio" | "malformed" | "full" | "unavailable";

export type MediaEvent =
  /**
   * No packet of either side for `media.idleMs` since the call was answered, and neither side has put the other on hold: the call
   * is dead. Said once.
   */
  | { readonly kind: "idle" }
  /** What carried the media has died and could not take this call up again: its ends hear nothing any more. Said once. */
  | { readonly kind: "lost" }
  | { readonly kind: "not-heard"; readonly side: MediaSide; readonly why: NotHeard }
  | { readonly kind: "digit"; readonly side: MediaSide; readonly digit: string; readonly durationMs: number };

/** What passed, from one side. Counters since the call began. */
export interface SideStats {
  readonly packets: number;
  readonly bytes: number;
  /** Missing by sequence number, RFC 3550 §A.3. */
  readonly lost: number;
  /** RFC 3550 §6.4.1, ms. */
  readonly jitterMs: number;
  /** Estimate by the E-model, 1–4.5; undefined: too little was heard. */
  readonly mos: number | undefined;
  /** Packets from an address that is not the peer's: neither relayed nor heard. */
  readonly strangers: number;
}

export interface MediaStats {
  readonly a: SideStats;
  readonly b: SideStats;
  /** Packets that the listening side had no room for. */
  readonly forkDropped: number;
}

/** The media of one call. */
export interface MediaSession {
  /**
   * Rewrites a description so that both legs send to us. Offers allocate, answers settle; re-INVITEs and UPDATEs go the same way.
   * @returns `untouched` where anchoring is not possible; once that was said of an offer it holds for its answer too.
   */
  describe(description: MediaDescription): Promise<DescribedMedia>;
  /**
   * The call is answered, in this early dialog of the called side (undefined: there is only one). Its description counts from now
   * on, whatever other early dialogs said last; those are forgotten. The idle time begins.
   */
  answered(fork?: string): void;
  /**
   * Plays to one side, over what the other says. A newer prompt replaces it.
   * @returns Once it is over: whether it was played to its end. @throws GatewayError `media.rejected`
   */
  play(to: MediaSide, audio: PcmAudio): Promise<boolean>;
  /** Neither side hears the other from now on, until `hold(false)`; held sides hear a quiet tone. */
  hold(held: boolean): void;
  stats(): Promise<MediaStats>;
  /** Frees the ports. Safe to call twice. @returns The last figures; undefined where they cannot be had in time. */
  close(): Promise<MediaStats | undefined>;
}

/** Carries media. Adapters: rtp-relay (embedded), rtpengine. One contract suite: test/contract/media-anchor. */
export interface MediaAnchor {
  readonly kind: "relay" | "rtpengine";
  /** Never throws: what cannot be anchored is said by `describe`. */
  open(call: MediaCall, onEvent: (event: MediaEvent) => void): MediaSession;
  health(): { readonly ok: boolean; readonly detail: string };
  /** Safe to call twice. Sessions that are open end. */
  close(): Promise<void>;
}
