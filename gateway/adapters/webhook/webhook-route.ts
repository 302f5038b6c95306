import { noticeJson, type AlertNotice } from "../../../detection/index.js";
import type { Clock } from "../../core/clock.js";
import {
  replyOfPost,
  type AlertDelivery,
  type AlertRoute,
  type PostAlert,
  type RouteReply,
} from "../../ports/alert-route.js";
import { sign } from "./sign.js";

export interface WebhookRouteOptions {
  readonly url: string;
  /** Key of the signature; without it requests are not signed. */
  readonly secret?: string | undefined;
  readonly timeoutMs: number;
}

/** What is posted of a notice. */
export type NoticeBody = (notice: AlertNotice, delivery: AlertDelivery) => object;

const caseBody: NoticeBody = (notice, { id }) => ({ delivery_id: id, ...noticeJson(notice) });

/** Ids are made of what callers send too, and a header holds no line break. */
const headerOf = (id: string): string => id.replaceAll(/[^\x21-\x7e]/g, "_");

/**
 * Notices as JSON, signed: `X-Ringfence-Signature: t=SECONDS,v1=HEX`, made anew in every try, so that a receiver can refuse old
 * ones. `X-Ringfence-Delivery` and `Idempotency-Key` are the same in every try. Redirects are not followed: they could lead an alert
 * to a host that the operator never named.
 */
export class WebhookRoute implements AlertRoute {
  readonly #options: WebhookRouteOptions;
  readonly #clock: Clock;
  readonly #post: PostAlert;
  readonly #bodyOf: NoticeBody;
  readonly #stop = new AbortController();

  constructor(options: WebhookRouteOptions, clock: Clock, post: PostAlert, bodyOf: NoticeBody = caseBody) {
    this.#options = options;
    this.#clock = clock;
    this.#post = post;
    this.#bodyOf = bodyOf;
  }

  async send(notice: AlertNotice, delivery: AlertDelivery): Promise<RouteReply> {
    const { url, secret, timeoutMs } = this.#options;
    const body = JSON.stringify(this.#bodyOf(notice, delivery));
    const id = headerOf(delivery.id);
    const headers: Record<string, string> = {
      "content-type": "application/json",
      "user-agent": "ringfence",
      "x-ringfence-delivery": id,
      "idempotency-key": id,
    };
    if (secret !== undefined)
      headers["x-ringfence-signature"] = sign(secret, body, Math.floor(this.#clock.unix() / 1_000));
    return replyOfPost(await this.#post({ url, headers, body, timeoutMs, signal: this.#stop.signal }));
  }

  close(): Promise<void> {
    this.#stop.abort();
    return Promise.resolve();
  }
}
