import { createHmac } from "node:crypto";
import { BoundedQueue } from "../../core/bounded-queue.js";
import type { Clock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import type { Counter, Metrics } from "../../core/metrics.js";
import type { Random } from "../../core/random.js";
import { monoMs } from "../../core/time.js";
import { postWebhook, type PostWebhook, type WebhookReply } from "./post-webhook.js";

export interface WebhookOptions {
  /** Set by the operator; nothing that comes in can change it. */
  readonly url: string;
  /** Key of the signature; without it requests are not signed. */
  readonly secret?: string;
  /** Time-out of one request, ms. */
  readonly timeoutMs: number;
  /** Tries of one delivery. */
  readonly attempts: number;
  /** Deliveries that wait; one more is dropped and counted. Default 1,000. */
  readonly maxQueue?: number;
  /** Pause after the first failure, ms; doubles, with jitter, up to `retryMostMs`. Defaults 500 and 60,000. */
  readonly retryFirstMs?: number;
  readonly retryMostMs?: number;
}

export interface WebhookDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Default: HTTP, not following redirects. */
  readonly post?: PostWebhook;
}

interface Delivery {
  readonly id: string;
  readonly body: string;
}

const MAX_IN_FLIGHT = 4;
const RETRYABLE = new Set([408, 425, 429]);

/**
 * Posts alerts to the operator's webhook. `X-Ringfence-Signature: t=SECONDS,v1=HEX` where HEX is HMAC-SHA256 with the shared
 * secret over `SECONDS.BODY`; a receiver checks it over the raw body and refuses old `t`. `X-Ringfence-Delivery` is the alert's id
 * and the same in every try, so that a receiver can drop doubles.
 *
 * Tried again after no answer, 408, 425, 429 and 5xx; any other answer is final. Redirects are not followed: they could lead an
 * alert to a host that the operator never named.
 */
export class WebhookNotifier {
  readonly #options: WebhookOptions;
  readonly #deps: WebhookDeps;
  readonly #post: PostWebhook;
  readonly #queue: BoundedQueue<Delivery>;
  readonly #outcomes: { readonly delivered: Counter; readonly failed: Counter; readonly dropped: Counter };
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #lastFailed = false;
  #closed = false;

  constructor(options: WebhookOptions, deps: WebhookDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#post = deps.post ?? postWebhook;
    this.#queue = new BoundedQueue(options.maxQueue ?? 1_000);
    const total = deps.metrics.counter(
      "ringfence_webhook_deliveries_total",
      "Alerts for the webhook, by what became of them",
      ["outcome"],
    );
    this.#outcomes = {
      delivered: total.labels("delivered"),
      failed: total.labels("failed"),
      dropped: total.labels("dropped"),
    };
  }

  /** False after a delivery was given up, until the next one arrives. */
  get healthy(): boolean {
    return !this.#lastFailed;
  }

  /** Deliveries waiting or under way. */
  get pending(): number {
    return this.#queue.size + this.#running.size;
  }

  /** Takes a delivery; never throws, never waits. */
  notify(id: string, payload: object): void {
    if (this.#closed || !this.#queue.push({ id, body: JSON.stringify(payload) })) {
      this.#outcomes.dropped.inc();
      this.#deps.log.warn("webhook.dropped", { waiting: this.#queue.size });
      return;
    }
    this.#pump();
  }

  /** Gives what is under way or waiting `graceMs` to arrive, then gives up. Safe to call twice. */
  async close(graceMs: number): Promise<void> {
    const deadline = this.#deps.clock.mono() + graceMs;
    while (this.pending > 0 && this.#deps.clock.mono() < deadline) {
      await Promise.race([Promise.race(this.#running), this.#pause(Math.min(50, graceMs))]);
    }
    this.#closed = true;
    this.#stop.abort();
    const given = this.#queue.take(this.#queue.size).length;
    if (given > 0) this.#outcomes.dropped.inc(given);
    await Promise.all(this.#running);
  }

  #pump(): void {
    while (this.#running.size < MAX_IN_FLIGHT && !this.#closed) {
      const [delivery] = this.#queue.take(1);
      if (delivery === undefined) return;
      const run = this.#deliver(delivery).finally(() => {
        this.#running.delete(run);
        this.#pump();
      });
      this.#running.add(run);
    }
  }

  async #deliver(delivery: Delivery): Promise<void> {
    let reply: WebhookReply = { kind: "no-answer", why: "not tried" };
    for (let attempt = 1; attempt <= this.#options.attempts && !this.#stop.signal.aborted; attempt++) {
      reply = await this.#try(delivery);
      if (reply.kind === "answer" && reply.status >= 200 && reply.status < 300) {
        this.#lastFailed = false;
        this.#outcomes.delivered.inc();
        return;
      }
      if (reply.kind === "answer" && reply.status < 500 && !RETRYABLE.has(reply.status)) break;
      if (attempt < this.#options.attempts) await this.#pause(this.#waitMs(attempt, reply));
    }
    this.#lastFailed = true;
    this.#outcomes.failed.inc();
    const why = reply.kind === "answer" ? `status ${reply.status}` : reply.why;
    this.#deps.log.error("webhook.unavailable", { delivery: delivery.id, why });
  }

  #try({ id, body }: Delivery): Promise<WebhookReply> {
    const { url, secret, timeoutMs } = this.#options;
    const headers: Record<string, string> = {
      "content-type": "application/json",
      "user-agent": "ringfence",
      "x-ringfence-delivery": id,
    };
    if (secret !== undefined)
      headers["x-ringfence-signature"] = sign(secret, body, Math.floor(this.#deps.clock.unix() / 1_000));
    return this.#post({ url, headers, body, timeoutMs, signal: this.#stop.signal });
  }

  #waitMs(attempt: number, reply: WebhookReply): number {
    const { retryFirstMs = 500, retryMostMs = 60_000 } = this.#options;
    const asked = reply.kind === "answer" ? (reply.retryAfterMs ?? 0) : 0;
    const backOff = Math.min(retryFirstMs * 2 ** (attempt - 1), retryMostMs);
    // Between half and all of it: many gateways that lost one receiver do not come back at once.
    return Math.min(Math.max(asked, backOff * (0.5 + this.#deps.random.next() / 2)), retryMostMs);
  }

  #pause(ms: number): Promise<void> {
    const { clock } = this.#deps;
    const { signal } = this.#stop;
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        signal.removeEventListener("abort", done);
        resolve();
      };
      const cancel = clock.callAt(monoMs(clock.mono() + ms), done);
      signal.addEventListener("abort", done);
    });
  }
}

/** The value of `X-Ringfence-Signature`. */
export function sign(secret: string, body: string, unixSeconds: number): string {
  return `t=${unixSeconds},v1=${createHmac("sha256", secret).update(`${unixSeconds}.${body}`).digest("hex")}`;
}
