import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { createTransports } from "../../gateway/adapters/sip-embedded/transport/create-transports.js";
import type {
  ListenOptions,
  TransportOptions,
} from "../../gateway/adapters/sip-embedded/transport/transport-options.js";
import type { Received, SipTransports } from "../../gateway/adapters/sip-embedded/transport/transport.js";
import { CountingMetrics } from "./counting-metrics.js";
import { FakeClock } from "./fake-clock.js";

/** Transports that collect what they receive; time moves only by `clock.advance`. */
export class OpenTransports {
  readonly clock = new FakeClock();
  readonly metrics = new CountingMetrics();
  readonly transports: SipTransports;
  readonly #received: Received[] = [];
  readonly #reply: Uint8Array | undefined;
  #wake: () => void = () => undefined;

  constructor(listeners: readonly ListenOptions[], options: Partial<TransportOptions> = {}, reply?: Uint8Array) {
    this.transports = createTransports({ listeners, clock: this.clock, metrics: this.metrics, ...options });
    this.#reply = reply;
  }

  async open(): Promise<this> {
    await this.transports.open({
      onMessage: (message) => {
        this.#received.push(message);
        this.#wake();
      },
      onUnframeable: () => this.#reply,
    });
    return this;
  }

  get port(): number {
    return this.transports.listeners[0]!.port;
  }

  /** Connections that others have opened, and that are open. */
  get accepted(): number {
    return this.metrics.value("ringfence_transport_connections", "accepted");
  }

  async next(): Promise<Received> {
    while (this.#received.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#received.shift()!;
  }
}

/** A bare TCP socket that remembers what it read. */
export class RawPeer {
  readonly socket: Socket;
  text = "";
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk) => {
      this.text += chunk.toString("latin1");
      this.#wake();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => this.#wake());
  }

  static async connect(port: number): Promise<RawPeer> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return new RawPeer(socket);
  }

  /** Waits until that many characters came, and takes them. */
  async read(length: number): Promise<string> {
    while (this.text.length < length) {
      if (this.socket.destroyed) throw new Error(`closed after ${JSON.stringify(this.text)}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const taken = this.text.slice(0, length);
    this.text = this.text.slice(length);
    return taken;
  }

  async closed(): Promise<void> {
    while (!this.socket.destroyed) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

/** A bare TCP server; `next` gives its connections in order. */
export class RawServer {
  readonly #server: Server;
  readonly #sockets: Socket[] = [];
  #taken = 0;
  #wake: () => void = () => undefined;

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => {
      this.#sockets.push(socket);
      this.#wake();
    });
  }

  static async listen(): Promise<RawServer> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new RawServer(server);
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  async next(): Promise<Socket> {
    while (this.#sockets.length <= this.#taken) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#sockets[this.#taken++]!;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
