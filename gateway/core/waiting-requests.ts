import type { Clock } from "./clock.js";
import { GatewayError, type ErrorCode } from "./errors.js";
import { monoMs, type MonoMs } from "./time.js";

export interface WaitingRequestsOptions {
  readonly clock: Clock;
  /** One more is refused as `busy`. */
  readonly limit: number;
  /** Who is asked, for people. */
  readonly name: string;
  readonly codes: { readonly unavailable: ErrorCode; readonly busy: ErrorCode; readonly timeout: ErrorCode };
}

interface Waiting {
  readonly what: string;
  readonly deadline: MonoMs;
  readonly resolve: (value: never) => void;
  readonly reject: (error: GatewayError) => void;
}

const SWEEP_MS = 100;

/**
 * Questions that another thread has not answered yet. One timer for all: a time-out comes up to 100 ms late. When the asking thread
 * itself stood still, nothing times out before it has had time to read answers.
 */
export class WaitingRequests {
  readonly #options: WaitingRequestsOptions;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #sweeping = false;
  /** At the last look nothing timed out, as it came late. */
  #spared = false;

  constructor(options: WaitingRequestsOptions) {
    this.#options = options;
  }

  /**
   * @param what For the error's message.
   * @param send Is told the number that the answer will carry.
   * @throws GatewayError `busy` or `timeout` of `codes`, or what `reject` and `failAll` say.
   */
  add<Answer>(what: string, timeoutMs: number, send: (id: number) => void): Promise<Answer> {
    const { clock, limit, codes, name } = this.#options;
    if (this.#waiting.size >= limit)
      return Promise.reject(new GatewayError(codes.busy, `${what}: too many requests wait for ${name}`));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { what, deadline: monoMs(clock.mono() + timeoutMs), resolve, reject });
      this.#armSweep();
      try {
        send(id);
      } catch (error) {
        this.#waiting.delete(id);
        throw error;
      }
    });
  }

  /** Without effect for an id that is not waiting any more. */
  resolve(id: number, value: unknown): void {
    (this.#take(id)?.resolve as ((value: unknown) => void) | undefined)?.(value);
  }

  reject(id: number, error: GatewayError): void {
    this.#take(id)?.reject(error);
  }

  /** All that wait learn that nobody will answer. */
  failAll(why: string): void {
    const { codes, name } = this.#options;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { what, reject } of waiting) reject(new GatewayError(codes.unavailable, `${what}: ${name} ${why}`));
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #armSweep(): void {
    if (this.#sweeping) return;
    this.#sweeping = true;
    const { clock, codes, name } = this.#options;
    const due = monoMs(clock.mono() + SWEEP_MS);
    clock.callAt(due, () => {
      this.#sweeping = false;
      const now = clock.mono();
      this.#spared = now - due > SWEEP_MS && !this.#spared;
      for (const [id, { what, deadline, reject }] of this.#waiting) {
        if (deadline > now || this.#spared) continue;
        this.#waiting.delete(id);
        reject(new GatewayError(codes.timeout, `${what}: ${name} did not answer in time`));
      }
      if (this.#waiting.size > 0) this.#armSweep();
    });
  }
}
