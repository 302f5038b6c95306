// Loaded into a gateway process with --import: how long its SIP thread did not come round to a timer, and what of that was its own
// CPU time (cpuMs; gcMs of it garbage collection), what waiting for a core (waitedMs). Written as JSON to the file in RINGFENCE_STALLS
// at SIGUSR2, those with most CPU time first; then it begins anew.
import { readFileSync, writeFileSync } from "node:fs";
import { PerformanceObserver } from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";

const LOOK_MS = 2;
const WORTH_MS = 8;
const KEPT = 50;

/** proc(5), schedstat of the thread: ns on a core, ns waiting for one. */
function scheduled() {
  const [cpu = "0", waited = "0"] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "latin1").split(" ");
  return { cpuMs: Number(cpu) / 1e6, waitedMs: Number(waited) / 1e6 };
}

const worst = (stalls) => stalls.toSorted((a, b) => b.cpuMs - a.cpuMs).slice(0, KEPT);

function watchStalls(file) {
  let stalls = [];
  let gcMs = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) gcMs += duration;
  }).observe({ entryTypes: ["gc"] });
  let before = { at: performance.now(), ...scheduled() };
  setInterval(() => {
    const now = { at: performance.now(), ...scheduled() };
    const ms = now.at - before.at;
    if (ms >= WORTH_MS)
      stalls.push({ ms, cpuMs: now.cpuMs - before.cpuMs, waitedMs: now.waitedMs - before.waitedMs, gcMs, at: now.at });
    if (stalls.length > 2 * KEPT) stalls = worst(stalls);
    gcMs = 0;
    before = now;
  }, LOOK_MS).unref();
  process.on("SIGUSR2", () => {
    writeFileSync(file, JSON.stringify(worst(stalls)));
    stalls = [];
  });
}

if (isMainThread && process.env.RINGFENCE_STALLS !== undefined) watchStalls(process.env.RINGFENCE_STALLS);
