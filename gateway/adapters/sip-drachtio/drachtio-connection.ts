import type { Socket } from "node:net";
import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import { monoMs } from "../../core/time.js";
import type { LinkTimes, ServerAddress } from "./drachtio-options.js";
import { FrameQueue, SERVER_LIMITS } from "./frame-queue.js";
import { FrameReader } from "./frame-reader.js";
import { readServerMessage, type Delivery, type ServerAnswer } from "./server-message.js";
import { createWireProtocol, type WireProtocol } from "./wire-protocol.js";

export interface ConnectionUser {
  onDelivery(delivery: Delivery): void;
  /** Once, after `open` has succeeded; before the answers that are waited for are reported as missing. */
  onLost(error: GatewayError): void;
  onFault(fault: unknown): void;
}

/** Undefined: the connection was lost first. */
export type OnAnswer = (answer: ServerAnswer | undefined) => void;

interface Pending {
  readonly onAnswer: OnAnswer;
  readonly sentAt: number;
  readonly queued: boolean;
}

/** Largest payload that is taken from the server: the largest body the gateway takes, its header and META. */
const MAX_PAYLOAD_BYTES = 1_200_000;
/** Frames handled in one turn of the event loop; the socket waits meanwhile. */
const FRAMES_A_TURN = 64;
/** Commands under way. More are refused. */
const MAX_PENDING = 50_000;

/** One connection to a drachtio-server from connecting to its loss: frames, message ids, answers. Never comes back by itself. */
export class DrachtioConnection {
  readonly #server: ServerAddress;
  readonly #times: Required<LinkTimes>;
  readonly #clock: Clock;
  readonly #newId: () => string;
  readonly #user: ConnectionUser;
  readonly #protocol: WireProtocol = createWireProtocol();
  readonly #reader = new FrameReader(MAX_PAYLOAD_BYTES);
  readonly #queue = new FrameQueue(SERVER_LIMITS, (frame) => this.#socket?.write(frame) ?? true);
  /** In the order of sending. */
  readonly #pending = new Map<string, Pending>();
  #socket: Socket | undefined;
  #opened = false;
  #over = false;
  #rejectOpen: ((error: GatewayError) => void) | undefined;
  #stopTimer: () => void = () => undefined;

  constructor(
    server: ServerAddress,
    times: Required<LinkTimes>,
    deps: { readonly clock: Clock; readonly newId: () => string; readonly user: ConnectionUser },
  ) {
    this.#server = server;
    this.#times = times;
    this.#clock = deps.clock;
    this.#newId = deps.newId;
    this.#user = deps.user;
  }

  /** Connects and authenticates. @returns What the server said to it. @throws GatewayError `sip.engine` */
  open(): Promise<ServerAnswer> {
    const { host, port, tls } = this.#server;
    return new Promise<ServerAnswer>((resolve, reject) => {
      this.#rejectOpen = reject;
      this.#later(this.#times.connectTimeoutMs, () => this.#lose("did not answer in time"));
      this.#protocol.on("error", (error) => this.#lose(error.message, error));
      this.#protocol.on("close", () => this.#lose("closed the connection"));
      this.#protocol.on("connect", (socket) => {
        if (this.#over) {
          socket.destroy();
          return;
        }
        this.#take(socket);
        // The secret is for the server that the certificate names.
        if (tls === undefined) this.#authenticate(resolve);
        else socket.once("secureConnect", () => this.#authenticate(resolve));
      });
      // One attempt: its own way of coming back forgets TLS.
      const reconnect = { maxAttempts: 1 };
      this.#protocol.connect(tls === undefined ? { host, port, reconnect } : { host, port, tls, reconnect });
    });
  }

  /** A session command: `route|invite`, `ping`. */
  command(text: string, onAnswer: OnAnswer): void {
    if (this.#socket === undefined || this.#over) onAnswer(undefined);
    else this.#expect(this.#protocol.send(this.#socket, text), onAnswer, false);
  }

  /**
   * A command that carries a SIP message. `meta` without message id: `sip|…`.
   * @returns False: nothing was sent and nothing will be reported (too large for the server, queue full, connection gone).
   */
  send(meta: string, sip: Buffer, onAnswer: OnAnswer): boolean {
    if (this.#over || !this.#opened || this.#pending.size >= MAX_PENDING) return false;
    const id = this.#newId();
    const head = Buffer.from(`${id}|${meta}\r\n`, "latin1");
    const length = Buffer.from(`${head.length + sip.length}#`, "latin1");
    // Before it is sent: over an in-memory socket the answer is there before `push` returns.
    this.#expect(id, onAnswer, true);
    if (this.#queue.push(Buffer.concat([length, head, sip]))) return true;
    this.#pending.delete(id);
    return false;
  }

  close(): void {
    this.#finish(undefined);
  }

  /** The library's own data handler throws at a bad frame and reads bytes as UTF-8. */
  #take(socket: Socket): void {
    this.#socket = socket;
    socket.removeAllListeners("data");
    socket.on("data", (chunk: Buffer) => {
      this.#reader.push(chunk);
      this.#read();
    });
    socket.on("drain", () => this.#queue.unblock());
  }

  #authenticate(onOpen: (answer: ServerAnswer) => void): void {
    this.command(`authenticate|${this.#server.secret}|`, (answer) => {
      if (answer === undefined) return;
      if (!answer.ok) {
        this.#lose(`refused us: ${answer.reason}`);
        return;
      }
      this.#opened = true;
      this.#rejectOpen = undefined;
      this.#watch();
      onOpen(answer);
    });
  }

  /** @returns False: the rest is read in another turn. */
  #read(): boolean {
    for (let i = 0; i < FRAMES_A_TURN; i++) {
      if (this.#over) return true;
      const frame = this.#reader.next();
      if (!frame.ok) {
        this.#lose(`sent what cannot be read (${frame.error.code})`);
        return true;
      }
      if (frame.value === undefined) return true;
      this.#onPayload(frame.value);
    }
    this.#socket?.pause();
    setImmediate(() => {
      if (this.#read()) this.#socket?.resume();
    });
    return false;
  }

  #onPayload(payload: Buffer): void {
    const read = readServerMessage(payload);
    if (!read.ok) {
      this.#lose(`sent what cannot be read (${read.error.code})`);
      return;
    }
    const message = read.value;
    try {
      if (message.kind === "answer") this.#onAnswer(message);
      else if (message.kind === "sip" && this.#opened) this.#user.onDelivery(message);
    } catch (fault) {
      this.#user.onFault(fault);
    }
  }

  #onAnswer(answer: ServerAnswer): void {
    const pending = this.#pending.get(answer.to);
    if (pending === undefined) return;
    this.#pending.delete(answer.to);
    try {
      pending.onAnswer(answer);
    } finally {
      if (pending.queued) this.#queue.answered();
    }
  }

  #expect(id: string, onAnswer: OnAnswer, queued: boolean): void {
    this.#pending.set(id, { onAnswer, sentAt: this.#clock.mono(), queued });
  }

  /** A server that is alive answers every command at once; the ping makes sure that there is one. */
  #watch(): void {
    const { pingIntervalMs, answerTimeoutMs } = this.#times;
    let nextPingAt = this.#clock.mono() + pingIntervalMs;
    const check = (): void => {
      const now = this.#clock.mono();
      const oldest = this.#pending.values().next().value;
      if (oldest !== undefined && now - oldest.sentAt >= answerTimeoutMs) {
        this.#lose("does not answer any more");
        return;
      }
      if (now >= nextPingAt) {
        nextPingAt = now + pingIntervalMs;
        this.command("ping", () => undefined);
      }
      this.#later(Math.min(1000, pingIntervalMs, answerTimeoutMs), check);
    };
    check();
  }

  #later(ms: number, fn: () => void): void {
    this.#stopTimer();
    this.#stopTimer = this.#clock.callAt(monoMs(this.#clock.mono() + ms), fn);
  }

  #lose(what: string, cause?: unknown): void {
    this.#finish(new GatewayError("sip.engine", `drachtio-server ${what}`, cause === undefined ? {} : { cause }));
  }

  #finish(error: GatewayError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopTimer();
    this.#socket?.destroy();
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    const reject = this.#rejectOpen;
    this.#rejectOpen = undefined;
    if (reject !== undefined) reject(error ?? new GatewayError("sip.engine", "closed while connecting"));
    else if (error !== undefined && this.#opened) this.#guarded(() => this.#user.onLost(error));
    for (const { onAnswer } of waiting) this.#guarded(() => onAnswer(undefined));
  }

  #guarded(fn: () => void): void {
    try {
      fn();
    } catch (fault) {
      this.#user.onFault(fault);
    }
  }
}
