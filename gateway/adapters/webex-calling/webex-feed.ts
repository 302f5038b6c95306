import type { UnixMs } from "../../../detection/index.js";
import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import type { CallFeed, FeedForwarding, FeedPerson } from "../../ports/call-feed.js";
import { WebexHttp, type WebexHttpOptions } from "./webex-http.js";

export interface WebexFeedOptions extends WebexHttpOptions {
  /** `https://analytics-calling.webexapis.com/v1` */
  readonly url: string;
  readonly feed: "cdr_feed" | "cdr_stream";
  readonly orgId?: string | undefined;
  /** Ten at most. */
  readonly locations: readonly string[];
  /** 1–500 */
  readonly pageSize: number;
}

/** A service that always names one more page is not followed for ever. */
const MAX_PAGES = 2_000;
const PEOPLE_PAGE = 100;
type Row = Readonly<Record<string, unknown>>;

/** Webex Calling's Detailed Call History and the call forwarding of its users. */
export class WebexFeed implements CallFeed {
  readonly #options: WebexFeedOptions;
  readonly #http: WebexHttp;

  constructor(options: WebexFeedOptions, clock: Clock) {
    this.#options = options;
    this.#http = new WebexHttp(options, clock);
  }

  async *items(from: UnixMs, to: UnixMs, signal: AbortSignal): AsyncIterable<readonly unknown[]> {
    const { url, feed, locations, pageSize } = this.#options;
    const first = new URL(`${url}/${feed}`);
    first.searchParams.set("startTime", new Date(from).toISOString());
    first.searchParams.set("endTime", new Date(to).toISOString());
    if (locations.length > 0) first.searchParams.set("locations", locations.join(","));
    first.searchParams.set("max", String(pageSize));
    yield* this.#pages(first.href, signal);
  }

  async *people(signal: AbortSignal): AsyncIterable<readonly FeedPerson[]> {
    const first = new URL(`${this.#options.apiUrl}/people`);
    first.searchParams.set("callingData", "true");
    first.searchParams.set("max", String(PEOPLE_PAGE));
    this.#ofOrganisation(first);
    for await (const page of this.#pages(first.href, signal)) {
      yield page.flatMap((item) => {
        const { id, locationId, emails } = (item ?? {}) as Row;
        // Only who has a place in Webex Calling can forward calls there.
        if (typeof id !== "string" || typeof locationId !== "string") return [];
        const name = Array.isArray(emails) && typeof emails[0] === "string" ? emails[0] : id;
        return [{ id, user: uuidOf(id) ?? name, site: undefined }];
      });
    }
  }

  async forwarding(personId: string, signal: AbortSignal): Promise<FeedForwarding> {
    const url = new URL(`${this.#options.apiUrl}/people/${encodeURIComponent(personId)}/features/callForwarding`);
    this.#ofOrganisation(url);
    const { json } = await this.#http.get(url.href, signal);
    const { callForwarding, businessContinuity } = (json ?? {}) as Row;
    const { always, busy, noAnswer } = (callForwarding ?? {}) as Row;
    return {
      always: targetOf(always),
      busy: targetOf(busy),
      noAnswer: targetOf(noAnswer),
      unreachable: targetOf(businessContinuity),
    };
  }

  async *#pages(first: string, signal: AbortSignal): AsyncIterable<readonly unknown[]> {
    let url: string | undefined = first;
    for (let page = 0; url !== undefined; page++) {
      if (page >= MAX_PAGES) throw new GatewayError("webex.rejected", `more than ${MAX_PAGES} pages`);
      const { json, next } = await this.#http.get(url, signal);
      const { items } = (json ?? {}) as Row;
      if (!Array.isArray(items)) throw new GatewayError("webex.rejected", "an answer has no items");
      yield items as readonly unknown[];
      url = next;
    }
  }

  #ofOrganisation(url: URL): void {
    if (this.#options.orgId !== undefined) url.searchParams.set("orgId", this.#options.orgId);
  }
}

function targetOf(setting: unknown): string {
  const { enabled, destination } = (setting ?? {}) as Row;
  return enabled === true && typeof destination === "string" ? destination.slice(0, 128) : "";
}

/** An id is `ciscospark://us/PEOPLE/UUID` in base64; call records have the UUID. */
function uuidOf(id: string): string | undefined {
  const text = Buffer.from(id, "base64").toString("latin1");
  return /\/PEOPLE\/([0-9a-f-]{36})$/i.exec(text)?.[1];
}
