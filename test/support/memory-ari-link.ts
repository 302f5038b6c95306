import { GatewayError, type ErrorCode } from "../../gateway/core/errors.js";
import type { AriChannel, AriEvent, AriLink, AriRequest } from "../../gateway/adapters/asterisk-ari/ari-contracts.js";

/** A channel as ARI describes it. */
export function ariChannel(id: string, changes: Partial<AriChannel> = {}): AriChannel {
  return {
    id,
    name: `PJSIP/sipp-${id}`,
    state: "Up",
    protocol_id: "",
    caller: { name: "", number: "+12025550101" },
    connected: { name: "", number: "" },
    accountcode: "",
    dialplan: { context: "incoming", exten: "+12025550102", priority: 1, app_name: "Dial" },
    creationtime: "2026-11-30T00:14:30.750+0000",
    language: "en",
    ...changes,
  };
}

/** An Asterisk in memory: snoop, external media and bridges as ARI makes them, with their events; and what was asked of it. */
export class MemoryAriLink implements AriLink {
  readonly serverId = "pbx";
  readonly app = "ringfence";
  up = true;
  /** `METHOD path`, in order. */
  readonly asked: string[] = [];
  readonly requests: AriRequest[] = [];
  /** Channels of ours, and bridges, that are there. */
  readonly channels = new Set<string>();
  readonly bridges = new Set<string>();
  readonly variables = new Map<string, string>();
  /** What a `METHOD path` gets, beside what is known here. */
  readonly answers = new Map<string, unknown>();
  /** Requests whose `METHOD path` matches fail so. */
  fails: { readonly like: RegExp; readonly code: ErrorCode; readonly status?: number } | undefined;
  /** Channels of ours never come into Stasis. */
  stasisIsDead = false;
  readonly #events = new Set<(event: AriEvent) => void>();
  readonly #ups = new Set<() => void>();

  request(order: AriRequest): Promise<unknown> {
    const line = `${order.method} ${order.path}`;
    this.asked.push(line);
    this.requests.push(order);
    const { fails } = this;
    if (fails?.like.test(line) === true)
      return Promise.reject(
        new GatewayError(fails.code, "as the test says", { cause: { status: fails.status ?? 400, said: "" } }),
      );
    return Promise.resolve(this.#carryOut(order, line));
  }

  onEvent(listener: (event: AriEvent) => void): () => void {
    this.#events.add(listener);
    return () => void this.#events.delete(listener);
  }

  onUp(listener: () => void): () => void {
    this.#ups.add(listener);
    return () => void this.#ups.delete(listener);
  }

  onDown(): () => void {
    return () => undefined;
  }

  tell(event: AriEvent): void {
    for (const listener of [...this.#events]) listener(event);
  }

  tellUp(): void {
    for (const listener of [...this.#ups]) listener();
  }

  /** How many requests were like that. */
  count(like: RegExp): number {
    return this.asked.filter((line) => like.test(line)).length;
  }

  #carryOut({ query = {}, body: sent = {} }: AriRequest, line: string): unknown {
    const body = sent as Readonly<Record<string, unknown>>;
    if (this.answers.has(line)) return this.answers.get(line);
    const snoop = /^POST \/channels\/[^/]+\/snoop\/(.+)$/.exec(line)?.[1];
    if (snoop !== undefined) return this.#made(decodeURIComponent(snoop), "Snoop/x-1");
    if (line === "POST /channels/externalMedia") {
      const id = String(body["channelId"]);
      const channelvars = { UNICASTRTP_LOCAL_ADDRESS: "127.0.0.1", UNICASTRTP_LOCAL_PORT: "20000" };
      return { ...(this.#made(id, "UnicastRTP/x-1") as AriChannel), channelvars };
    }
    if (line === "POST /bridges") {
      this.bridges.add(String(query["bridgeId"]));
      return { id: query["bridgeId"] };
    }
    if (line === "POST /asterisk/variable") {
      const { variable, value } = body;
      this.variables.set(String(variable), String(value));
    }
    if (line === "GET /asterisk/variable") return { value: this.variables.get(String(query["variable"])) ?? "" };
    if (/^GET \/channels\/.+\/variable$/.test(line))
      return { value: this.variables.get(String(query["variable"])) ?? "" };
    const gone = /^DELETE \/(channels|bridges)\/([^/]+)$/.exec(line);
    if (gone !== null) this.#gone(gone[1] ?? "", decodeURIComponent(gone[2] ?? ""));
    return undefined;
  }

  #made(id: string, name: string): unknown {
    this.channels.add(id);
    const channel = ariChannel(id, { name });
    // The event may come before the answer.
    if (!this.stasisIsDead) this.tell({ type: "StasisStart", channel, args: ["own"] });
    return channel;
  }

  #gone(kind: string, id: string): void {
    const there = kind === "channels" ? this.channels : this.bridges;
    if (!there.delete(id)) throw new GatewayError("ari.rejected", "not there", { cause: { status: 404, said: "" } });
    if (kind === "channels") this.tell({ type: "ChannelDestroyed", channel: ariChannel(id) });
  }
}

/** Lets everything that waits for nothing but promises happen. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}
