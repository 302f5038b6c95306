import type { ThreatKind, ThreatStage } from "../model/threat.js";

const KINDS: Readonly<Record<ThreatKind, string>> = {
  none: "no known kind of fraud",
  "bank-impersonation": "somebody who claims to be the bank",
  "police-impersonation": "somebody who claims to be the police, a court or another authority",
  "tech-support": "somebody who wants to get onto a computer under the pretext of helping",
  "gift-card": "somebody who wants to be paid in gift cards",
  "family-emergency": "somebody who claims to be a relative in need",
  parcel: "a made-up parcel or customs fee",
  tax: "somebody who claims to be the tax office",
  investment: "an investment that is too good to be true",
  prize: "a made-up prize or lottery",
  romance: "a false friend who asks for money",
  utility: "somebody who threatens to cut electricity, water or a line",
  "account-code": "somebody who wants a one-time code or a password",
  extortion: "a threat in order to extort",
  "agent-coercion": "somebody who pressures an agent into breaking the rules",
  "data-exfiltration": "somebody who tries to get another customer's data from an agent",
};

const STAGES: Readonly<Record<ThreatStage, string>> = {
  none: "Nothing has been asked for yet.",
  contact: "The talk has only begun.",
  pretext: "A story is being told; nothing has been asked for yet.",
  pressure: "The called side is being hurried or told to keep it secret.",
  request: "Money, a code or access has been asked for.",
};

const ADVICE: Readonly<Record<"scam" | "other", string>> = {
  scam: "Call the called side back on a number that is known, tell them not to pay or to tell any code, and report the caller's number to the carrier.",
  other:
    "Have somebody listen in or call the called side back on a number that is known; release the call if it is honest.",
};

/** What an alert says where no language model wrote it. */
export function explain(
  kind: ThreatKind,
  stage: ThreatStage,
  isScam: boolean,
): { readonly explanation: string; readonly recommended: string } {
  return {
    explanation: `The call sounds like ${KINDS[kind]}. ${STAGES[stage]}`,
    recommended: isScam ? ADVICE.scam : ADVICE.other,
  };
}
