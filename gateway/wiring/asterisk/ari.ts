import { AsteriskLink } from "../../adapters/asterisk-ari/asterisk-link.js";
import { HopCalls } from "../../adapters/asterisk-ari/hop-calls.js";
import { Inventory, type InventoryUser } from "../../adapters/asterisk-ari/inventory.js";
import { LeftOvers } from "../../adapters/asterisk-ari/left-overs.js";
import { OwnMarks } from "../../adapters/asterisk-ari/own-marks.js";
import { AriTeardown } from "../../adapters/asterisk-ari/watch/ari-teardown.js";
import { CallWatcher, HOP_EVENT, WATCHED_EVENTS } from "../../adapters/asterisk-ari/watch/call-watcher.js";
import type { CallEnder } from "../../adapters/asterisk-ari/watch/end-call.js";
import type { CallDesk } from "../../adapters/asterisk-ari/watch/watch-contracts.js";
import { WsDialer } from "../../adapters/websocket/ws-dialer.js";
import type { ForeignHands } from "../../call/routed-hands.js";
import { readAsteriskCallId } from "../../core/asterisk-call-id.js";
import { identifyReported } from "../../call/identify-call.js";
import { reportedTrunk } from "../../call/switch-events.js";
import type { AriServerConfig } from "../../config/asterisk/ari-schema.js";
import type { Config } from "../../config/schema.js";
import type { ComponentHealth, LiveCallView } from "../../ports/gateway-control.js";
import type { OutwardTeardown } from "../../ports/outward-teardown.js";
import type { CallLayer } from "../call-layer.js";
import type { AsteriskDeps, AsteriskPart } from "./asterisk-part.js";
import { AriSessions, SESSION_EVENTS, type Session } from "./hearing.js";

/** Asterisks over ARI: their calls are watched and ended, and what we make there is cleaned up. */
export function ariPart(config: Config, deps: AsteriskDeps): AsteriskPart | undefined {
  return config.asterisk.servers.length === 0 ? undefined : new AriPart(config, deps);
}

/** One Asterisk, and all that concerns it. */
interface AriServer {
  readonly config: AriServerConfig;
  readonly link: AsteriskLink;
  readonly marks: OwnMarks;
}

interface Running {
  close(): void;
}

/** `enforce: false`: an Asterisk whose calls nobody ends from here, whoever orders it. */
const NO_ENDER: Pick<CallEnder, "end"> = { end: () => Promise.resolve("not-carried") };

class AriPart implements AsteriskPart {
  readonly outward: OutwardTeardown;
  readonly #servers: readonly AriServer[];
  readonly #deps: AsteriskDeps;
  readonly #enders = new Map<string, Pick<CallEnder, "end">>();
  readonly #sessions: AriSessions;
  readonly #watchers = new Map<string, CallWatcher>();
  #running: readonly Running[] = [];
  #open: readonly Session[] = [];

  constructor(config: Config, deps: AsteriskDeps) {
    const { asterisk } = config;
    this.#sessions = new AriSessions(config, deps);
    this.#deps = deps;
    this.outward = new AriTeardown(this.#enders, deps.clock);
    const dialer = new WsDialer(deps.clock);
    const events = [
      "ChannelDestroyed",
      ...WATCHED_EVENTS,
      ...SESSION_EVENTS,
      ...(deps.legs === undefined ? [] : [HOP_EVENT]),
    ];
    this.#servers = asterisk.servers.map((server) => ({
      config: server,
      link: new AsteriskLink({ ...server, serverId: server.id, events: [...new Set(events)] }, { ...deps, dialer }),
      marks: new OwnMarks(server.app, deps.random),
    }));
  }

  get hands(): ForeignHands {
    return this.#sessions.hands;
  }

  watching(server: string): ((callId: string) => "up" | "over" | undefined) | undefined {
    const watcher = this.#watchers.get(server);
    return watcher && ((callId) => watcher.knows(readAsteriskCallId(callId)?.uniqueId ?? ""));
  }

  calls(limit: number): readonly LiveCallView[] {
    return [...this.#watchers.values()].flatMap((watcher) => watcher.calls(limit));
  }

  /** @throws GatewayError `listen.failed`, `audio.invalid` */
  async start(layer: CallLayer): Promise<void> {
    await this.#sessions.start(layer);
    const desk = this.#desk(layer);
    this.#running = this.#servers.flatMap((server) => this.#startServer(server, desk));
  }

  health(): readonly ComponentHealth[] {
    return [...this.#servers.map(({ link }) => link.health()), ...this.#sessions.health()];
  }

  /** What is screened and heard first: that needs the links. */
  async close(): Promise<void> {
    await this.#sessions.finishScreening();
    await Promise.all(this.#open.map((session) => session.close()));
    for (const each of this.#running) each.close();
    for (const { link } of this.#servers) link.close();
    await this.#sessions.close();
  }

  #startServer({ config, link, marks }: AriServer, desk: CallDesk): readonly Running[] {
    const { legs, log } = this.#deps;
    const hop = legs === undefined ? undefined : new HopCalls(link, legs, log);
    hop?.start();
    const deps = { ...this.#deps, link, marks, desk, hop };
    const leftOvers = new LeftOvers(deps);
    const users: (InventoryUser & Running)[] = [leftOvers];
    leftOvers.start();
    let watcher: CallWatcher | undefined;
    if (config.observe) {
      const { trunk, enforce } = config;
      watcher = new CallWatcher({ ...(trunk === undefined ? {} : { trunk }), enforce }, deps);
      this.#watchers.set(config.id, watcher);
      this.#enders.set(config.id, enforce ? watcher.ender : NO_ENDER);
      watcher.start();
      users.push(watcher);
    }
    const calledOf = (uniqueId: string): string | undefined => watcher?.call(uniqueId)?.calledNumber;
    const session = this.#sessions.server({ config, link, marks, desk, hop, calledOf });
    this.#open = [...this.#open, session];
    const inventory = new Inventory(link, [...users, session], deps);
    inventory.start();
    link.start();
    return [inventory, ...users, ...(hop === undefined ? [] : [hop])];
  }

  #desk({ control, admission, dialplans, verdicts }: CallLayer): CallDesk {
    return {
      report: async (event) => {
        const [verdict] = await control.reportEvents([event]);
        return verdict ?? { callId: event.callId, status: "rejected", verdict: "allow", detected: false };
      },
      parties: (call) => identifyReported(call.aNumber, call.bNumber, reportedTrunk(call, admission.trunks)),
      leftToDialplan: (callId) => dialplans.isLeft(callId),
      askedNumber: (callId) => verdicts.askedNumber(callId),
    };
  }
}
