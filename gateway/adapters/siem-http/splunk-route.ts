import { noticeJson, type AlertNotice } from "../../../detection/index.js";
import {
  replyOfPost,
  type AlertDelivery,
  type AlertRoute,
  type PostAlert,
  type RouteReply,
} from "../../ports/alert-route.js";

export interface SplunkOptions {
  /** Base of the HTTP Event Collector. */
  readonly url: string;
  readonly token: string;
  /** Default: the token's. */
  readonly index?: string | undefined;
  readonly sourcetype: string;
  readonly timeoutMs: number;
}

/**
 * Splunk's HTTP Event Collector, `POST /services/collector/event`. Splunk keeps doubles: `delivery_id` in the event is the same in
 * every try, for `dedup delivery_id`.
 */
export class SplunkRoute implements AlertRoute {
  readonly #options: SplunkOptions;
  readonly #post: PostAlert;
  readonly #stop = new AbortController();

  constructor(options: SplunkOptions, post: PostAlert) {
    this.#options = options;
    this.#post = post;
  }

  async send(notice: AlertNotice, { id }: AlertDelivery): Promise<RouteReply> {
    const { url, token, index, sourcetype, timeoutMs } = this.#options;
    const event = {
      time: notice.at / 1_000,
      source: "ringfence",
      sourcetype,
      ...(index === undefined ? {} : { index }),
      event: { delivery_id: id, ...noticeJson(notice) },
    };
    return replyOfPost(
      await this.#post({
        url: `${url.replace(/\/+$/, "")}/services/collector/event`,
        headers: { authorization: `Splunk ${token}`, "content-type": "application/json", "user-agent": "ringfence" },
        body: JSON.stringify(event),
        timeoutMs,
        signal: this.#stop.signal,
      }),
    );
  }

  close(): Promise<void> {
    this.#stop.abort();
    return Promise.resolve();
  }
}
