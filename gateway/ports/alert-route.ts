import type { AlertNotice } from "../../detection/index.js";

export interface AlertDelivery {
  /** The same in every try: a receiver can drop doubles by it. */
  readonly id: string;
  /** 1, 2, … */
  readonly attempt: number;
}

export type RouteReply =
  /** `refused`: so many of its recipients will never take it, others have it. */
  | { readonly kind: "sent"; readonly refused?: number }
  /** Worth trying again. `afterMs`: what the receiver asked for. */
  | { readonly kind: "failed"; readonly why: string; readonly afterMs?: number }
  /** The receiver will never take it. */
  | { readonly kind: "rejected"; readonly why: string };

/**
 * One place where people or machines read alerts. Adapters: slack, webex-bot, email, syslog, siem-http, webhook. One contract
 * suite. `why` holds no secret and no number.
 */
export interface AlertRoute {
  /** Never rejects; answers within the route's time-out. */
  send(notice: AlertNotice, delivery: AlertDelivery): Promise<RouteReply>;
  /** Drops what is under way. Safe to call twice. */
  close(): Promise<void>;
}

/** Posts over HTTP, following no redirect; never rejects. What the routes that speak HTTP are given. */
export type PostAlert = (request: {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}) => Promise<
  | { readonly kind: "answer"; readonly status: number; readonly retryAfterMs?: number }
  | { readonly kind: "no-answer"; readonly why: string }
>;

/**
 * Tried again beside 5xx: what is too early or too much (408, 425, 429), and what an operator puts right: a token that was changed
 * (401, 403, 407), a receiver that is not there while it is installed anew (404).
 */
const PASSING: readonly number[] = [401, 403, 404, 407, 408, 425, 429];

/** What an HTTP status means for a delivery. Refusals of the message itself (400, 413, 422, …) are final. */
export function replyOfPost(answer: Awaited<ReturnType<PostAlert>>): RouteReply {
  if (answer.kind === "no-answer") return { kind: "failed", why: answer.why };
  const { status, retryAfterMs } = answer;
  if (status >= 200 && status < 300) return { kind: "sent" };
  const why = `status ${status}`;
  const isPassing = status >= 500 || PASSING.includes(status);
  if (!isPassing) return { kind: "rejected", why };
  return { kind: "failed", why, ...(retryAfterMs === undefined ? {} : { afterMs: retryAfterMs }) };
}
