import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { GatewayError } from "../../../core/errors.js";
import type { MonoMs } from "../../../core/time.js";
import type { SipSource } from "../../../ports/sip-endpoint.js";
import { StreamFramer, type FramingError } from "./stream-framer.js";
import type { StreamOptions } from "./transport-options.js";
import type { Listener } from "./transport.js";

/** `retriable`: the connection was lost, another one may do; otherwise the peer does not read what it is sent. */
export type StreamFailure = (error: Error, retriable: boolean) => void;

export interface ConnectionOwner {
  now(): MonoMs;
  onMessage(connection: StreamConnection, bytes: Buffer): void;
  /** @returns What to say before the connection is closed. */
  onUnframeable(connection: StreamConnection, bytes: Buffer, why: FramingError): Uint8Array | undefined;
  onClosed(connection: StreamConnection): void;
}

export interface ConnectionFacts {
  readonly id: number;
  /** Under which requests find it again. */
  readonly key: string;
  readonly accepted: boolean;
  readonly listener: Listener;
  readonly source: SipSource;
}

const CRLF = Buffer.from("\r\n", "latin1");
const PING = Buffer.from("\r\n\r\n", "latin1");
/** After an unframeable message: time for our answer to arrive before the connection is cut. */
const LINGER_MS = 1000;
/** A connection on which no message ever came is not worth `idleMs`. */
const FIRST_MESSAGE_MS = 60_000;

/** One TCP or TLS connection, opened by us or accepted. Its deadlines are looked at by `check`, not by timers of its own. */
export class StreamConnection {
  readonly facts: ConnectionFacts;
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #options: StreamOptions;
  readonly #framer: StreamFramer;
  #connectBy: number | undefined;
  /** Until the connection is up and the peer's certificate checked: Node would send these before its verdict. */
  #waiting: { readonly bytes: Uint8Array; readonly onFailure: StreamFailure }[] = [];
  #waitingBytes = 0;
  #lingerUntil: number | undefined;
  #partialSince = 0;
  #messages = 0;
  #lastUseAt: number;
  #lastByteAt: number;
  #pingedAt: number | undefined;
  #peerAnswersPings = false;
  #lineEnds = 0;
  #closed = false;

  constructor(socket: Socket, facts: ConnectionFacts, owner: ConnectionOwner, options: StreamOptions) {
    this.#socket = socket;
    this.facts = facts;
    this.#owner = owner;
    this.#options = options;
    this.#framer = new StreamFramer(options.maxHeadBytes, options.maxBodyBytes);
    const now = owner.now();
    this.#lastUseAt = now;
    this.#lastByteAt = now;
    if (!facts.accepted) {
      this.#connectBy = now + options.connectTimeoutMs;
      socket.once(socket instanceof TLSSocket ? "secureConnect" : "connect", () => this.#onConnected());
    }
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("error", () => undefined); // `close` follows, and every waiting write hears of it
    socket.on("close", () => this.#onClose());
  }

  get open(): boolean {
    return !this.#closed && !this.#socket.destroyed && this.#socket.writable && this.#lingerUntil === undefined;
  }

  get tls(): TLSSocket | undefined {
    return this.#socket instanceof TLSSocket ? this.#socket : undefined;
  }

  send(bytes: Uint8Array, onFailure: StreamFailure): void {
    if (this.#socket.writableLength + this.#waitingBytes + bytes.byteLength > this.#options.maxQueuedBytes) {
      queueMicrotask(() => onFailure(failure("the peer does not read: send queue full"), false));
      this.#socket.destroy();
      return;
    }
    if (this.#connectBy === undefined) {
      this.#write(bytes, onFailure);
      return;
    }
    this.#waiting.push({ bytes, onFailure });
    this.#waitingBytes += bytes.byteLength;
  }

  /** Carries out whatever is due: time-outs, idle close, ping. */
  check(now: MonoMs): void {
    const { partialMessageMs, idleMs, pongTimeoutMs } = this.#options;
    if (this.#connectBy !== undefined) {
      if (now >= this.#connectBy) this.#socket.destroy(failure("no connection in time"));
      return;
    }
    const idleLimit = this.facts.accepted && this.#messages === 0 ? Math.min(idleMs, FIRST_MESSAGE_MS) : idleMs;
    const lost = this.#pingedAt !== undefined && this.#peerAnswersPings && now - this.#pingedAt >= pongTimeoutMs;
    const tooSlow = this.#framer.partial && now - this.#partialSince >= partialMessageMs;
    const lingered = this.#lingerUntil !== undefined && now >= this.#lingerUntil;
    if (lost || tooSlow || lingered) this.#socket.destroy();
    else if (now - this.#lastUseAt >= idleLimit) this.#socket.destroySoon();
    else this.#pingIfQuiet(now);
  }

  /** Lets what was written leave, then closes. */
  end(): void {
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #write(bytes: Uint8Array, onFailure: StreamFailure): void {
    this.#lastUseAt = this.#owner.now();
    this.#socket.write(bytes, (error) => {
      if (error instanceof Error) onFailure(this.#lost(error), true);
    });
  }

  #lost(cause?: Error): GatewayError {
    const error = this.#socket.errored ?? cause;
    return error === undefined ? failure("connection closed") : failure(`connection lost: ${reasonOf(error)}`, error);
  }

  #onConnected(): void {
    this.#connectBy = undefined;
    const waiting = this.#takeWaiting();
    for (const { bytes, onFailure } of waiting) this.#write(bytes, onFailure);
  }

  #takeWaiting(): readonly { readonly bytes: Uint8Array; readonly onFailure: StreamFailure }[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    return waiting;
  }

  #pingIfQuiet(now: MonoMs): void {
    const { pingIntervalMs } = this.#options;
    if (this.facts.accepted || pingIntervalMs === 0 || this.#pingedAt !== undefined || !this.open) return;
    if (now - Math.max(this.#lastUseAt, this.#lastByteAt) < pingIntervalMs) return;
    this.#pingedAt = now;
    this.#socket.write(PING);
  }

  #read(chunk: Buffer): void {
    if (this.#lingerUntil !== undefined) return;
    const now = this.#owner.now();
    this.#lastByteAt = now;
    const before = this.#messages;
    const wasPartial = this.#framer.partial;
    const error = this.#framer.push(chunk, this);
    if (error !== undefined) this.#refuse(error, now);
    else if (this.#framer.partial && (!wasPartial || this.#messages !== before)) this.#partialSince = now;
  }

  /** From the framer. */
  onMessage(bytes: Buffer): void {
    this.#messages++;
    this.#lineEnds = 0;
    this.#lastUseAt = this.#lastByteAt;
    if (!this.#closed) this.#owner.onMessage(this, bytes);
  }

  /** From the framer. RFC 5626 §4.4.1: two in a row ask for one back. */
  onLineEnd(): void {
    if (this.#pingedAt !== undefined) {
      this.#pingedAt = undefined;
      this.#peerAnswersPings = true;
      this.#lineEnds = 0;
      return;
    }
    if (++this.#lineEnds < 2) return;
    this.#lineEnds = 0;
    if (this.#messages > 0) this.#lastUseAt = this.#lastByteAt;
    if (this.#socket.writableLength < this.#options.maxQueuedBytes) this.#socket.write(CRLF);
  }

  #refuse(why: FramingError, now: MonoMs): void {
    const reply = this.#owner.onUnframeable(this, this.#framer.unfinished, why);
    this.#lingerUntil = now + LINGER_MS;
    if (reply === undefined) this.#socket.destroy();
    else this.#socket.end(reply);
  }

  #onClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#owner.onClosed(this);
    // It never came up: another attempt right away would end in the same way.
    for (const { onFailure } of this.#takeWaiting()) onFailure(this.#lost(), false);
  }
}

const failure = (message: string, cause?: Error): GatewayError =>
  new GatewayError("sip.transport", message, cause === undefined ? undefined : { cause });

const reasonOf = (error: Error): string =>
  error instanceof GatewayError ? error.message : ((error as NodeJS.ErrnoException).code ?? error.message);
