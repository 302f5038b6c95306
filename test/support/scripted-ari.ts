import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { WebSocketServer } from "ws";
import type { AriBridge, AriChannel, AriEvent } from "../../gateway/adapters/asterisk-ari/ari-contracts.js";

/** A request as it came. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** What a request gets instead of its answer. */
export type Mishap =
  | { readonly kind: "status"; readonly status: number; readonly body?: string }
  | { readonly kind: "silent" }
  | { readonly kind: "reset" }
  | { readonly kind: "body"; readonly body: string };

const STARTED = Date.UTC(2026, 0, 1);

/**
 * An Asterisk's ARI over real HTTP and WebSockets, with channels and bridges that a test puts there. Its events, answers and refusals
 * have the form of Asterisk 22; test/contract compares them with a real one's.
 */
export class ScriptedAri {
  readonly user = "gateway";
  password = "secret";
  readonly channels = new Map<string, AriChannel>();
  readonly bridges = new Map<string, AriBridge>();
  readonly requests: SeenRequest[] = [];
  /** Of a channel, by `ID NAME`. */
  readonly variables = new Map<string, string>();
  /** Types that the application wants; undefined: all. */
  filter: readonly string[] | undefined;
  /** Of requests whose `METHOD /path` begins so. */
  readonly mishaps = new Map<string, Mishap>();
  /** Deleted channels are destroyed by themselves; false: the test says when. */
  hangsUp = true;
  /** Nothing is told before somebody has asked for it. */
  #subscribed = false;
  #now = STARTED;
  #last = 0;
  readonly #http: Server = createServer((request, response) => void this.#serve(request, response));
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #connections = new Set<Socket>();
  #port = 0;

  async start(): Promise<void> {
    this.#http.on("connection", (socket) => {
      this.#connections.add(socket);
      socket.on("close", () => this.#connections.delete(socket));
      // Of one that is no WebSocket, or was refused, nobody else hears.
      socket.on("error", () => undefined);
    });
    this.#http.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
      if (!this.#knows(request)) {
        socket.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
        return;
      }
      this.#note(request, undefined);
      this.#subscribed = false;
      this.#sockets.handleUpgrade(request, socket, head, (client) => this.#sockets.emit("connection", client));
    });
    await new Promise<void>((resolve) => this.#http.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (this.#http.address() as AddressInfo).port;
  }

  get ariUrl(): string {
    return `http://127.0.0.1:${this.#port}/ari`;
  }

  /** Events go to so many. */
  get listeners(): number {
    return this.#sockets.clients.size;
  }

  /** Time of the next events, ms after the last ones. */
  wait(ms: number): void {
    this.#now += ms;
  }

  /** A channel as Asterisk first tells of one that calls in. */
  channel(change: Partial<AriChannel> = {}): AriChannel {
    const id = change.id ?? `1767225600.${this.#last++}`;
    return {
      id,
      protocol_id: "",
      name: `PJSIP/carrier-${String(this.#last).padStart(8, "0")}`,
      state: "Ring",
      caller: { name: "", number: "+12025550100" },
      connected: { name: "", number: "" },
      accountcode: "",
      dialplan: { context: "incoming", exten: "+12025550142", priority: 1, app_name: "", app_data: "" },
      creationtime: this.#time(),
      language: "en",
      ...change,
    };
  }

  /** It comes into being. */
  create(change: Partial<AriChannel> = {}): AriChannel {
    const made = this.channel(change);
    this.channels.set(made.id, made);
    this.emit("ChannelCreated", { channel: made });
    return made;
  }

  /** @returns It as it is now. */
  change(id: string, change: Partial<AriChannel>, type = "ChannelStateChange"): AriChannel {
    const changed = { ...(this.channels.get(id) ?? this.channel({ id })), ...change };
    this.channels.set(id, changed);
    this.emit(type, { channel: changed });
    return changed;
  }

  dial(callerId: string, peerId: string, dialstatus = "", more: Readonly<Record<string, unknown>> = {}): void {
    const [caller, peer] = [this.channels.get(callerId), this.channels.get(peerId)];
    this.emit("Dial", {
      ...(caller === undefined ? {} : { caller }),
      ...(peer === undefined ? {} : { peer }),
      dialstatus,
      ...more,
    });
  }

  destroy(id: string, cause = 16): void {
    const channel = this.channels.get(id);
    if (channel === undefined) return;
    this.channels.delete(id);
    this.emit("ChannelDestroyed", { channel, cause, cause_txt: "Normal Clearing" });
  }

  emit(type: string, members: Readonly<Record<string, unknown>>): void {
    if (!this.#subscribed || (this.filter !== undefined && !this.filter.includes(type))) return;
    const event: AriEvent = { type, application: "ringfence", timestamp: this.#time(), ...members };
    this.sendText(JSON.stringify(event));
  }

  sendText(text: string): void {
    for (const client of this.#sockets.clients) client.send(text);
  }

  /** Every connection is cut, as a network would. */
  cut(): void {
    for (const socket of this.#connections) socket.destroy();
    for (const client of this.#sockets.clients) client.terminate();
  }

  /** Safe to call twice. */
  async stop(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#http.close(() => resolve()));
  }

  #time(): string {
    return new Date(this.#now).toISOString().replace("Z", "+0000");
  }

  #knows({ headers }: IncomingMessage): boolean {
    return headers.authorization === `Basic ${Buffer.from(`${this.user}:${this.password}`).toString("base64")}`;
  }

  #note(request: IncomingMessage, body: unknown): SeenRequest {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const seen = {
      method: request.method ?? "",
      path: url.pathname.replace(/^\/ari/, ""),
      query: Object.fromEntries(url.searchParams),
      body,
    };
    this.requests.push(seen);
    return seen;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString("utf8");
    const seen = this.#note(request, text === "" ? undefined : JSON.parse(text));
    const mishap = [...this.mishaps].find(([start]) => `${seen.method} ${seen.path}`.startsWith(start))?.[1];
    if (mishap !== undefined) {
      this.#fail(mishap, response);
      return;
    }
    if (!this.#knows(request)) {
      answer(response, 401, undefined);
      return;
    }
    const [status, json] = this.#answer(seen);
    answer(response, status, json);
  }

  #fail(mishap: Mishap, response: ServerResponse): void {
    if (mishap.kind === "silent") return;
    if (mishap.kind === "reset") {
      response.destroy();
      return;
    }
    response.writeHead(mishap.kind === "status" ? mishap.status : 200, { "content-type": "application/json" });
    response.end(mishap.body ?? "");
  }

  #answer({ method, path, query, body }: SeenRequest): readonly [number, unknown] {
    const [, kind, id, verb] = path.split("/").map(decodeURIComponent);
    if (kind === "asterisk") return [200, { ping: "pong", asterisk_id: "00:00", timestamp: this.#time() }];
    if (kind === "applications") {
      if (verb === "subscription") this.#subscribed = true;
      if (verb !== "eventFilter") return [200, []];
      this.filter = (body as { allowed?: { type: string }[] }).allowed?.map(({ type }) => type);
      return [200, { name: id }];
    }
    if (kind === "channels" && id === undefined) return [200, [...this.channels.values()]];
    if (kind === "bridges" && id === undefined && method === "GET") return [200, [...this.bridges.values()]];
    if (kind === "bridges" && method === "POST" && verb === undefined)
      return [200, this.#bridge(id ?? query["bridgeId"], query["name"])];
    const known =
      kind === "channels" ? this.channels.get(id ?? "") : kind === "bridges" ? this.bridges.get(id ?? "") : undefined;
    if (known === undefined) return [404, { message: kind === "bridges" ? "Bridge not found" : "Channel not found" }];
    if (method === "GET" && verb === "variable") return this.#variable(id ?? "", query["variable"] ?? "");
    if (method === "GET") return [200, known];
    const { variable, value } = { ...query, ...(body as Readonly<Record<string, string>> | undefined) };
    if (verb === "variable" && variable !== undefined) this.variables.set(`${id ?? ""} ${variable}`, value ?? "");
    if (method === "DELETE" && verb === undefined) this.#delete(kind, id ?? "", Number(query["reason_code"] ?? 16));
    return [204, undefined];
  }

  #variable(id: string, name: string): readonly [number, unknown] {
    const value = this.variables.get(`${id} ${name}`);
    if (value !== undefined) return [200, { value }];
    if (name.endsWith(")")) return [500, { message: "Unable to read provided function" }];
    return [404, { message: "Provided variable was not found" }];
  }

  #bridge(id = `bridge-${this.#last++}`, name = ""): AriBridge {
    const made = { id, name, creator: "Stasis", channels: [] };
    this.bridges.set(id, made);
    return made;
  }

  #delete(kind: string | undefined, id: string, cause: number): void {
    if (kind === "bridges") this.bridges.delete(id);
    else if (this.hangsUp) setImmediate(() => this.destroy(id, cause));
  }
}

function answer(response: ServerResponse, status: number, json: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(json === undefined ? undefined : JSON.stringify(json));
}
