import { performance } from "node:perf_hooks";
import {
  DEFAULT_DETECTION_OPTIONS,
  FraudDetection,
  unixMs,
  type CalledId,
  type CallerId,
  type CallStarted,
  type TrunkId,
} from "../../detection/index.js";
import { SeededRandom } from "../support/seeded-random.js";

const LIVE_NUMBERS = 1_000_000;
const CALLERS = 200_000;
const MEASURED_EVENTS = 4_000_000;
/** Simulated rate: 20,000 calls/s, each number called every 50 s. Faster, and honest traffic itself would look like attacks. */
const EVENTS_PER_SIMULATED_MS = 20;
const CALL_IDS = 1_048_576;
/** Latency is measured on every event of its own pass, in buckets of 0.1 µs. */
const LATENCY_EVENTS = 1_000_000;
const EVENTS_PER_ATTACK_CALL = 5_000;
/** Few enough that the strings of a batch are still in the CPU's nearest caches when their event is decided on, as they are in the gateway. */
const BATCH = 128;
const START = 1_700_000_000_000;

const rssMiB = (): number => process.memoryUsage.rss() / 1_048_576;

/** Canonical numbers as the number plan would give them: `+1…`, 11 digits. Made before the measurement, as the SIP parser makes them. */
function numbers(count: number, areaCode: number): string[] {
  return Array.from({ length: count }, (_, i) => `+1${areaCode}${String(2_000_000 + i).padStart(7, "0")}`);
}

/**
 * One masking decision after another with 1 M called numbers live, everything of detection on, default options: rate, latency of
 * single decisions, memory. One event in 5,000 belongs to an attack, so that incidents are opened, extended and closed meanwhile.
 */
export function run(): Promise<object> {
  const random = new SeededRandom(20_261_120);
  const called = numbers(LIVE_NUMBERS, 202);
  const callers = numbers(CALLERS, 303);
  const callIds = Array.from({ length: CALL_IDS }, (_, i) => `${i.toString(16).padStart(8, "0")}-6f2c@192.0.2.10`);
  const detection = new FraudDetection(DEFAULT_DETECTION_OPTIONS, random);
  let sequence = 0;
  let state = 12_345;
  const batch = Array.from({ length: BATCH }, emptyEvent);
  let touched = 0;
  /** Fills the batch and reads its strings: in the gateway the parser has just made them. */
  const prepare = (pick: (n: number) => number): void => {
    for (const event of batch) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      const at = unixMs(START + Math.floor(sequence / EVENTS_PER_SIMULATED_MS));
      event.callId = callIds[sequence % CALL_IDS] as string;
      event.caller = callers[(state >>> 8) % CALLERS] as CallerId;
      event.called = called[pick(sequence)] as CalledId;
      event.at = at;
      event.arrivedAt = at;
      touched ^= event.callId.charCodeAt(9) ^ event.caller.charCodeAt(9) ^ event.called.charCodeAt(9);
      sequence++;
    }
  };
  const mixed = (n: number): number =>
    n % EVENTS_PER_ATTACK_CALL === 0 ? Math.floor(n / 50_000) % LIVE_NUMBERS : (state >>> 3) % LIVE_NUMBERS;
  let refused = 0;
  let cpuUs = 0;
  const decide = (event: CallStarted): void => {
    if (detection.callStarted(event).verdict === "refuse") refused++;
    if (detection.deadline !== undefined && event.at >= detection.deadline) detection.tick(event.at);
  };
  const pass = (events: number, pick: (n: number) => number): number => {
    let ms = 0;
    cpuUs = 0;
    for (let done = 0; done < events; done += BATCH) {
      prepare(pick);
      const before = performance.now();
      const cpuBefore = process.cpuUsage();
      for (let i = 0; i < BATCH; i++) decide(batch[i] as CallStarted);
      const { user, system } = process.cpuUsage(cpuBefore);
      cpuUs += user + system;
      ms += performance.now() - before;
    }
    return ms;
  };

  pass(LIVE_NUMBERS + BATCH, (n) => n % LIVE_NUMBERS);
  pass(1_000_000, mixed);
  const rssBefore = rssMiB();
  const ms = pass(MEASURED_EVENTS, mixed);
  const cpuUsPerEvent = cpuUs / MEASURED_EVENTS;

  const slots = new Uint32Array(20_000);
  let maxUs = 0;
  for (let done = 0; done < LATENCY_EVENTS; done += BATCH) {
    prepare(mixed);
    for (let i = 0; i < BATCH; i++) {
      const before = performance.now();
      decide(batch[i] as CallStarted);
      const us = (performance.now() - before) * 1000;
      maxUs = Math.max(maxUs, us);
      const slot = Math.min(slots.length - 1, Math.floor(us * 10));
      slots[slot] = (slots[slot] as number) + 1;
    }
  }
  const rssAfter = rssMiB();
  const stats = detection.stats();
  const measured = slots.reduce((sum, count) => sum + count, 0);
  return Promise.resolve({
    eventsPerSecond: Math.round((Math.ceil(MEASURED_EVENTS / BATCH) * BATCH) / (ms / 1000)),
    cpuUsPerEvent: Math.round(cpuUsPerEvent * 1000) / 1000,
    p50Us: percentile(slots, measured, 0.5),
    p99Us: percentile(slots, measured, 0.99),
    p9999Us: percentile(slots, measured, 0.9999),
    maxUs: Math.round(maxUs * 10) / 10,
    rssMiB: Math.round(rssAfter),
    rssGrowthMiB: Math.round((rssAfter - rssBefore) * 10) / 10,
    tableMiB: Math.round(stats.tableBytes / 1_048_576),
    liveNumbers: stats.trackedNumbers,
    evictedNumbers: stats.evictedNumbers,
    incidents: stats.incidentsOpened,
    refused,
    events: stats.processed + stats.repeats,
    checksum: touched,
  });
}

type Event = { -readonly [K in keyof CallStarted]: CallStarted[K] };

const emptyEvent = (): Event => ({
  kind: "call.started",
  callId: "",
  caller: "" as CallerId,
  called: "" as CalledId,
  trunk: "carrier-1" as TrunkId,
  at: unixMs(START),
  arrivedAt: unixMs(START),
  source: "hop",
  emergency: false,
});

function percentile(slots: Uint32Array, total: number, share: number): number {
  let seen = 0;
  for (let i = 0; i < slots.length; i++) {
    seen += slots[i] as number;
    if (seen >= total * share) return (i + 1) / 10;
  }
  return slots.length / 10;
}
