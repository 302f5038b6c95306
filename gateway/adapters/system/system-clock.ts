import { performance } from "node:perf_hooks";
import type { Clock } from "../../core/clock.js";
import { monoMs, unixMs, type MonoMs, type UnixMs } from "../../core/time.js";

/** setTimeout takes 31 bits; a longer wait is made of several. */
const LONGEST_TIMEOUT_MS = 0x7fffffff;

/** The machine's clocks. Timers do not keep the process alive: sockets do. */
export class SystemClock implements Clock {
  mono(): MonoMs {
    return monoMs(performance.now());
  }

  unix(): UnixMs {
    return unixMs(Date.now());
  }

  callAt(at: MonoMs, fn: () => void): () => void {
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      // Rounded up: setTimeout cuts fractions off, and `fn` must not run before `at`.
      const waitMs = Math.max(0, Math.ceil(at - performance.now()));
      timer = setTimeout(fire, Math.min(waitMs, LONGEST_TIMEOUT_MS)).unref();
    };
    const fire = (): void => {
      if (performance.now() < at) arm();
      else fn();
    };
    arm();
    return () => clearTimeout(timer);
  }
}
