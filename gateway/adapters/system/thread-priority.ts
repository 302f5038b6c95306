import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";

/** Of nice(2): between normal (0) and lowest (19). */
const BACKGROUND = 10;

/**
 * Makes the calling thread, not the process, give way when the CPU is short: on Linux priorities belong to threads. For work that
 * no call waits for.
 * @param niceness As of nice(2), 0–19; between two threads of ours the one with the lower goes first.
 * @returns False where the system does not let us; then everything goes on as before.
 */
export function giveWay(niceness = BACKGROUND): boolean {
  try {
    const thread = Number(readlinkSync("/proc/thread-self").split("/").at(-1));
    if (!Number.isInteger(thread) || thread <= 0) return false;
    setPriority(thread, niceness);
    return true;
  } catch {
    return false;
  }
}
