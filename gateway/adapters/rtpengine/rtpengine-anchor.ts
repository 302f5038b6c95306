import type { Clock } from "../../core/clock.js";
import { monoMs } from "../../core/time.js";
import type { MediaAnchor, MediaCall, MediaEvent, MediaSession } from "../../ports/media-anchor.js";
import { InstancePool, type PoolDeps } from "./instance-pool.js";
import { holdTone } from "./prompts.js";
import type { RtpengineOptions } from "./rtpengine-options.js";
import { RtpengineSession } from "./rtpengine-session.js";
import type { ForkListening } from "./stream-fork.js";

export interface RtpengineDeps extends PoolDeps {
  /** Absent: nothing is forked. */
  readonly listening?: ForkListening;
}

/** Each call is looked at this often within the idle time, and not more often than every second. */
const LOOKS_PER_IDLE = 4;
const LEAST_LOOK_MS = 1_000;
/** Calls are looked at in so many groups, so that their queries do not go out together. */
const SLICES = 10;
/** Longest Call-ID that is shown to rtpengine; the rest of the name is ours. */
const MAX_CALL_ID = 128;

/** Media by one or several rtpengines, over the ng protocol. */
export class RtpengineAnchor implements MediaAnchor {
  readonly kind = "rtpengine";
  readonly #pool: InstancePool;
  readonly #options: RtpengineOptions;
  readonly #deps: RtpengineDeps;
  readonly #clock: Clock;
  readonly #sessions = new Set<RtpengineSession>();
  readonly #holdTone = holdTone();
  #slice = 0;
  #cancelLook: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: RtpengineOptions, deps: RtpengineDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#clock = deps.clock;
    this.#pool = new InstancePool(options, deps);
  }

  async start(): Promise<void> {
    await this.#pool.start();
    if (this.#options.idleMs > 0) this.#armLook();
  }

  open(call: MediaCall, onEvent: (event: MediaEvent) => void): MediaSession {
    const { clock, listening, random } = this.#deps;
    // Two calls may share a Call-ID; what follows it makes the name unique, and nobody else can name the call.
    const ngCallId = `${call.callId.slice(0, MAX_CALL_ID)}~${random.token(8)}`;
    const session: RtpengineSession = new RtpengineSession(ngCallId, call, onEvent, {
      pool: this.#pool,
      listening,
      clock,
      idleMs: this.#options.idleMs,
      holdTone: this.#holdTone,
      onClose: () => this.#sessions.delete(session),
    });
    this.#sessions.add(session);
    return session;
  }

  health(): { readonly ok: boolean; readonly detail: string } {
    const { up, size } = this.#pool;
    return { ok: this.#closed === undefined && up > 0, detail: `${up} of ${size} instances up` };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#cancelLook?.();
    await Promise.all([...this.#sessions].map((session) => session.close()));
    this.#pool.close();
  }

  #armLook(): void {
    const everyMs = Math.max(LEAST_LOOK_MS, this.#options.idleMs / LOOKS_PER_IDLE) / SLICES;
    this.#cancelLook = this.#clock.callAt(monoMs(this.#clock.mono() + everyMs), () => {
      this.#look();
      if (this.#closed === undefined) this.#armLook();
    });
  }

  #look(): void {
    const now = this.#clock.mono();
    this.#slice = (this.#slice + 1) % SLICES;
    let i = 0;
    for (const session of this.#sessions) if (i++ % SLICES === this.#slice) session.watch(now);
  }
}

/** An anchor whose instances have been asked once whether they are there; one that is not is no reason not to start. */
export async function startRtpengine(options: RtpengineOptions, deps: RtpengineDeps): Promise<RtpengineAnchor> {
  const anchor = new RtpengineAnchor(options, deps);
  await anchor.start();
  return anchor;
}
