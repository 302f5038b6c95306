/** Groups of cues that never speak for an honest call. */
const RISKY = new Set([
  "bank",
  "authority",
  "technical",
  "relative",
  "insider",
  "firm",
  "alarm",
  "mishap",
  "law",
  "gain",
  "errand",
  "code-sent",
  "excuse",
  "urgency",
  "deadline",
  "threat",
  "secrecy",
  "pushing",
  "bullying",
  "ask-secret",
  "ask-odd-money",
  "ask-money",
  "ask-access",
  "ask-identity",
  "ask-agent",
]);
/** And those that never speak for a fraud. */
const CALM = new Set(["honest", "service", "social", "customer", "other-serves"]);
const CONTEXT = new Set(["called", "agent"]);

/**
 * Which way a feature's weight may go: a demand never makes a call more honest, a warning never less, whatever the training
 * dialogues happen to show. +1: not below 0, −1: not above, 0: free.
 */
export function signsOf(names: readonly string[]): Int8Array {
  return Int8Array.from(names, (name) => {
    if (/^S:(?:request|pressure)\./.test(name) || /^(?:request|pressure)\.>=/.test(name)) return 1;
    if (/^S:(?:not|honest)\./.test(name)) return -1;
    const parts = name.split("&");
    if (parts.length !== 2 || parts.some((part) => CONTEXT.has(part))) return 0;
    if (parts.every((part) => RISKY.has(part))) return 1;
    return parts.some((part) => CALM.has(part)) ? -1 : 0;
  });
}
