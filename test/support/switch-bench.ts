import assert from "node:assert/strict";
import { DEFAULT_DETECTION_OPTIONS, FraudDetection } from "../../detection/index.js";
import { Audit } from "../../gateway/call/audit.js";
import { CallRegistry } from "../../gateway/call/call-registry.js";
import { ActionCarrier } from "../../gateway/call/carry-out.js";
import { DEFAULT_DIALPLAN_ENDINGS, DialplanEndings } from "../../gateway/call/dialplan-endings.js";
import { ForeignCalls } from "../../gateway/call/foreign-calls.js";
import { LiveControl } from "../../gateway/call/live-control.js";
import { MeasuredScreen } from "../../gateway/call/measured-screen.js";
import { DEFAULT_SWITCH_EVENTS, SwitchEvents, type SwitchEventOptions } from "../../gateway/call/switch-events.js";
import { DEFAULT_TEARDOWN, TeardownService } from "../../gateway/call/teardown-service.js";
import { TrunkTable } from "../../gateway/call/trunks.js";
import type { LiveCallView, SwitchEvent } from "../../gateway/ports/gateway-control.js";
import type { OutwardTeardown } from "../../gateway/ports/outward-teardown.js";
import { LogDouble, MetricsDouble, RandomDouble, SinkDouble, trunkSettings } from "./call-doubles.js";
import { FakeClock } from "./fake-clock.js";

const SMALL = {
  windowMiB: 1,
  trackedCalls: 1_024,
  recentCalls: 1_024,
  knownPairs: 1_024,
  watchedNumbers: 100,
  openIncidents: 50,
  blocks: 100,
};

/** Everything that events of switches go through, with real detection, in memory. */
export function switchBench(options: Partial<SwitchEventOptions> = {}, mayAsk: readonly string[] = []) {
  const clock = new FakeClock();
  const metrics = new MetricsDouble();
  const sink = new SinkDouble();
  const log = new LogDouble();
  const random = new RandomDouble();
  const detection = new FraudDetection({ ...DEFAULT_DETECTION_OPTIONS, memory: SMALL }, random);
  const screen = new MeasuredScreen(detection, clock, metrics);
  const registry = new CallRegistry(metrics);
  const foreignCalls = new ForeignCalls(100);
  const disconnected: string[] = [];
  const outward: OutwardTeardown = {
    via: "switch-api",
    disconnect: (calls) => {
      disconnected.push(...calls.map((call) => call.callId));
      return Promise.resolve(
        calls.map(({ callId }) => ({
          callId,
          success: true,
          outcome: "confirmed",
          via: "switch-api" as const,
          tookMs: 1,
        })),
      );
    },
  };
  const audit = new Audit(sink, clock, random);
  const teardown = new TeardownService(DEFAULT_TEARDOWN, {
    registry,
    foreignCalls,
    outward: [outward],
    sink,
    audit,
    clock,
    metrics,
    log,
  });
  const dialplans = new DialplanEndings(
    { ...DEFAULT_DIALPLAN_ENDINGS, mayAsk },
    { foreignCalls, teardown, clock, metrics, log },
  );
  const carrier = new ActionCarrier({ teardown, sink, audit, metrics, log });
  const table = TrunkTable.of({
    trunks: [trunkSettings("north"), trunkSettings("sbc-1")],
    defaultTrunk: trunkSettings("default"),
    trustedHops: [],
    unknownSources: "loopback",
  });
  assert.ok(table.ok);
  const trunks = () => table.value;
  const events = new SwitchEvents(
    { ...DEFAULT_SWITCH_EVENTS, ...options },
    { screen, carrier, registry, foreignCalls, dialplans, trunks, clock, metrics },
  );
  /** Live calls that others carry. */
  const elsewhere: LiveCallView[] = [];
  const control = new LiveControl({
    detection,
    screen,
    events,
    carrier,
    teardown,
    registry,
    foreignCalls,
    elsewhere: (limit) => elsewhere.slice(0, limit),
    trunks,
    clock,
    isDraining: () => false,
  });
  return {
    clock,
    metrics,
    sink,
    log,
    detection,
    screen,
    trunks,
    registry,
    foreignCalls,
    dialplans,
    disconnected,
    elsewhere,
    control,
    carrier,
  };
}

export const event = (callId: string, aNumber: string, over: Partial<SwitchEvent> = {}): SwitchEvent => ({
  callId,
  aNumber,
  bNumber: "B999",
  at: undefined,
  status: "active",
  switchId: undefined,
  trunk: undefined,
  ...over,
});
export const attack = (n: number, over: Partial<SwitchEvent> = {}): SwitchEvent[] =>
  Array.from({ length: n }, (_, i) => event(`call${i + 1}`, `A00${i + 1}`, over));
