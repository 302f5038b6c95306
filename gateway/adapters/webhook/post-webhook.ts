import { TimeLimit } from "../../core/time-limit.js";

export interface WebhookRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export type WebhookReply =
  | { readonly kind: "answer"; readonly status: number; readonly retryAfterMs?: number }
  | { readonly kind: "no-answer"; readonly why: string };

/** The one thing the notifier needs of HTTP; never rejects. */
export type PostWebhook = (request: WebhookRequest) => Promise<WebhookReply>;

export const postWebhook: PostWebhook = async ({ url, headers, body, timeoutMs, signal }) => {
  const limit = new TimeLimit(timeoutMs, signal);
  try {
    const response = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal: limit.signal });
    await response.body?.cancel();
    const retryAfterMs = askedPause(response.headers);
    return { kind: "answer", status: response.status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  } catch (error) {
    return { kind: "no-answer", why: error instanceof Error ? error.name : "unknown" };
  } finally {
    limit.end();
  }
};

/** `Retry-After`: seconds, or a date, which is of the receiver's clock, as its `Date` tells. RFC 9110 §10.2.3. */
export function askedPause(headers: Pick<Headers, "get">): number | undefined {
  const value = headers.get("retry-after")?.trim() ?? "";
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  const until = dateOf(value);
  const now = dateOf(headers.get("date") ?? "");
  return until === undefined || now === undefined ? undefined : Math.max(0, until - now);
}

/** A day's name begins each of the three forms. RFC 9110 §5.6.7. */
function dateOf(text: string): number | undefined {
  const at = /^[a-z]{3,9},? /i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}
