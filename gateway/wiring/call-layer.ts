import type { FraudDetection } from "../../detection/index.js";
import { kamailioTeardown } from "../adapters/switch-control/kamailio-rpc.js";
import { opensipsTeardown } from "../adapters/switch-control/opensips-mi.js";
import { VoiceSwitchTeardown } from "../adapters/switch-control/voice-switch.js";
import { CallAdmission } from "../call/admission.js";
import { Audit } from "../call/audit.js";
import { B2bua, type B2buaOptions } from "../call/b2bua.js";
import { CallLimits, DEFAULT_CALL_LIMITS } from "../call/call-limits.js";
import type { CallObserver } from "../call/contracts.js";
import { CallRegistry } from "../call/call-registry.js";
import { ActionCarrier } from "../call/carry-out.js";
import { CdrRecorder } from "../call/cdr-builder.js";
import { DetectionTicker } from "../call/detection-ticker.js";
import { Drain } from "../call/drain.js";
import { ForeignCalls } from "../call/foreign-calls.js";
import { DEFAULT_HOP_HEALTH, HopHealth } from "../call/hop-health.js";
import { GroupHopSelector } from "../call/hop-selector.js";
import { JournalKeeper } from "../call/journal-keeper.js";
import { LiveControl } from "../call/live-control.js";
import { MeasuredScreen } from "../call/measured-screen.js";
import { DEFAULT_OVERLOAD, OverloadGuard } from "../call/overload-guard.js";
import { redirectAnswer } from "../call/redirect-mode.js";
import { DEFAULT_SOURCE_LIMITS, SourceLimits } from "../call/source-limits.js";
import { DEFAULT_SWITCH_EVENTS, SwitchEvents } from "../call/switch-events.js";
import { DEFAULT_TEARDOWN, TeardownService } from "../call/teardown-service.js";
import type { TrunkTable } from "../call/trunks.js";
import type { Config } from "../config/schema.js";
import type { Clock } from "../core/clock.js";
import type { Log } from "../core/log.js";
import type { Metrics } from "../core/metrics.js";
import type { Random } from "../core/random.js";
import type { DialogJournal } from "../ports/dialog-journal.js";
import type { NextHopResolver } from "../ports/next-hop-resolver.js";
import type { OutwardTeardown } from "../ports/outward-teardown.js";
import type { RecordSink } from "../ports/records.js";
import type { SipEndpoint } from "../ports/sip-endpoint.js";
import { hopGroups } from "./sip-options.js";

/** Calls of other systems that are remembered, so that they can be ended there. */
const FOREIGN_CALLS = 200_000;
/** Time that BYEs have to be answered when a drain is over, ms. */
const DRAIN_END_MS = 5_000;

export interface CallLayerDeps {
  readonly endpoint: SipEndpoint;
  readonly resolver: NextHopResolver;
  readonly detection: FraudDetection;
  readonly trunks: TrunkTable;
  readonly sink: RecordSink;
  readonly journal: DialogJournal | undefined;
  /** Further observers of calls, told before the CDR is written. */
  readonly observers: readonly CallObserver[];
  readonly lagMs: () => number;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
}

export interface CallLayer {
  readonly b2bua: B2bua;
  readonly admission: CallAdmission;
  readonly hops: GroupHopSelector;
  readonly health: HopHealth;
  readonly registry: CallRegistry;
  readonly teardown: TeardownService;
  readonly carrier: ActionCarrier;
  readonly control: LiveControl;
  readonly limits: CallLimits;
  readonly drain: Drain;
  readonly ticker: DetectionTicker;
}

/** Joins the B2BUA with what stands around it. Nothing is started here. */
export function makeCallLayer(config: Config, deps: CallLayerDeps): CallLayer {
  const { endpoint, detection, sink, clock, metrics, log, resolver } = deps;
  const registry = new CallRegistry(metrics);
  const foreignCalls = new ForeignCalls(FOREIGN_CALLS);
  const audit = new Audit(sink, clock, deps.random);
  const outward = outwardTeardowns(config, deps);
  const teardown = new TeardownService(DEFAULT_TEARDOWN, {
    registry,
    foreignCalls,
    outward,
    sink,
    audit,
    clock,
    metrics,
    log,
  });
  const carrier = new ActionCarrier({ teardown, sink, audit, metrics, log });
  const screen = new MeasuredScreen(detection, clock, metrics);
  const health = new HopHealth(
    { ...DEFAULT_HOP_HEALTH, pingMs: config.sip.optionsPingMs, pingTimeoutMs: config.sip.optionsTimeoutMs },
    { clock, resolver, log, metrics },
  );
  const hops = new GroupHopSelector(hopGroups(config.sip), { resolver, health });
  const admission = makeAdmission(config, deps, registry);
  const limits = new CallLimits(DEFAULT_CALL_LIMITS, { clock, log, metrics });
  const keeper = deps.journal === undefined ? [] : [new JournalKeeper(deps.journal, clock)];
  const cdrs = new CdrRecorder(sink);
  const drain = new Drain(
    { drainMs: config.limits.drainMs, endMs: DRAIN_END_MS },
    { endpoint, registry, teardown, clock, log },
  );
  const isDraining = (): boolean => drain.draining;
  const b2bua = new B2bua(b2buaOptions(config), {
    endpoint,
    admission,
    screen,
    hops,
    observers: [registry, foreignCalls, admission, limits, ...keeper, ...deps.observers, cdrs],
    clock,
    random: deps.random,
    metrics,
    onActions: (actions) => carrier.carryOut(actions),
    redirect: (policy, identity, uri) => redirectAnswer(uri, identity, { verdict: "allow" }, policy),
    isDraining,
    onNotAllowed: ({ source }) => admission.note(source, "not-allowed"),
  });
  const trunks = (): TrunkTable => admission.trunks;
  const events = new SwitchEvents(DEFAULT_SWITCH_EVENTS, {
    screen,
    carrier,
    registry,
    foreignCalls,
    trunks,
    clock,
    metrics,
  });
  const control = new LiveControl({
    detection,
    screen,
    events,
    carrier,
    teardown,
    registry,
    foreignCalls,
    trunks,
    clock,
    isDraining,
  });
  const ticker = new DetectionTicker(detection, carrier, clock, metrics);
  return { b2bua, admission, hops, health, registry, teardown, carrier, control, limits, drain, ticker };
}

export function b2buaOptions({ sip }: Config): B2buaOptions {
  const host = sip.advertisedHost ?? sip.listenAddress;
  return {
    ownHost: host.includes(":") ? `[${host}]` : host,
    serverName: sip.serverName,
    maxCalls: sip.maxCalls,
    maxForks: sip.maxForks,
    maxPendingRequests: sip.maxPendingRequests,
    maxStandalone: sip.maxStandalone,
    setupTimeoutMs: sip.setupTimeoutMs,
    passRedirects: sip.passRedirects,
    endTimeoutMs: 64 * sip.t1Ms,
    ...(sip.redressUrl === undefined ? {} : { redressUrl: sip.redressUrl }),
  };
}

function makeAdmission(config: Config, deps: CallLayerDeps, registry: CallRegistry): CallAdmission {
  const { limits, sip } = config;
  const { clock, random, metrics, log, lagMs } = deps;
  const seed = Number.parseInt(random.token(4), 16);
  const sources = new SourceLimits(
    { ...DEFAULT_SOURCE_LIMITS, perSecond: limits.callsPerSecondPerSource, burst: limits.burstPerSource },
    seed,
  );
  const overload = new OverloadGuard(
    { ...DEFAULT_OVERLOAD, maxCalls: sip.maxCalls },
    { lagMs, liveCalls: () => registry.size },
  );
  const options = { blockScanners: limits.blockScanners };
  return new CallAdmission(options, { trunks: deps.trunks, limits: sources, overload, clock, random, metrics, log });
}

/** How calls that the hop does not carry are ended: the switch of `switches.protocol` first. */
function outwardTeardowns({ switches }: Config, deps: CallLayerDeps): readonly OutwardTeardown[] {
  const request = { timeoutMs: switches.timeoutMs, attempts: switches.attempts };
  const made: (readonly [Config["switches"]["protocol"], OutwardTeardown])[] = [];
  if (switches.voiceSwitchUrl !== undefined) {
    const key = switches.voiceSwitchKey === undefined ? {} : { key: switches.voiceSwitchKey };
    made.push(["voiceswitch", new VoiceSwitchTeardown({ ...request, ...key, url: switches.voiceSwitchUrl }, deps)]);
  }
  if (switches.kamailioUrl !== undefined)
    made.push(["kamailio", kamailioTeardown({ ...request, url: switches.kamailioUrl }, deps)]);
  if (switches.opensipsUrl !== undefined)
    made.push(["opensips", opensipsTeardown({ ...request, url: switches.opensipsUrl }, deps)]);
  return made
    .toSorted(([a], [b]) => Number(b === switches.protocol) - Number(a === switches.protocol))
    .map(([, each]) => each);
}
