import { noticeFacts, noticeTitle, plain, type AlertNotice } from "../../../detection/index.js";
import {
  replyOfPost,
  type AlertDelivery,
  type AlertRoute,
  type PostAlert,
  type RouteReply,
} from "../../ports/alert-route.js";

export interface WebexBotOptions {
  /** Base of the API: https://webexapis.com/v1 */
  readonly url: string;
  /** The bot's access token. */
  readonly token: string;
  /** One of the two. */
  readonly roomId?: string | undefined;
  readonly toPersonEmail?: string | undefined;
  readonly timeoutMs: number;
}

/** Webex refuses messages above 7,439 bytes. */
const MOST_BYTES = 7_000;

/**
 * Messages of a Webex bot (`POST /messages`), as plain text, in which nothing is read as a mention or a link of ours. Webex knows
 * no idempotency key: a message whose answer is lost appears twice.
 */
export class WebexRoute implements AlertRoute {
  readonly #options: WebexBotOptions;
  readonly #post: PostAlert;
  readonly #stop = new AbortController();

  constructor(options: WebexBotOptions, post: PostAlert) {
    this.#options = options;
    this.#post = post;
  }

  async send(notice: AlertNotice, _delivery: AlertDelivery): Promise<RouteReply> {
    const { url, token, roomId, toPersonEmail, timeoutMs } = this.#options;
    const to = roomId === undefined ? { toPersonEmail } : { roomId };
    return replyOfPost(
      await this.#post({
        url: `${url.replace(/\/+$/, "")}/messages`,
        headers: {
          authorization: `Bearer ${token}`,
          "content-type": "application/json; charset=utf-8",
          "user-agent": "ringfence",
        },
        body: JSON.stringify({ ...to, text: messageText(notice) }),
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

function messageText(notice: AlertNotice): string {
  const lines = [
    noticeTitle(notice),
    plain(notice.explanation, 1_000),
    ...noticeFacts(notice).map(([name, value]) => `${name}: ${value}`),
    `What to do: ${plain(notice.recommended, 1_000)}`,
  ];
  const bytes = new TextEncoder().encode(lines.join("\n"));
  if (bytes.length <= MOST_BYTES) return lines.join("\n");
  // A character that the cut goes through is left out.
  return new TextDecoder().decode(bytes.subarray(0, MOST_BYTES)).replace(/\uFFFD+$/, "");
}
