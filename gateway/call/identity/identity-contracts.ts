import type { CdrIdentity } from "../../../detection/index.js";
import type { OutgoingSpec, SipUser, IncomingInvite } from "../../ports/sip-endpoint.js";
import type { Attestation, PassportParty } from "../../sip/identity/passport.js";

/** Why a signed caller identity does not hold, or could not be judged. Label of metrics; in CDRs. */
export type IdentityReason =
  /** No Identity header, or a PASSporT that is none. */
  | "malformed"
  | "algorithm"
  | "claims"
  /** The certificate's URL is not where the PASSporT says it is (`identity.strictInfo`). */
  | "info"
  | "stale"
  /** Signed for another caller, or for another called number. */
  | "orig"
  | "dest"
  | "certificate-url"
  | "certificate-unreachable"
  | "certificate"
  /** The certificate is not for that number. */
  | "authority"
  | "signature"
  /** Not judged. */
  | "time-out"
  | "busy"
  | "unsupported"
  | "fault";

/** What a trunk has done with signed identities. */
export interface TrunkIdentity {
  readonly verify: boolean;
  /** A call whose identity failed: goes on, or gets the status of RFC 8224 §6.2.2. */
  readonly onFailure: "pass" | "refuse";
  /** A call without one: goes on, or gets 428. */
  readonly onAbsent: "pass" | "refuse";
  /** Where `verstat` goes towards the called side. */
  readonly verstat: "none" | "from" | "pai" | "both";
  /** X-Ringfence-Identity towards the called side. */
  readonly header: boolean;
  readonly sign: TrunkSigning | undefined;
}

/** What is attested of callers of a trunk. RFC 8588 §4 */
export interface TrunkSigning {
  /** Beginnings of canonical numbers that are this trunk's own: attested A. */
  readonly ownNumbers: readonly string[];
  /** What all others get; `none`: not signed. */
  readonly others: "B" | "C" | "none";
  /** Opaque name of the trunk in PASSporTs, a UUID; undefined: a fresh one for each call. RFC 8588 §5 */
  readonly origid: string | undefined;
  /** Calls that one of its own numbers sent on get a `div` PASSporT. RFC 8946 */
  readonly div: boolean;
}

/** What verification says of one call. */
export interface JudgedIdentity {
  readonly identity: CdrIdentity;
  /** Who was signed for; undefined: nobody whose signature holds. It speaks for nobody else whom the request names. */
  readonly signedFor: PassportParty | undefined;
}

/** What is known of a call's signature when the call begins. */
export interface SignedCall {
  /** Undefined: nobody looked. */
  readonly identity?: CdrIdentity;
  /** What is done to the INVITE that leaves. */
  readonly onward?: (spec: OutgoingSpec) => OutgoingSpec;
}

/** The B2BUA, as the gate sees it. */
export interface SignedCallTaker extends SipUser {
  onInvite(invite: IncomingInvite, signed?: SignedCall): void;
}

export type { Attestation };
export type { CdrIdentity };
