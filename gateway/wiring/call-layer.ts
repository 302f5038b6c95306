import type { FraudDetection } from "../../detection/index.js";
import { kamailioTeardown } from "../adapters/switch-control/kamailio-rpc.js";
import { opensipsTeardown } from "../adapters/switch-control/opensips-mi.js";
import { VoiceSwitchTeardown } from "../adapters/switch-control/voice-switch.js";
import { CallAdmission } from "../call/admission.js";
import { Audit } from "../call/audit.js";
import { B2bua } from "../call/b2bua.js";
import { CallLimits, DEFAULT_CALL_LIMITS } from "../call/call-limits.js";
import { VerdictDesk } from "../call/call-verdicts.js";
import type { CallObserver, CallScreen, LiveCall } from "../call/contracts.js";
import { CallRegistry } from "../call/call-registry.js";
import { ActionCarrier } from "../call/carry-out.js";
import { HopHands } from "../call/call-hands.js";
import { CdrRecorder } from "../call/cdr-builder.js";
import { ConsentObserver } from "../call/consent-observer.js";
import { DetectionTicker } from "../call/detection-ticker.js";
import { DEFAULT_DIALPLAN_ENDINGS, DialplanEndings } from "../call/dialplan-endings.js";
import { Drain } from "../call/drain.js";
import { ForeignCalls } from "../call/foreign-calls.js";
import { DEFAULT_HOP_HEALTH, HopHealth, type HopHealthOptions } from "../call/hop-health.js";
import type { HopLegBook } from "../call/hop-leg-book.js";
import { GroupHopSelector } from "../call/hop-selector.js";
import { JournalKeeper } from "../call/journal-keeper.js";
import { ListeningObserver } from "../call/listening-observer.js";
import { LiveControl } from "../call/live-control.js";
import type { KnownCallers } from "../call/known-callers.js";
import { DEFAULT_OVERLOAD, OverloadGuard } from "../call/overload-guard.js";
import { CallOrigins } from "../call/origin/call-origins.js";
import { RecordingBook } from "../call/recording/recording-book.js";
import { DEFAULT_RECORDING, type RecordingOptions } from "../call/recording/recording-contracts.js";
import { RecordingDesk } from "../call/recording/recording-desk.js";
import { RecordingRouter } from "../call/recording/recording-router.js";
import { RecordingServer } from "../call/recording/recording-server.js";
import { UnheardRecordings } from "../call/recording/unheard-recordings.js";
import { RoutedHands, type ForeignHands } from "../call/routed-hands.js";
import { redirectAnswer } from "../call/redirect-mode.js";
import { DEFAULT_SOURCE_LIMITS, SourceLimits } from "../call/source-limits.js";
import { DEFAULT_SWITCH_EVENTS, SwitchEvents } from "../call/switch-events.js";
import { DEFAULT_TEARDOWN, TeardownService, type TeardownOrder } from "../call/teardown-service.js";
import type { TrunkTable } from "../call/trunks.js";
import type { Config } from "../config/schema.js";
import type { Clock } from "../core/clock.js";
import type { Log } from "../core/log.js";
import type { Metrics } from "../core/metrics.js";
import type { Random } from "../core/random.js";
import type { DialogJournal } from "../ports/dialog-journal.js";
import type { NextHopResolver } from "../ports/next-hop-resolver.js";
import type { LiveCallView } from "../ports/gateway-control.js";
import type { OutwardTeardown } from "../ports/outward-teardown.js";
import type { RecordSink } from "../ports/records.js";
import type { SipEndpoint, SipUser } from "../ports/sip-endpoint.js";
import { mayAsk } from "./asterisk/asking-servers.js";
import { makeIdentity, type IdentitySide } from "./identity.js";
import { makeScreen } from "./known-callers.js";
import { takesRecordings, type MediaSide } from "./media.js";
import { b2buaOptions, hopGroups, ownHost } from "./sip-options.js";
import { readPrompt, ThreatSide, warningOf, type ThreatDeps } from "./threat.js";

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
  /** What carries and hears media. Absent: it passes us by. */
  readonly media?: Pick<MediaSide, "listener" | "relay" | "anchors" | "hasSpeech">;
  /** Other systems that carry calls, beside the switches of `switches`. */
  readonly others?: {
    readonly outward: readonly OutwardTeardown[];
    readonly hands: readonly ForeignHands[];
    /** Absent: none of them sees the hop's calls too. */
    readonly legs?: HopLegBook | undefined;
    /** See `VerdictDeskDeps.watching`. */
    readonly watching?: (server: string) => ((callId: string) => "up" | "over" | undefined) | undefined;
    /** Live calls that they carry, so many at most, oldest first. */
    readonly calls?: (limit: number) => readonly LiveCallView[];
  };
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
}

export interface CallLayer {
  /** Undefined: nobody listens to calls. */
  readonly threat: ThreatSide | undefined;
  /** Undefined: nobody listens, and who asks to record is refused. */
  readonly recordings: RecordingServer | undefined;
  readonly book: RecordingBook;
  /** Undefined: nobody verifies or signs caller identities. */
  readonly identity: IdentitySide | undefined;
  /** What sits on top of the endpoint. */
  readonly user: SipUser;
  readonly b2bua: B2bua;
  readonly admission: CallAdmission;
  /** Tells what is left out and refused under load. */
  readonly overload: OverloadGuard;
  readonly hops: GroupHopSelector;
  readonly health: HopHealth;
  readonly registry: CallRegistry;
  readonly teardown: TeardownService;
  readonly carrier: ActionCarrier;
  readonly control: LiveControl;
  /** For systems that ask before they let a call through. */
  readonly verdicts: VerdictDesk;
  readonly seen: KnownCallers;
  /** Which calls are left to the dialplans that asked about them. */
  readonly dialplans: Pick<DialplanEndings, "isLeft">;
  readonly limits: CallLimits;
  readonly drain: Drain;
  readonly ticker: DetectionTicker;
}

/** Joins the B2BUA with what stands around it. Nothing is started here. */
export function makeCallLayer(config: Config, deps: CallLayerDeps): CallLayer {
  const { detection, clock, metrics } = deps;
  const parts = makeParts(config, deps);
  const { registry, foreignCalls, teardown, carrier, screen, seen, admission, overload, drain, health, hops } = parts;
  const { limits, book } = parts;
  const b2bua = makeB2bua(config, deps, parts);
  const trunks = (): TrunkTable => admission.trunks;
  const isDraining = (): boolean => drain.draining;
  const told = { screen, carrier, registry, foreignCalls, trunks, clock };
  // Orders may name recordings: the call that is recorded is meant.
  const orders = {
    endCalls: (order: TeardownOrder) => book.endCalls(order),
    get disconnects() {
      return teardown.disconnects;
    },
  };
  const events = new SwitchEvents(DEFAULT_SWITCH_EVENTS, { ...told, dialplans: parts.dialplans, metrics });
  const elsewhere = (limit: number): readonly LiveCallView[] => deps.others?.calls?.(limit) ?? [];
  const control = new LiveControl({ ...told, detection, events, teardown: orders, elsewhere, isDraining });
  const ticker = new DetectionTicker(detection, carrier, clock, metrics);
  const { threat, recordings } = parts;
  const verdicts = makeVerdicts(config, deps, parts);
  const refuseStranger: CallAdmission["refuseStranger"] = (source) => admission.refuseStranger(source);
  const unheard = config.recording.enabled && recordings === undefined;
  const taker = unheard ? new UnheardRecordings(recordingOptions(config), { ...deps, refuseStranger }) : recordings;
  const trunkOf: CallAdmission["trunkOf"] = (request, source) => admission.trunkOf(request, source);
  const identity = makeIdentity(config, { ...deps, calls: b2bua, trunkOf });
  const calls = identity?.gate ?? b2bua;
  const user = taker === undefined ? calls : new RecordingRouter(taker, calls);
  return {
    threat,
    recordings,
    book,
    identity,
    user,
    b2bua,
    admission,
    overload,
    hops,
    health,
    registry,
    teardown,
    carrier,
    control,
    verdicts,
    seen,
    dialplans: parts.dialplans,
    limits,
    drain,
    ticker,
  };
}

type Parts = ReturnType<typeof makeParts>;

/** What stands around the B2BUA, each with what it needs of the others. */
function makeParts(config: Config, deps: CallLayerDeps) {
  const { endpoint, sink, clock, metrics, log, resolver } = deps;
  const registry = new CallRegistry(metrics);
  const foreignCalls = new ForeignCalls(FOREIGN_CALLS);
  const audit = new Audit(sink, clock, deps.random);
  const outward = [...(deps.others?.outward ?? []), ...outwardTeardowns(config, deps)];
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
  const dialplans = new DialplanEndings(
    { ...DEFAULT_DIALPLAN_ENDINGS, mayAsk: mayAsk(config) },
    { foreignCalls, teardown, clock, metrics, log },
  );
  const health = new HopHealth(healthOptions(config), { clock, resolver, log, metrics });
  const hops = new GroupHopSelector(hopGroups(config.sip), { resolver, health });
  const overload = new OverloadGuard(
    { ...DEFAULT_OVERLOAD, maxCalls: config.sip.maxCalls },
    { lagMs: deps.lagMs, liveCalls: () => registry.size },
  );
  const admission = makeAdmission(config, deps, overload);
  const book = makeBook(config, { registry, foreignCalls, teardown, trunks: () => admission.trunks });
  const hopHands = new HopHands({ registry, warning: warningOf(config), metrics, log });
  const hands = new RoutedHands(registry, hopHands, deps.others?.hands ?? []);
  const carrier = new ActionCarrier({ teardown: book, hands, sink, audit, metrics, log });
  const threat = makeThreat(config, deps, (actions) => carrier.carryOut(actions));
  const { seen, screen } = makeScreen(config, deps, (caller, now) => threat?.policy.pastOf(caller, now) ?? 0);
  const recordings = makeRecordings(config, deps, { book, screen, carrier, registry, admission, threat });
  const limits = new CallLimits(DEFAULT_CALL_LIMITS, { clock, log, metrics });
  const drain = new Drain(
    { drainMs: config.limits.drainMs, endMs: DRAIN_END_MS },
    { endpoint, registry, teardown, clock, log },
  );
  return {
    registry,
    foreignCalls,
    dialplans,
    teardown,
    book,
    carrier,
    screen,
    seen,
    health,
    hops,
    admission,
    overload,
    limits,
    drain,
    threat,
    recordings,
  };
}

function makeB2bua(config: Config, deps: CallLayerDeps, parts: Parts): B2bua {
  const { endpoint, clock, random, metrics } = deps;
  const { admission, book, screen, hops, registry, foreignCalls, limits, carrier, drain, threat } = parts;
  const keeper = deps.journal === undefined ? [] : [new JournalKeeper(deps.journal, clock)];
  const cdrs = new CdrRecorder(deps.sink);
  const legs = deps.others?.legs;
  return new B2bua(b2buaOptions(config), {
    endpoint,
    admission,
    screen,
    hops,
    observers: [
      registry,
      foreignCalls,
      admission,
      limits,
      ...keeper,
      ...hearing(config, deps, threat),
      ...deps.observers,
      ...(legs === undefined ? [] : [legs]),
      cdrs,
    ],
    ...(deps.media?.anchors === undefined ? {} : { media: deps.media.anchors }),
    origins: new CallOrigins({ trunks: () => admission.trunks, clock }),
    markLeg: legs && ((call, spec) => legs.marked(call, spec)),
    clock,
    random,
    metrics,
    onActions: (actions) => carrier.carryOut(actions),
    redirect: (policy, identity, uri) => redirectAnswer(uri, identity, { verdict: "allow" }, policy),
    isDraining: () => drain.draining,
    isNameTaken: (name) => book.get(name) !== undefined || deps.media?.hasSpeech(name) === true,
    onNotAllowed: ({ source }) => admission.note(source, "not-allowed"),
  });
}

function makeVerdicts(config: Config, deps: CallLayerDeps, parts: Parts): VerdictDesk {
  const { detection, clock, metrics, log, sink, random } = deps;
  const { admission, threat } = parts;
  return new VerdictDesk(config.asterisk.verdict, {
    ...parts,
    legs: deps.others?.legs,
    trunks: () => admission.trunks,
    policy: {
      get shadow() {
        return detection.options.shadow;
      },
      guards: (call) => detection.guards(call),
    },
    pastOf: (caller, now) => threat?.policy.pastOf(caller, now) ?? 0,
    watching: (server) => (server === undefined ? undefined : deps.others?.watching?.(server)),
    sink,
    random,
    clock,
    metrics,
    log,
  });
}

/** Who is told of the calls that are heard, and what tells those who speak in them. */
function hearing({ media }: Config, { log }: CallLayerDeps, threat: ThreatSide | undefined): readonly CallObserver[] {
  const listening = threat && new ListeningObserver(threat.desk);
  const observers: CallObserver[] = listening === undefined ? [] : [listening];
  if (media.consentFile !== undefined) {
    const unheard = (call: LiveCall): void => {
      threat?.desk.unheard(call.callId);
      listening?.stop(call);
    };
    observers.push(new ConsentObserver(readPrompt("media.consentFile", media.consentFile), { log, unheard }));
  }
  return observers;
}

function makeBook({ recording }: Config, deps: ConstructorParameters<typeof RecordingBook>[1]): RecordingBook {
  return new RecordingBook(recording.trunk === undefined ? {} : { trunk: recording.trunk }, deps);
}

function makeThreat(config: Config, deps: CallLayerDeps, carryOut: ThreatDeps["carryOut"]): ThreatSide | undefined {
  const listener = deps.media?.listener;
  if (listener === undefined) return undefined;
  const threat = new ThreatSide(config, { ...deps, listening: listener.listening, carryOut });
  listener.attach(threat.desk);
  return threat;
}

interface RecordingParts {
  readonly book: RecordingBook;
  readonly screen: CallScreen;
  readonly carrier: ActionCarrier;
  readonly registry: CallRegistry;
  readonly admission: CallAdmission;
  readonly threat: ThreatSide | undefined;
}

function makeRecordings(config: Config, deps: CallLayerDeps, parts: RecordingParts): RecordingServer | undefined {
  const { listener, relay } = deps.media ?? {};
  const { book, screen, carrier, registry, admission, threat } = parts;
  if (!takesRecordings(config) || listener === undefined || relay === undefined || threat === undefined)
    return undefined;
  const { clock, random, metrics, log } = deps;
  return new RecordingServer(recordingOptions(config), {
    desk: new RecordingDesk({ report: config.recording.report }, { book, screen, carrier }),
    listening: threat.desk,
    heard: listener.heardStreams,
    media: relay,
    observers: [],
    isTaken: (callId) => registry.has(callId) || deps.media?.hasSpeech(callId) === true,
    refuseStranger: (source) => admission.refuseStranger(source),
    hopKnows: (address) => admission.trunks.source(address).trunk !== undefined,
    clock,
    random,
    metrics,
    log,
  });
}

function recordingOptions({ recording, sip }: Config): RecordingOptions {
  return { ...DEFAULT_RECORDING, ...recording, serverName: sip.serverName };
}

function healthOptions({ sip }: Config): HopHealthOptions {
  const identityUri = `sip:${ownHost(sip)}`;
  return { ...DEFAULT_HOP_HEALTH, pingMs: sip.optionsPingMs, pingTimeoutMs: sip.optionsTimeoutMs, identityUri };
}

function makeAdmission({ limits }: Config, deps: CallLayerDeps, overload: OverloadGuard): CallAdmission {
  const { trunks, clock, random, metrics, log } = deps;
  const seed = Number.parseInt(random.token(4), 16);
  const sources = new SourceLimits(
    { ...DEFAULT_SOURCE_LIMITS, perSecond: limits.callsPerSecondPerSource, burst: limits.burstPerSource },
    seed,
  );
  const options = { blockScanners: limits.blockScanners };
  return new CallAdmission(options, { trunks, limits: sources, overload, clock, random, metrics, log });
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
