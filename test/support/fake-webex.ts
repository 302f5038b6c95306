import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface FakePerson {
  readonly id: string;
  readonly emails: readonly string[];
  readonly locationId?: string;
  always?: string;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Webex's call records, people and tokens, as developer.webex.com describes them: times, pages, limits and refusals. */
export class FakeWebex {
  readonly items: Record<string, unknown>[] = [];
  readonly people: FakePerson[] = [];
  readonly requests: string[] = [];
  /** Tokens that are taken. */
  readonly tokens = new Set(["token-1"]);
  /** The next requests are answered so. */
  readonly script: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    /** The head, this much of the body, and then nothing. */
    readonly stallsAfter?: string;
  }[] = [];
  /** Where links to further pages lead; default: here. */
  linkBase: string | undefined;
  now: () => number = () => Date.now();
  #renewals = 0;
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this.url;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<undefined> {
    const url = new URL(request.url ?? "/", this.url);
    this.requests.push(`${request.method ?? ""} ${url.pathname}${url.search}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const send = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): undefined => {
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(JSON.stringify(body));
      return undefined;
    };
    if (url.pathname === "/v1/access_token") {
      this.#token(new URLSearchParams(Buffer.concat(chunks).toString()), send);
      return;
    }
    const scripted = this.script.shift();
    if (scripted?.stallsAfter !== undefined) {
      response.writeHead(scripted.status, { "content-type": "application/json", ...scripted.headers });
      response.flushHeaders();
      response.write(scripted.stallsAfter);
      return;
    }
    if (scripted !== undefined) {
      send(scripted.status, { message: "as scripted" }, scripted.headers);
      return;
    }
    const token = request.headers.authorization?.replace(/^Bearer /, "") ?? "";
    if (!this.tokens.has(token)) {
      send(401, { message: "The request requires a valid access token." });
      return;
    }
    const person = /^\/v1\/people\/([^/]+)\/features\/callForwarding$/.exec(url.pathname)?.[1];
    if (person !== undefined) {
      this.#forwarding(decodeURIComponent(person), send);
      return;
    }
    if (url.pathname === "/v1/people") {
      this.#page(this.people, url, 100, send);
      return;
    }
    if (/^\/v1\/cdr_(?:feed|stream)$/.test(url.pathname)) {
      this.#records(url, send);
      return;
    }
    send(404, { message: "no such resource" });
  }

  #token(form: URLSearchParams, send: Send): undefined {
    const known =
      form.get("grant_type") === "refresh_token" &&
      form.get("client_id") === "client" &&
      form.get("client_secret") === "secret" &&
      form.get("refresh_token") === "refresh";
    if (!known) {
      send(400, { message: "invalid_request" });
      return;
    }
    const access = `renewed-${++this.#renewals}`;
    this.tokens.add(access);
    send(200, {
      access_token: access,
      expires_in: 43_200,
      refresh_token: "refresh",
      refresh_token_expires_in: 5_000_000,
    });
  }

  #records(url: URL, send: Send): undefined {
    const isStream = url.pathname.endsWith("cdr_stream");
    const from = Date.parse(url.searchParams.get("startTime") ?? "");
    const to = Date.parse(url.searchParams.get("endTime") ?? "");
    const max = Number(url.searchParams.get("max") ?? 500);
    const [newest, oldest, longest] = isStream
      ? [MINUTE_MS, 12 * HOUR_MS, 2 * HOUR_MS]
      : [5 * MINUTE_MS, 48 * HOUR_MS, 12 * HOUR_MS];
    const now = this.now();
    const good =
      from < to && to - from <= longest && now - from <= oldest && now - to >= newest && max >= 1 && max <= 500;
    if (!good) {
      send(400, { message: "Invalid startTime, endTime or max" });
      return;
    }
    const within = this.items.filter((item) => {
      const at = Date.parse(String(item["Report time"]));
      return at >= from && at < to;
    });
    this.#page(within, url, max, send);
  }

  #page(all: readonly unknown[], url: URL, fallback: number, send: Send): undefined {
    const max = Number(url.searchParams.get("max") ?? fallback);
    const start = Number(url.searchParams.get("startIndex") ?? 0);
    const next = new URL(url.pathname + url.search, this.linkBase ?? url);
    next.searchParams.set("startIndex", String(start + max));
    const headers: Record<string, string> = start + max < all.length ? { link: `<${next.href}>; rel="next"` } : {};
    send(200, { items: all.slice(start, start + max) }, headers);
  }

  #forwarding(id: string, send: Send): undefined {
    const person = this.people.find((each) => each.id === id);
    if (person === undefined) {
      send(404, { message: "no such person" });
      return;
    }
    const { always = "" } = person;
    const off = { enabled: false, destinationVoicemailEnabled: false };
    send(200, {
      callForwarding: {
        always: always === "" ? off : { enabled: true, destination: always, ringReminderEnabled: false },
        busy: off,
        noAnswer: { ...off, numberOfRings: 3, systemMaxNumberOfRings: 20 },
      },
      businessContinuity: off,
    });
  }
}

type Send = (status: number, body: unknown, headers?: Readonly<Record<string, string>>) => undefined;
