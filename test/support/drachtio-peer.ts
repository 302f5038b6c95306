import { randomUUID } from "node:crypto";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** One message of the client's: META taken apart, and the SIP text where there is one (one character a byte). */
export interface PeerCommand {
  readonly id: string;
  readonly type: string;
  /** After the type: for `sip` transaction id, dialog id, next hop. */
  readonly fields: readonly string[];
  readonly sip: string;
}

export interface PeerOptions {
  readonly secret?: string;
  /** `proto/ip:port` list of the answer to authenticate. */
  readonly hostPorts?: string;
  readonly version?: string;
}

type Wanted = string | ((command: PeerCommand) => boolean);

/**
 * The server's end of drachtio's wire protocol (as of drachtio-server 0.9.10) on a TCP port that the kernel chooses. Session
 * commands are answered; what carries SIP is the test's affair (`next`), or that of `onSip`.
 */
export class DrachtioPeer {
  readonly port: number;
  readonly #server: Server;
  readonly #options: Required<PeerOptions>;
  /** Everything that came, in order. */
  readonly commands: PeerCommand[] = [];
  readonly routes = new Set<string>();
  /** False: pings, routes and the rest stay without an answer. */
  answers = true;
  connections = 0;
  onSip: ((command: PeerCommand) => void) | undefined;
  #socket: Socket | undefined;
  #seen = 0;
  #wake: () => void = () => undefined;

  private constructor(server: Server, options: Required<PeerOptions>, event: string) {
    this.#server = server;
    this.#options = options;
    this.port = (server.address() as AddressInfo).port;
    server.on(event, (socket: Socket) => this.#take(socket));
  }

  /** @param event `secureConnection` for a TLS server. */
  static async open(
    options: PeerOptions = {},
    server: Server = createServer(),
    port = 0,
    event = "connection",
  ): Promise<DrachtioPeer> {
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    const defaults = { secret: "cymru", hostPorts: "udp/127.0.0.1:5060,tcp/127.0.0.1:5060", version: "v0.9.10" };
    return new DrachtioPeer(server, { ...defaults, ...options }, event);
  }

  /** The next `sip` command not asked for yet: whose start line begins so, or that fits. */
  async next(wanted: Wanted, withinMs = 15_000): Promise<PeerCommand> {
    // The timer decides, not a clock: a timer may fire a little before the clock agrees, and does so once.
    const time = { isUp: false };
    const limit = setTimeout(() => {
      time.isUp = true;
      this.#wake();
    }, withinMs);
    const passed: string[] = [];
    try {
      for (;;) {
        const command = this.commands[this.#seen];
        if (command === undefined) {
          if (time.isUp) throw new Error(`no ${String(wanted)} within ${withinMs} ms; came: ${passed.join(" | ")}`);
          await new Promise<void>((resolve) => (this.#wake = resolve));
          continue;
        }
        this.#seen++;
        const fits = typeof wanted === "string" ? `${command.sip}${command.type}`.startsWith(wanted) : wanted(command);
        if (fits) return command;
        passed.push(`${command.type} ${command.sip.split("\r\n", 1)[0]!}`);
      }
    } finally {
      clearTimeout(limit);
    }
  }

  /** `sip`: a message from the network. `fields` follow the time: transaction id, dialog id, local address and port. */
  deliver(sip: string, fields: readonly string[], from: PeerSource = {}): void {
    this.write(frame(["sip", ...sourceFields(from, sip), ...fields, ""], sip));
  }

  /** The answer to a command that sent a request, with the request as sent. */
  sentRequest(command: PeerCommand, transactionId: string, sip = command.sip): void {
    const where = ["OK", "application", String(sip.length), "udp", "127.0.0.1", "5060", TIME];
    this.write(frame(["response", command.id, ...where, transactionId, "Msg sent:", ""], sip));
  }

  /** The answer to a command that sent a response, with the response as sent. */
  sentResponse(command: PeerCommand, dialogId: string, sip = command.sip): void {
    const where = ["OK", "application", String(sip.length), "udp", "127.0.0.1", "5060", TIME];
    const names = [command.fields[0] ?? "", dialogId, ""];
    this.write(frame(["response", command.id, ...where, ...names, "Msg sent:", ""], sip));
  }

  refuse(command: PeerCommand, text: string): void {
    this.write(frame(["response", command.id, "NOK", text]));
  }

  /** Bytes as they are. */
  write(bytes: Buffer): void {
    this.#socket?.write(bytes);
  }

  /** Cuts the connection; the client may come back. */
  drop(): void {
    this.#socket?.destroy();
  }

  get isDropped(): boolean {
    return this.#socket?.destroyed === true;
  }

  /** What the client had to say by itself has come: two round trips of other work. */
  async quiet(): Promise<void> {
    for (let i = 0; i < 10; i++) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  async close(): Promise<void> {
    this.#socket?.destroy();
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
  }

  #take(socket: Socket): void {
    this.connections++;
    this.#socket = socket;
    this.routes.clear();
    let rest = Buffer.alloc(0);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        const hash = rest.indexOf("#");
        if (hash < 0) return;
        const end = hash + 1 + Number(rest.toString("latin1", 0, hash));
        if (rest.length < end) return;
        const payload = rest.toString("latin1", hash + 1, end);
        rest = rest.subarray(end);
        this.#onPayload(payload);
      }
    });
  }

  #onPayload(payload: string): void {
    const cr = payload.indexOf("\r\n");
    const meta = (cr < 0 ? payload : payload.slice(0, cr)).split("|");
    const [id = "", type = "", ...fields] = meta;
    const command = { id, type, fields, sip: cr < 0 ? "" : payload.slice(cr + 2) };
    this.commands.push(command);
    this.#wake();
    if (type === "sip") this.onSip?.(command);
    else if (this.answers) this.#session(command);
  }

  #session({ id, type, fields }: PeerCommand): void {
    const { secret, hostPorts, version } = this.#options;
    const answer = (...more: string[]): void => this.write(frame(["response", id, ...more]));
    if (type === "authenticate" && fields[0] !== secret) {
      answer("NO", "incorrect secret");
      this.#socket?.end();
    } else if (type === "authenticate") answer("OK", hostPorts, version, hostPorts);
    else if (type === "route") {
      this.routes.add(fields[0] ?? "");
      answer("OK");
    } else if (type === "ping") answer("OK", "pong");
    else answer("NO", "Unknown message type");
  }
}

export interface PeerSource {
  readonly source?: "network" | "application";
  readonly address?: string;
  readonly port?: number;
  /** A response that the server has made up. */
  readonly madeUp?: boolean;
}

const TIME = "12:00:00.000000";

function sourceFields({ source = "network", address = "192.0.2.9", port = 5060, madeUp }: PeerSource, sip: string) {
  if (madeUp === true) return [source, "0", "udp", "", "0", TIME];
  return [source, String(sip.length), "udp", address, String(port), TIME];
}

/** `LENGTH#msgId|META`, and SIP after CRLF. */
export function frame(fields: readonly string[], sip?: string): Buffer {
  const meta = [randomUUID(), ...fields].join("|");
  const payload = Buffer.from(sip === undefined ? meta : `${meta}\r\n${sip}`, "latin1");
  return Buffer.concat([Buffer.from(`${payload.length}#`), payload]);
}
