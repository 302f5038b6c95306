import { noticeFacts, noticeTitle, plain, type AlertNotice } from "../../../detection/index.js";
import {
  replyOfPost,
  type AlertDelivery,
  type AlertRoute,
  type PostAlert,
  type RouteReply,
} from "../../ports/alert-route.js";

export interface SlackOptions {
  /** Of an incoming webhook: whoever has it may post. */
  readonly url: string;
  readonly timeoutMs: number;
}

/** Slack refuses longer ones: headers, texts, fields of a section. */
const MOST_HEADER = 150;
const MOST_TEXT = 3_000;
const MOST_FIELD = 2_000;
const MOST_FIELDS = 10;

/**
 * Block Kit by an incoming webhook. All that comes from outside is `plain_text`, in which Slack reads neither links nor mentions;
 * the fallback text, which it does read, is escaped. Slack knows no idempotency key: a post whose answer is lost appears twice.
 */
export class SlackRoute implements AlertRoute {
  readonly #options: SlackOptions;
  readonly #post: PostAlert;
  readonly #stop = new AbortController();

  constructor(options: SlackOptions, post: PostAlert) {
    this.#options = options;
    this.#post = post;
  }

  async send(notice: AlertNotice, _delivery: AlertDelivery): Promise<RouteReply> {
    const { url, timeoutMs } = this.#options;
    const body = JSON.stringify(slackMessage(notice));
    const headers = { "content-type": "application/json; charset=utf-8", "user-agent": "ringfence" };
    return replyOfPost(await this.#post({ url, headers, body, timeoutMs, signal: this.#stop.signal }));
  }

  close(): Promise<void> {
    this.#stop.abort();
    return Promise.resolve();
  }
}

export function slackMessage(notice: AlertNotice): object {
  const title = noticeTitle(notice);
  const text = (value: string, most: number) => ({ type: "plain_text", text: plain(value, most), emoji: false });
  const fields = noticeFacts(notice)
    .slice(0, MOST_FIELDS)
    .map(([name, value]) => text(`${name}: ${value}`, MOST_FIELD));
  return {
    // https://docs.slack.dev/messaging/formatting-message-text: these three are all that has to be escaped.
    text: title.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: "header", text: text(title, MOST_HEADER) },
      { type: "section", text: text(notice.explanation === "" ? title : notice.explanation, MOST_TEXT) },
      { type: "section", fields },
      { type: "context", elements: [text(`What to do: ${notice.recommended}`, MOST_TEXT)] },
    ],
  };
}
