import type { Clock } from "../../core/clock.js";
import { GatewayError, type ErrorCode } from "../../core/errors.js";
import { monoMs, type MonoMs } from "../../core/time.js";

/** What travels between the threads for calls. Plain data: the channel copies it. */
export type RpcMessage =
  | { readonly kind: "rpc.call"; readonly id: number; readonly method: string; readonly args: readonly unknown[] }
  | { readonly kind: "rpc.done"; readonly id: number; readonly value: unknown }
  /** Without a code: a bug, not a failure of the world. */
  | { readonly kind: "rpc.failed"; readonly id: number; readonly code?: ErrorCode; readonly message: string };

/** By name, what the other side may call. */
export type RpcHandlers = Readonly<Record<string, (...args: never[]) => unknown>>;

export interface RpcPeerOptions {
  /** `transfer`: buffers that are handed over instead of copied. */
  readonly post: (message: RpcMessage, transfer?: readonly ArrayBuffer[]) => void;
  readonly handlers: RpcHandlers;
  readonly clock: Clock;
  /** Calls that wait for an answer at a time; one more fails at once. */
  readonly maxInFlight: number;
  /** A call without an answer for so long fails, ms; checked every `SWEEP_MS`. */
  readonly timeoutMs: number;
  /** Methods that may take longer. */
  readonly timeoutsMs?: Readonly<Record<string, number>>;
  /** Runs before each answer is posted: what it posts itself is read first at the other side. */
  readonly beforeAnswer?: () => void;
}

interface Waiting {
  readonly method: string;
  readonly deadline: MonoMs;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

const SWEEP_MS = 100;

/**
 * Calls both ways over one ordered message channel. Every call ends: with the answer, with the other side's error (its code
 * kept), or with `backoffice.lost` when the other side is silent for too long, too busy, or gone.
 */
export class RpcPeer {
  readonly #options: RpcPeerOptions;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #cancelSweep: (() => void) | undefined;
  /** At the last look nothing was given up, as it came late: this thread stood still, and answers were not read yet. */
  #spared = false;
  #closed = false;

  constructor(options: RpcPeerOptions) {
    this.#options = options;
  }

  get inFlight(): number {
    return this.#waiting.size;
  }

  /** @param transfer Buffers in `args` that are handed over: they cannot be used any more. */
  call(method: string, args: readonly unknown[], transfer: readonly ArrayBuffer[] = []): Promise<unknown> {
    const { clock, maxInFlight, timeoutMs, timeoutsMs, post } = this.#options;
    if (this.#closed) return Promise.reject(new GatewayError("backoffice.lost", `${method}: the channel is closed`));
    if (this.#waiting.size >= maxInFlight) {
      return Promise.reject(new GatewayError("backoffice.lost", `${method}: ${maxInFlight} calls are waiting already`));
    }
    const id = ++this.#lastId;
    const deadline = monoMs(clock.mono() + (timeoutsMs?.[method] ?? timeoutMs));
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { method, deadline, resolve, reject });
      this.#armSweep();
      post({ kind: "rpc.call", id, method, args }, transfer);
    });
  }

  /** Takes one message of the channel. @returns False when it is none of ours. */
  accept(message: { readonly kind: string }): boolean {
    const rpc = message as RpcMessage;
    switch (rpc.kind) {
      case "rpc.call":
        void this.#serve(rpc.id, rpc.method, rpc.args);
        return true;
      case "rpc.done":
        this.#take(rpc.id)?.resolve(rpc.value);
        return true;
      case "rpc.failed":
        this.#take(rpc.id)?.reject(
          rpc.code === undefined ? new Error(rpc.message) : new GatewayError(rpc.code, rpc.message),
        );
        return true;
      default:
        return false;
    }
  }

  /** Whoever waits learns that the other side is gone. Safe to call twice. */
  close(): void {
    this.#closed = true;
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    for (const { method, reject } of this.#waiting.values()) {
      reject(new GatewayError("backoffice.lost", `${method}: the other thread ended`));
    }
    this.#waiting.clear();
  }

  async #serve(id: number, method: string, args: readonly unknown[]): Promise<void> {
    const { handlers, beforeAnswer } = this.#options;
    let answer: RpcMessage;
    try {
      const handler = Object.hasOwn(handlers, method) ? handlers[method] : undefined;
      if (handler === undefined) throw new TypeError(`no method ${method}`);
      answer = { kind: "rpc.done", id, value: await handler(...(args as never[])) };
    } catch (error) {
      answer = failed(id, error);
    }
    if (this.#closed) return;
    beforeAnswer?.();
    try {
      this.#options.post(answer);
    } catch (error) {
      // The value cannot be copied to the other thread: say so rather than let it wait.
      this.#options.post(failed(id, error));
    }
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  /** One timer for all calls, not one each. */
  #armSweep(): void {
    const { clock } = this.#options;
    const due = monoMs(clock.mono() + SWEEP_MS);
    this.#cancelSweep ??= clock.callAt(due, () => {
      this.#cancelSweep = undefined;
      const now = clock.mono();
      this.#spared = now - due > SWEEP_MS && !this.#spared;
      for (const [id, { method, deadline, reject }] of this.#waiting) {
        if (deadline > now || this.#spared) continue;
        this.#waiting.delete(id);
        reject(new GatewayError("backoffice.lost", `${method}: no answer from the other thread in time`));
      }
      if (this.#waiting.size > 0) this.#armSweep();
    });
  }
}

function failed(id: number, error: unknown): RpcMessage {
  if (error instanceof GatewayError) return { kind: "rpc.failed", id, code: error.code, message: error.message };
  return { kind: "rpc.failed", id, message: error instanceof Error ? error.message : String(error) };
}
