/** In an INVITE that leaves the hop under its caller's Call-ID: a secret of that leg, by which who gets it can tell it from all others. */
export const LEG_HEADER = "X-Ringfence-Leg";

/**
 * The hop's legs, for other systems that see the same calls. Callers choose their Call-IDs, so that the same one elsewhere proves
 * nothing: what counts is who sent the INVITE, and a mark that only the hop and its next hop know. Legs of calls that are over are
 * remembered for some time, as others may tell of them late.
 */
export interface HopLegs {
  /** An INVITE with this Call-ID has come to the hop. */
  received(sipCallId: string): boolean;
  /** An INVITE with this Call-ID has left the hop. `marked`: under a Call-ID that its caller chose; `show` tells whether one is it. */
  placed(sipCallId: string): "no" | "yes" | "marked";
  /**
   * A call elsewhere shows a mark.
   * @param by Its name there: the same one may show it again. @returns False: it is not that of a leg, or as many others have shown it as there are legs.
   */
  show(sipCallId: string, mark: string, by: string): boolean;
  /** A call that cannot be asked for its mark any more is taken for the hop's. @returns False: so were as many as there are legs. */
  claim(sipCallId: string): boolean;
}
