import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";

/** Of nice(2): between normal (0) and lowest (19). */
const BACKGROUND = 10;
/** Before what is normal, and behind what the system itself needs. */
const FIRST = -10;

/**
 * Makes the calling thread, not the process, give way when the CPU is short: on Linux priorities belong to threads. For work that
 * no call waits for.
 * @param niceness As of nice(2), 0–19; between two threads of ours the one with the lower goes first.
 * @returns False where the system does not let us; then everything goes on as before.
 */
export const giveWay = (niceness = BACKGROUND): boolean => renice(niceness);

/**
 * Makes the calling thread go before others when the CPU is short: for media, where a packet that waits is a packet that is late.
 * Needs the right to (root, CAP_SYS_NICE). @returns False without it; then everything goes on as before.
 */
export const goFirst = (): boolean => renice(FIRST);

function renice(niceness: number): boolean {
  try {
    const thread = Number(readlinkSync("/proc/thread-self").split("/").at(-1));
    if (!Number.isInteger(thread) || thread <= 0) return false;
    setPriority(thread, niceness);
    return true;
  } catch {
    return false;
  }
}
