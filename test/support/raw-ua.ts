import { createSocket, type Socket } from "node:dgram";
import { rawRequest, rawResponse, startLineOf, type RawRequest } from "./raw-message.js";

/** Nobody waits so long where all is well; it only bounds what a fault costs. Loaded machines are slow. */
export const WITHIN_MS = 20_000;

/** What a message that is waited for must look like. */
type Wanted = string | RegExp | ((message: string) => boolean);

/** A SIP telephone on a UDP port of its own that says exactly what a test makes it say. */
export class RawUa {
  readonly port: number;
  readonly #socket: Socket;
  #remote: { readonly address: string; readonly port: number };
  readonly #host: string;
  /** Come, and not asked for yet. */
  readonly #waiting: string[] = [];
  #wake: () => void = () => undefined;

  private constructor(socket: Socket, remote: { readonly address: string; readonly port: number }) {
    this.#socket = socket;
    this.#remote = remote;
    this.port = socket.address().port;
    this.#host = socket.address().address;
    socket.on("message", (bytes) => {
      this.#waiting.push(bytes.toString("latin1"));
      this.#wake();
    });
  }

  /** @param remote Where the endpoint listens. */
  static async open(
    remote: { readonly address: string; readonly port: number },
    bindAddress = "127.0.0.1",
  ): Promise<RawUa> {
    const socket = createSocket(bindAddress.includes(":") ? "udp6" : "udp4");
    await new Promise<void>((resolve) => socket.bind(0, bindAddress, resolve));
    return new RawUa(socket, remote);
  }

  /** For a telephone that had to be there before the endpoint. */
  talkTo(remote: { readonly address: string; readonly port: number }): void {
    this.#remote = remote;
  }

  /** `127.0.0.1:port`, for Via, Contact and targets. */
  get address(): string {
    return `${this.#host.includes(":") ? `[${this.#host}]` : this.#host}:${this.port}`;
  }

  /** What has come and was not asked for yet; it is dropped. */
  drop(): readonly string[] {
    return this.#waiting.splice(0);
  }

  send(text: string): void {
    this.#socket.send(Buffer.from(text, "latin1"), this.#remote.port, this.#remote.address);
  }

  /** Sends a request towards the endpoint; Via, Contact and Request-URI fit. @returns It, as sent. */
  request(request: Omit<RawRequest, "via">): string {
    const text = rawRequest({
      uri: `sip:+12025550102@${hostOf(this.#remote.address)}:${this.#remote.port}`,
      ...request,
      via: this.address,
    });
    this.send(text);
    return text;
  }

  respond(request: string, status: number, options: Parameters<typeof rawResponse>[2] = {}): void {
    this.send(
      rawResponse(request, status, {
        ...options,
        headers: [`Contact: <sip:raw@${this.address}>`, ...(options.headers ?? [])],
      }),
    );
  }

  /**
   * The next message whose start line begins so (or that fits); others that came before it are put aside and dropped.
   * Fails with what did come when it does not come within `withinMs`, or before `given` is aborted.
   */
  async receive(wanted: Wanted, withinMs = WITHIN_MS, given?: AbortSignal): Promise<string> {
    const passed: string[] = [];
    // The timer decides, not a clock: a timer may fire a little before the clock agrees, and does so once.
    const time = { isUp: given?.aborted === true };
    const giveUp = (): void => {
      time.isUp = true;
      this.#wake();
    };
    const limit = setTimeout(giveUp, withinMs);
    given?.addEventListener("abort", giveUp);
    try {
      for (;;) {
        const message = this.#waiting.shift();
        if (message === undefined) {
          if (time.isUp) throw new Error(`no ${String(wanted)} within ${withinMs} ms; came: ${passed.join(" | ")}`);
          await new Promise<void>((resolve) => (this.#wake = resolve));
        } else if (fits(message, wanted)) return message;
        else passed.push(startLineOf(message));
      }
    } finally {
      clearTimeout(limit);
      given?.removeEventListener("abort", giveUp);
    }
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }
}

const hostOf = (address: string): string => (address.includes(":") ? `[${address}]` : address);

function fits(message: string, wanted: Wanted): boolean {
  if (typeof wanted === "string") return message.startsWith(wanted);
  return wanted instanceof RegExp ? wanted.test(message) : wanted(message);
}
