import type { JudgeVerdict, ThreatVerdict, Turn, TurnVerdict } from "../../detection/index.js";

/** What the alert says to people. */
export interface Explanation {
  /** Two or three sentences: what was said, why it looks like fraud. */
  readonly text: string;
  /** What to do now. */
  readonly recommended: string;
  /** `model`: a language model wrote it. `template`: we did. */
  readonly by: "model" | "template";
}

/**
 * The language model as judge. Adapters: llama (node-llama-cpp in a child process), openai-compatible chat. The dialogue is data:
 * nothing in it becomes an instruction or a control token. Every one passes test/contract/judge.
 */
export interface Judge {
  readonly name: string;
  /**
   * @returns Undefined: no verdict (an answer outside the schema counts as none, after one retry).
   * @throws GatewayError `judge.unavailable`, `judge.timeout`. The classifier's verdict then stands alone.
   */
  judge(turns: readonly Turn[], tierOne: TurnVerdict, signal: AbortSignal): Promise<JudgeVerdict | undefined>;
  /** @returns Undefined: use the template. */
  explain(turns: readonly Turn[], verdict: ThreatVerdict, signal: AbortSignal): Promise<Explanation | undefined>;
  close(): Promise<void>;
}
