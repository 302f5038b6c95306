import type { UnixMs } from "../../detection/index.js";
import { GatewayError } from "../../gateway/core/errors.js";
import type { CallFeed, FeedForwarding, FeedPerson } from "../../gateway/ports/call-feed.js";

/** A feed in arrays, for tests of what polls it; passes test/contract/call-feed. */
export class MemoryCallFeed implements CallFeed {
  readonly records: { readonly "Report time": string; readonly [name: string]: unknown }[] = [];
  readonly persons: FeedPerson[] = [];
  readonly always = new Map<string, string>();
  readonly asked: (readonly [from: UnixMs, to: UnixMs])[] = [];
  /** Persons whose settings are not given. */
  readonly refused = new Set<string>();
  /** Looks at one person's settings. */
  looked = 0;
  failure: GatewayError | undefined;
  pageSize = 2;

  async *items(from: UnixMs, to: UnixMs, signal: AbortSignal): AsyncIterable<readonly unknown[]> {
    this.asked.push([from, to]);
    const within = this.records.filter((item) => {
      const at = Date.parse(item["Report time"]);
      return at >= from && at < to;
    });
    for (let i = 0; i === 0 || i < within.length; i += this.pageSize) {
      await this.#ask(signal);
      yield within.slice(i, i + this.pageSize);
    }
  }

  async *people(signal: AbortSignal): AsyncIterable<readonly FeedPerson[]> {
    await this.#ask(signal);
    yield this.persons;
  }

  async forwarding(personId: string, signal: AbortSignal): Promise<FeedForwarding> {
    await this.#ask(signal);
    this.looked++;
    if (this.refused.has(personId)) throw new GatewayError("webex.rejected", "HTTP 403");
    return { always: this.always.get(personId) ?? "", busy: "", noAnswer: "", unreachable: "" };
  }

  async #ask(signal: AbortSignal): Promise<void> {
    await Promise.resolve();
    signal.throwIfAborted();
    if (this.failure !== undefined) throw this.failure;
  }
}
