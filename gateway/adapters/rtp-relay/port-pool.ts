import { fail, ok, type Result } from "../../core/result.js";
import type { DatagramIo, OpenFailure, OpenSocket } from "./io/datagram-io.js";

/** RTP on an even port, RTCP on the odd one after it. RFC 3550 §11 */
export interface PortPair {
  readonly address: string;
  readonly rtp: OpenSocket;
  readonly rtcp: OpenSocket;
}

export interface PortPoolOptions {
  /** First and last port; 0 and 0: the system chooses. */
  readonly from: number;
  readonly to: number;
  /** A pair that was given back is not given out for so long, ms: what is still sent there belongs to a call that is over. */
  readonly quarantineMs: number;
  /** 0 ≤ n < 1: the order of the ports, so that the next one cannot be guessed. */
  readonly random: () => number;
}

export interface NoPort {
  /** `full`: all are in use or in quarantine, or the process may open no more files. `address`: not one of this machine's. */
  readonly code: "full" | "address";
  readonly reason: string;
}

/** Pairs that others hold are skipped; so many in one search at most. */
const MAX_SKIPPED = 256;
const MAX_REMEMBERED = 4_096;

/** Pairs of ports on one address. */
export class PortPool {
  readonly #io: DatagramIo;
  readonly #address: string;
  readonly #options: PortPoolOptions;
  /** Even ports that are free, the longest free first. A ring. */
  readonly #free: Uint16Array;
  readonly #readyAtMs: Float64Array;
  #head = 0;
  #count: number;
  /** Where the system chooses: ports of calls that were over a moment ago. */
  readonly #recent = new Map<number, number>();

  constructor(io: DatagramIo, address: string, options: PortPoolOptions) {
    this.#io = io;
    this.#address = address;
    this.#options = options;
    const ports = options.to === 0 ? [] : evenPorts(options.from, options.to);
    shuffle(ports, options.random);
    this.#free = Uint16Array.from(ports);
    this.#readyAtMs = new Float64Array(ports.length);
    this.#count = ports.length;
  }

  /** Pairs that could be given out, quarantine left aside; undefined where the system chooses. */
  get free(): number | undefined {
    return this.#options.to === 0 ? undefined : this.#count;
  }

  /** Both sockets are open when it has been resolved. */
  async take(nowMs: number): Promise<Result<PortPair, NoPort>> {
    return this.#options.to === 0 ? this.#takeAny(nowMs) : this.#takeOfRange(nowMs);
  }

  /** The pair of that RTP port, which an earlier worker had: calls go on there. */
  async takeAgain(port: number): Promise<Result<PortPair, NoPort>> {
    const wasFree = this.#remove(port);
    const pair = await this.#open(port);
    if (pair.ok) return pair;
    if (wasFree) this.#push(port, 0);
    return fail(noPort(pair.error));
  }

  /** Closes both sockets. */
  give(pair: PortPair, nowMs: number): void {
    this.#io.close(pair.rtp.socket);
    this.#io.close(pair.rtcp.socket);
    const readyAtMs = nowMs + this.#options.quarantineMs;
    if (this.#options.to !== 0) this.#push(pair.rtp.port, readyAtMs);
    else {
      if (this.#recent.size >= MAX_REMEMBERED) this.#recent.clear();
      this.#recent.set(pair.rtp.port, readyAtMs);
    }
  }

  async #takeOfRange(nowMs: number): Promise<Result<PortPair, NoPort>> {
    const most = Math.min(MAX_SKIPPED, this.#count);
    for (let i = 0; i < most; i++) {
      const port = this.#shift(nowMs);
      if (port === undefined) break;
      const pair = await this.#open(port);
      if (pair.ok) return pair;
      // Somebody else's for now: asked for again when all others have been.
      this.#push(port, pair.error.code === "in-use" ? nowMs : 0);
      if (pair.error.code !== "in-use") return fail(noPort(pair.error));
    }
    return fail({ code: "full", reason: "every port of the range is in use, or was a moment ago" });
  }

  async #takeAny(nowMs: number): Promise<Result<PortPair, NoPort>> {
    for (let i = 0; i < MAX_SKIPPED; i++) {
      const first = await this.#io.open(this.#address, 0);
      if (!first.ok) return fail(noPort(first.error));
      const { port } = first.value;
      const isEven = (port & 1) === 0;
      const second = await this.#io.open(this.#address, port ^ 1);
      const isFresh = (this.#recent.get(port & ~1) ?? 0) <= nowMs;
      if (second.ok && isFresh) {
        const [rtp, rtcp] = isEven ? [first.value, second.value] : [second.value, first.value];
        return ok({ address: this.#address, rtp, rtcp });
      }
      this.#io.close(first.value.socket);
      if (second.ok) this.#io.close(second.value.socket);
    }
    return fail({ code: "full", reason: "the system has no two ports side by side" });
  }

  async #open(port: number): Promise<Result<PortPair, OpenFailure>> {
    const rtp = await this.#io.open(this.#address, port);
    if (!rtp.ok) return rtp;
    const rtcp = await this.#io.open(this.#address, port + 1);
    if (rtcp.ok) return ok({ address: this.#address, rtp: rtp.value, rtcp: rtcp.value });
    this.#io.close(rtp.value.socket);
    return rtcp;
  }

  /** @returns Whether it was free. */
  #remove(port: number): boolean {
    for (let i = 0; i < this.#count; i++) {
      const at = (this.#head + i) % this.#free.length;
      if (this.#free[at] !== port) continue;
      this.#free[at] = this.#free[this.#head] ?? 0;
      this.#readyAtMs[at] = this.#readyAtMs[this.#head] ?? 0;
      this.#head = (this.#head + 1) % this.#free.length;
      this.#count--;
      return true;
    }
    return false;
  }

  #shift(nowMs: number): number | undefined {
    if (this.#count === 0 || (this.#readyAtMs[this.#head] ?? 0) > nowMs) return undefined;
    const port = this.#free[this.#head];
    this.#head = (this.#head + 1) % this.#free.length;
    this.#count--;
    return port;
  }

  #push(port: number, readyAtMs: number): void {
    const tail = (this.#head + this.#count) % this.#free.length;
    this.#free[tail] = port;
    this.#readyAtMs[tail] = readyAtMs;
    this.#count++;
  }
}

const noPort = ({ code, reason }: OpenFailure): NoPort =>
  code === "not-ours" ? { code: "address", reason } : { code: "full", reason };

/** Even ports whose odd neighbour is in the range too. */
function evenPorts(from: number, to: number): number[] {
  const ports: number[] = [];
  for (let port = from + (from & 1); port + 1 <= to; port += 2) ports.push(port);
  return ports;
}

function shuffle(ports: number[], random: () => number): void {
  for (let i = ports.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [ports[i], ports[j]] = [ports[j] ?? 0, ports[i] ?? 0];
  }
}
