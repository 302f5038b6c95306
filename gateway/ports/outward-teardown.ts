import type { DisconnectResult } from "./gateway-control.js";

/** What is known of a call that another system carries. */
export interface ForeignCall {
  readonly callId: string;
  readonly fromTag?: string;
  readonly toTag?: string;
  readonly switchId?: string;
}

/** Ends calls that live in another system. Adapters: voice-switch (`/fraud/disconnect`), kamailio-rpc, opensips-mi. */
export interface OutwardTeardown {
  readonly via: DisconnectResult["via"];
  /** One result per call, in order; never throws: a system that does not answer is an outcome. Time-outs and retry budget inside. */
  disconnect(
    calls: readonly ForeignCall[],
    reason: string,
    alertId: string | undefined,
    signal: AbortSignal,
  ): Promise<readonly DisconnectResult[]>;
}
