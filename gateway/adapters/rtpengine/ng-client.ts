import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import { giveUpAfter } from "../../core/give-up.js";
import type { Random } from "../../core/random.js";
import { monoMs } from "../../core/time.js";
import { encodeBencode, type Bencodable, type BencodeDictionary } from "./bencode.js";
import { parseNgMessage, textIn } from "./ng-reply.js";

export type NgCommand = { readonly command: string } & Readonly<Record<string, Bencodable | undefined>>;

/** What rtpengine made of a command. */
export type NgOutcome =
  | { readonly kind: "ok"; readonly content: BencodeDictionary }
  /** It knows no such call (any more). */
  | { readonly kind: "unknown-call" }
  /** No ports, or a limit that its operator set. */
  | { readonly kind: "full" }
  /** Any other error. `reason`: its own words. */
  | { readonly kind: "refused"; readonly reason: string };

export interface NgClientDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** After each command. `tookMs` undefined: no answer. */
  onDone?(command: string, outcome: NgOutcome["kind"] | "silent", tookMs: number | undefined): void;
  /** A datagram that is no answer to anything. */
  onStray?(): void;
}

interface Pending {
  readonly resolve: (outcome: NgOutcome) => void;
  readonly fail: (error: GatewayError) => void;
}

/** A UDP datagram over IPv4 at its largest, less its headers. */
const MAX_DATAGRAM_BYTES = 65_507;
/** Shares of the time limit after which a command is sent again. */
const REPEAT_AT = [0.2, 0.5];

/**
 * The ng control protocol to one rtpengine, over UDP: each command has a cookie of its own that nobody can guess, is repeated
 * while it is not answered, and answered once. rtpengine knows repeats by their cookie and carries them out once.
 */
export class NgClient {
  readonly #host: string;
  readonly #port: number;
  readonly #maxPending: number;
  readonly #deps: NgClientDeps;
  readonly #pending = new Map<string, Pending>();
  readonly #prefix: string;
  #commands = 0;
  /** Commands without an answer, those included that wait for the socket. */
  #open = 0;
  #socket: Promise<Socket> | undefined;
  #closed = false;

  constructor(place: { readonly host: string; readonly port: number }, maxPending: number, deps: NgClientDeps) {
    this.#host = place.host;
    this.#port = place.port;
    this.#maxPending = maxPending;
    this.#deps = deps;
    this.#prefix = deps.random.token(8);
  }

  /**
   * @throws GatewayError `media.unavailable`: no answer in time, or no socket. `media.full`: too many commands are open.
   *   `media.rejected`: the command does not fit into a datagram.
   */
  async ask(command: NgCommand, timeoutMs: number): Promise<NgOutcome> {
    const { clock } = this.#deps;
    const startedAt = clock.mono();
    this.#open++;
    try {
      const outcome = await this.#ask(command, timeoutMs);
      this.#deps.onDone?.(command.command, outcome.kind, clock.mono() - startedAt);
      return outcome;
    } catch (error) {
      this.#deps.onDone?.(command.command, "silent", undefined);
      throw error;
    } finally {
      this.#open--;
    }
  }

  async #ask(command: NgCommand, timeoutMs: number): Promise<NgOutcome> {
    if (this.#closed) throw unavailable("the client is closed");
    if (this.#open > this.#maxPending) throw new GatewayError("media.full", "rtpengine: too many commands are open");
    const cookie = `${this.#prefix}${++this.#commands}`;
    const datagram = Buffer.concat([Buffer.from(`${cookie} `, "latin1"), encodeBencode(command)]);
    if (datagram.byteLength > MAX_DATAGRAM_BYTES)
      throw new GatewayError("media.rejected", "rtpengine: command too large");
    const socket = await this.#socketWithin(timeoutMs);
    return new Promise((resolve, reject) => {
      const send = (): void => this.#send(socket, datagram, cookie);
      const timers = this.#schedule(timeoutMs, send, cookie);
      const done = (): void => {
        this.#pending.delete(cookie);
        for (const cancel of timers) cancel();
      };
      this.#pending.set(cookie, {
        resolve: (outcome) => {
          done();
          resolve(outcome);
        },
        fail: (error) => {
          done();
          reject(error);
        },
      });
      send();
    });
  }

  /** A socket that was closed meanwhile, or has no peer, throws: the command is over then. What the network refuses is waited for. */
  #send(socket: Socket, datagram: Buffer, cookie: string): void {
    try {
      socket.send(datagram, ignored);
    } catch (cause) {
      this.#pending.get(cookie)?.fail(unavailable("no socket to it", cause));
    }
  }

  /** Repeats, and the end of waiting. */
  #schedule(timeoutMs: number, again: () => void, cookie: string): readonly (() => void)[] {
    const { clock } = this.#deps;
    const now = clock.mono();
    const at = (ms: number, fn: () => void): (() => void) => clock.callAt(monoMs(now + ms), fn);
    const giveUp = (): void => this.#pending.get(cookie)?.fail(unavailable("no answer"));
    return [...REPEAT_AT.map((share) => at(timeoutMs * share, again)), giveUpAfter(clock, timeoutMs, giveUp)];
  }

  #socketWithin(timeoutMs: number): Promise<Socket> {
    if (this.#socket === undefined) {
      const opening = this.#connect();
      this.#socket = opening;
      opening.catch(() => {
        if (this.#socket === opening) this.#socket = undefined;
      });
    }
    return this.#withLimit(this.#socket, timeoutMs);
  }

  /** A name server that is silent costs no more than an rtpengine that is. */
  #withLimit(opening: Promise<Socket>, timeoutMs: number): Promise<Socket> {
    const { clock } = this.#deps;
    return new Promise((resolve, reject) => {
      const cancel = giveUpAfter(clock, timeoutMs, () => reject(unavailable("name not resolved")));
      opening.then(
        (socket) => {
          cancel();
          resolve(socket);
        },
        (cause: unknown) => {
          cancel();
          reject(unavailable("no socket to it", cause));
        },
      );
    });
  }

  async #connect(): Promise<Socket> {
    const { address, family } = await lookup(this.#host);
    const socket = createSocket(family === 6 ? "udp6" : "udp4");
    socket.unref();
    // Nobody listens there: the kernel says so, and nobody needs to wait.
    socket.on("error", () => this.#failAll("refused"));
    socket.on("message", (datagram) => this.#take(datagram));
    // Connected: what others send to this port does not arrive.
    try {
      await connected(socket, this.#port, address);
    } catch (error) {
      socket.close();
      throw error;
    }
    if (this.#closed) {
      socket.close();
      throw unavailable("the client is closed");
    }
    return socket;
  }

  #take(datagram: Buffer): void {
    const message = parseNgMessage(datagram);
    const pending = message.ok ? this.#pending.get(message.value.cookie) : undefined;
    if (message.ok && pending !== undefined) pending.resolve(outcomeOf(message.value.content));
    else this.#deps.onStray?.();
  }

  #failAll(why: string): void {
    for (const pending of [...this.#pending.values()]) pending.fail(unavailable(why));
  }

  /** Looks the name up anew with the next command: it may have moved. */
  reconnect(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#failAll("reconnecting");
    void socket?.then((opened) => opened.close(), ignored);
  }

  /** Safe to call twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.reconnect();
  }
}

function connected(socket: Socket, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    // Called with an error where there is no route or no permission; @types/node does not know that.
    const onConnect = (error?: Error): void => {
      socket.off("error", reject);
      if (error === undefined) resolve();
      else reject(error);
    };
    socket.connect(port, address, onConnect);
  });
}

function outcomeOf(content: BencodeDictionary): NgOutcome {
  const result = textIn(content, "result");
  if (result === "ok" || result === "pong") return { kind: "ok", content };
  if (result === "load limit") return { kind: "full" };
  const reason = textIn(content, "error-reason").slice(0, 200);
  if (/unknown call/i.test(reason)) return { kind: "unknown-call" };
  return /\bports?\b|limit/i.test(reason) ? { kind: "full" } : { kind: "refused", reason };
}

const ignored = (): void => undefined;
const unavailable = (why: string, cause?: unknown): GatewayError =>
  new GatewayError("media.unavailable", `rtpengine: ${why}`, { cause });
