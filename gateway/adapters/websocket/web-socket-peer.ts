import { WebSocket, type RawData } from "ws";
import type { Clock } from "../../core/clock.js";
import { monoMs } from "../../core/time.js";
import type { WebSocketLimits, WebSocketPeer, WebSocketUser } from "../../ports/web-socket.js";

/** A peer that does not answer our close by then is cut off, ms. */
const CLOSE_MS = 2_000;
/** RFC 6455 §5.5: 125 bytes with the code. */
const MAX_REASON_BYTES = 123;
const NORMAL = 1000;

/**
 * An open socket of `ws` as the port has it. `maxMessageBytes` must have been given to `ws` too (`maxPayload`): it closes with 1009.
 * Attach it in the turn in which the socket opens, else its first messages are lost.
 */
export class WsPeer implements WebSocketPeer {
  readonly #socket: WebSocket;
  readonly #limits: WebSocketLimits;
  readonly #clock: Clock;
  #user: WebSocketUser | undefined;
  #heardAt: number;
  #cancelPing = (): void => undefined;
  #cancelCut = (): void => undefined;

  constructor(socket: WebSocket, limits: WebSocketLimits, clock: Clock) {
    this.#socket = socket;
    this.#limits = limits;
    this.#clock = clock;
    this.#heardAt = clock.mono();
  }

  /** From now on the user is told what comes. */
  attach(user: WebSocketUser): void {
    this.#user = user;
    const socket = this.#socket;
    socket.on("message", (data, isBinary) => this.#onMessage(data, isBinary));
    socket.on("pong", () => (this.#heardAt = this.#clock.mono()));
    // `close` follows and says as much as we need to know.
    socket.on("error", () => undefined);
    socket.on("close", (code, reason) => this.#onClose(code, reason.toString("utf8")));
    if (this.#limits.pingMs > 0) this.#pingLater();
  }

  get heardAtMs(): number {
    return this.#heardAt;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send(data: string | Uint8Array): boolean {
    const socket = this.#socket;
    if (socket.readyState !== WebSocket.OPEN) return false;
    const sizeBytes = typeof data === "string" ? Buffer.byteLength(data) : data.byteLength;
    if (socket.bufferedAmount + sizeBytes > this.#limits.maxBufferedBytes) return false;
    // A copy: ws may keep what it is given until the kernel takes it, and the caller may write over it at once.
    socket.send(typeof data === "string" ? data : Buffer.from(data));
    return true;
  }

  pause(): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(code = NORMAL, reason = ""): void {
    const socket = this.#socket;
    if (socket.readyState !== WebSocket.OPEN) return;
    // The peer's answer has to be read.
    socket.resume();
    socket.close(isSendable(code) ? code : NORMAL, shorten(reason));
    this.#cancelCut = this.#clock.callAt(monoMs(this.#clock.mono() + CLOSE_MS), () => socket.terminate());
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    this.#heardAt = this.#clock.mono();
    const bytes = bytesOf(data);
    if (isBinary) this.#user?.onBinary?.(bytes);
    else this.#user?.onText?.(bytes.toString("utf8"));
  }

  #onClose(code: number, reason: string): void {
    this.#cancelPing();
    this.#cancelCut();
    const user = this.#user;
    this.#user = undefined;
    user?.onClose(code, reason);
  }

  #pingLater(): void {
    const { pingMs } = this.#limits;
    this.#cancelPing = this.#clock.callAt(monoMs(this.#clock.mono() + pingMs), () => {
      if (this.#clock.mono() - this.#heardAt > 2 * pingMs) {
        this.#socket.terminate();
        return;
      }
      if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
      this.#pingLater();
    });
  }
}

function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

/** RFC 6455 §7.4: those that may stand in a close frame. */
function isSendable(code: number): boolean {
  return (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999);
}

function shorten(reason: string): string {
  const bytes = Buffer.from(reason);
  if (bytes.byteLength <= MAX_REASON_BYTES) return reason;
  return new TextDecoder().decode(bytes.subarray(0, MAX_REASON_BYTES), { stream: true });
}
