import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { listenFailed } from "../../core/listen-failed.js";
import type { MediaConnection } from "../../ports/media-connections.js";
import { AudioSocketConnection, type AudioSocketDeps, type AudioSocketLimits } from "./audiosocket-connection.js";

const KEYS = ["asterisk.audioSocket.listenAddress", "asterisk.audioSocket.listenPort"] as const;

export interface AudioSocketOptions extends AudioSocketLimits {
  readonly address: string;
  /** 0: chosen by the kernel. */
  readonly port: number;
  readonly maxConnections: number;
}

export interface AudioSocketServerDeps extends AudioSocketDeps {
  readonly allowed: (address: string) => boolean;
}

const BACKLOG = 511;

/** Takes AudioSockets. Whoever is not allowed, or too many, is cut off at once, and counted. */
export class AudioSocketServer {
  readonly #options: AudioSocketOptions;
  readonly #deps: AudioSocketServerDeps;
  readonly #server: Server;
  readonly #connections = new Set<MediaConnection>();

  private constructor(options: AudioSocketOptions, deps: AudioSocketServerDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#server = createServer({ noDelay: true, keepAlive: true }, (socket) => this.#onSocket(socket));
  }

  /** @throws GatewayError `listen.failed` */
  static listen(options: AudioSocketOptions, deps: AudioSocketServerDeps): Promise<AudioSocketServer> {
    const made = new AudioSocketServer(options, deps);
    const server = made.#server;
    return new Promise((resolve, reject) => {
      server.once("error", (cause) =>
        reject(listenFailed({ what: "AudioSocket", keys: KEYS, address: options.address, port: options.port }, cause)),
      );
      server.listen({ host: options.address, port: options.port, backlog: BACKLOG }, () => {
        // Out of file descriptors: who connects is refused by the system, those who are here go on.
        server.on("error", () => deps.user.onCount("audio-socket", "not-accepted"));
        resolve(made);
      });
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  get connections(): number {
    return this.#connections.size;
  }

  onTime(nowMs: number): void {
    for (const connection of this.#connections) connection.onTime(nowMs);
  }

  /** Closes every connection. Safe to call twice. */
  async close(): Promise<void> {
    for (const connection of [...this.#connections]) connection.close("gateway-closes");
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #onSocket(socket: Socket): void {
    const { user, allowed } = this.#deps;
    const refused = !allowed(socket.remoteAddress ?? "")
      ? "not-allowed"
      : this.#connections.size >= this.#options.maxConnections
        ? "full"
        : undefined;
    if (refused !== undefined) {
      user.onCount("audio-socket", refused);
      socket.on("error", () => undefined);
      socket.destroy();
      return;
    }
    const connection: MediaConnection = new AudioSocketConnection(socket, this.#options, {
      ...this.#deps,
      user: {
        ...this.#passing(),
        onClosed: (closed, reason) => {
          this.#connections.delete(closed);
          user.onClosed(closed, reason);
        },
      },
    });
    this.#connections.add(connection);
    user.onCount("audio-socket", "accepted");
  }

  #passing(): Pick<AudioSocketDeps["user"], "onClaim" | "onDigit" | "onCount"> {
    const { user } = this.#deps;
    return {
      onClaim: (connection, claim) => user.onClaim(connection, claim),
      onDigit: (connection, digit) => user.onDigit(connection, digit),
      onCount: (source, what, by) => user.onCount(source, what, by),
    };
  }
}
