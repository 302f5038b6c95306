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
  try {
    const stop = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const response = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal: stop });
    await response.body?.cancel();
    const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
    const asked = Number.isFinite(seconds) && seconds >= 0 ? { retryAfterMs: seconds * 1_000 } : {};
    return { kind: "answer", status: response.status, ...asked };
  } catch (error) {
    return { kind: "no-answer", why: error instanceof Error ? error.name : "unknown" };
  }
};
