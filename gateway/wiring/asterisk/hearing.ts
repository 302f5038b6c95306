import type { AriChannel, AriLink } from "../../adapters/asterisk-ari/ari-contracts.js";
import { AriHands } from "../../adapters/asterisk-ari/hearing/ari-hands.js";
import { AriHearing, HEARING_EVENTS, type HeardAs } from "../../adapters/asterisk-ari/hearing/ari-hearing.js";
import type { EarDeps } from "../../adapters/asterisk-ari/hearing/ear.js";
import { askDialled } from "../../adapters/asterisk-ari/hearing/channel-variables.js";
import { AnnouncedPath, mediaUrlOf, type AnnouncedVia } from "../../adapters/asterisk-ari/hearing/announced-path.js";
import type { MediaPath } from "../../adapters/asterisk-ari/hearing/media-path.js";
import { Mouth } from "../../adapters/asterisk-ari/hearing/mouth.js";
import { DEFAULT_OWN_OBJECTS, OWN_EVENTS, OwnObjects } from "../../adapters/asterisk-ari/hearing/own-objects.js";
import { RtpPath } from "../../adapters/asterisk-ari/hearing/rtp-path.js";
import { letGo, StasisDoor, type StasisTakers } from "../../adapters/asterisk-ari/hearing/stasis-door.js";
import type { Talk } from "../../adapters/asterisk-ari/hearing/talk-book.js";
import type { HopCalls } from "../../adapters/asterisk-ari/hop-calls.js";
import type { InventoryUser, Stock } from "../../adapters/asterisk-ari/inventory.js";
import type { OwnMarks } from "../../adapters/asterisk-ari/own-marks.js";
import { AriScreenedLine, SCREENING_EVENTS } from "../../adapters/asterisk-ari/screening/ari-screened-line.js";
import type { CallDesk } from "../../adapters/asterisk-ari/watch/watch-contracts.js";
import type { ForeignHands } from "../../call/routed-hands.js";
import type { AriServerConfig } from "../../config/asterisk/ari-schema.js";
import type { Config } from "../../config/schema.js";
import { asteriskCallId } from "../../core/asterisk-call-id.js";
import type { ComponentHealth } from "../../ports/gateway-control.js";
import type { PcmAudio } from "../../media/audio.js";
import type { HeardStreams } from "../../ports/heard-streams.js";
import type { MediaReceiver } from "../../ports/media-receiver.js";
import type { CallLayer } from "../call-layer.js";
import { relayAddresses } from "../media.js";
import type { ThreatSide } from "../threat.js";
import type { AsteriskDeps } from "./asterisk-part.js";
import { isScreeningCallId, screeningCallId, ScreeningSide } from "./screening.js";
import { telephoneWarning, type ScreeningPrompts } from "./screening-prompts.js";

/** ARI events that are used here. */
export const SESSION_EVENTS: readonly string[] = [...new Set([...HEARING_EVENTS, ...SCREENING_EVENTS, ...OWN_EVENTS])];

/** Silence after which Asterisk says that nobody speaks any more, ms. */
const TALK_SILENCE_MS = 400;
const REOPEN = { reopenings: 5, reopenMs: 1_000 };

/** What hears and speaks, and whom it is for; where any of it is missing nothing is heard. */
interface Means {
  readonly threat: ThreatSide;
  /** Undefined: no Asterisk's sound goes over RTP. */
  readonly rtp: { readonly heard: HeardStreams; readonly receiver: MediaReceiver; readonly mouth: Mouth } | undefined;
  readonly screening: ScreeningSide | undefined;
}

export interface SessionServer {
  readonly config: AriServerConfig;
  readonly link: AriLink;
  readonly marks: OwnMarks;
  readonly desk: CallDesk;
  readonly hop: HopCalls | undefined;
  /** The number that a watched call is for, where it is known. */
  readonly calledOf: (uniqueId: string) => string | undefined;
}

/** Hearing, steering and screening the calls of one Asterisk. */
export interface Session extends InventoryUser {
  /** Everything of ours in it is deleted. Safe to call twice. */
  close(): Promise<void>;
}

/** Calls that Asterisks carry: heard, warned, held and screened over ARI. */
export class AriSessions {
  readonly hands: ForeignHands;
  readonly #config: Config;
  readonly #deps: AsteriskDeps;
  readonly #hands = new Set<AriHands>();
  readonly #prompts: ScreeningPrompts | undefined;
  readonly #warning: PcmAudio;
  #means: Means | undefined;

  /** @throws GatewayError `audio.invalid` */
  constructor(config: Config, deps: AsteriskDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#prompts = ScreeningSide.prompts(config, deps);
    this.#warning = telephoneWarning(config);
    const of = (callId: string): AriHands | undefined => [...this.#hands].find((each) => each.knows(callId));
    this.hands = {
      // Screening itself answers a caller who is being screened.
      knows: (callId) => isScreeningCallId(callId) || of(callId) !== undefined,
      tag: (order) => of(order.callId)?.tag(order),
      warn: (order) => of(order.callId)?.warn(order),
      hold: (order) => of(order.callId)?.hold(order),
    };
  }

  /** @throws GatewayError `listen.failed`: nothing is left running. */
  async start({ threat, seen }: Pick<CallLayer, "threat" | "seen">): Promise<void> {
    if (this.#deps.media.listener === undefined || threat === undefined) return;
    const rtp = await this.#openRtp();
    const screening =
      this.#prompts && (await ScreeningSide.start(this.#config, this.#prompts, { threat, seen }, this.#deps));
    this.#means = { threat, rtp, screening };
  }

  server(server: SessionServer): Session {
    const means = this.#means;
    const objects = new OwnObjects(DEFAULT_OWN_OBJECTS, { ...this.#deps, ...server });
    const path = means && this.#pathOf(server, means, objects);
    if (means !== undefined && path !== undefined) return this.#open(server, means, { objects, path });
    const door = new StasisDoor({}, { ...this.#deps, link: server.link });
    door.start();
    const close = (): Promise<void> => {
      objects.close();
      door.close();
      return Promise.resolve();
    };
    return { onStock: () => Promise.resolve(), close };
  }

  health(): readonly ComponentHealth[] {
    const screening = this.#means?.screening;
    return screening === undefined ? [] : [screening.health()];
  }

  /** After the sessions. Safe to call twice. */
  async close(): Promise<void> {
    const means = this.#means;
    this.#means = undefined;
    await means?.screening?.close();
    means?.rtp?.mouth.close();
  }

  /** Calls that are being screened go on in their dialplan: before the sessions are closed. */
  async finishScreening(): Promise<void> {
    await this.#means?.screening?.close();
  }

  async #openRtp(): Promise<Means["rtp"]> {
    const { listener, relay: receiver } = this.#deps.media;
    const [place] = relayAddresses(this.#config);
    const { servers, screening } = this.#config.asterisk;
    if (listener === undefined || receiver === undefined || place === undefined) return undefined;
    if (servers.every(({ media }) => media !== "rtp")) return undefined;
    const mouth = await Mouth.open({ ...place, maxVoices: screening.maxAtOnce + servers.length * 50 }, this.#deps);
    return { heard: listener.heardStreams, receiver, mouth };
  }

  /** @returns Undefined: nothing is heard of that Asterisk. */
  #pathOf({ config }: SessionServer, { rtp }: Means, objects: OwnObjects): MediaPath | undefined {
    const { announced } = this.#deps;
    if (config.media === "rtp") {
      const family = relayAddresses(this.#config)[0]?.address.includes(":") === true ? 6 : 4;
      return rtp && new RtpPath({ ...rtp, objects, family });
    }
    if (announced === undefined) return undefined;
    const { ariUrl, username, password, mediaAddress: host = announced.addresses.audioSocket ?? "" } = config;
    const via: AnnouncedVia =
      config.media === "audiosocket"
        ? { kind: "audiosocket", host }
        : { kind: "websocket", url: mediaUrlOf(ariUrl), username, password };
    return new AnnouncedPath(via, { ...this.#deps, announced, objects });
  }

  #open(server: SessionServer, means: Means, ears: EarDeps): Session {
    const { config, link } = server;
    const deps = { ...this.#deps, ...ears, link };
    const { listen, listenFormat: format, listenMax: maxTalks } = config;
    const hearing = new AriHearing(
      { which: listen === "asked" ? "asked" : "all", maxTalks, format, ...REOPEN },
      {
        ...deps,
        user: {
          carried: ({ caller, calleeSipId }) =>
            server.hop !== undefined && (server.hop.got(calleeSipId) || server.hop.carries(caller)),
          open: (talk) => this.#hear(talk, server, means),
          close: (callId) => means.threat.desk.close(callId),
        },
      },
    );
    const hands = new AriHands({ ...deps, warning: this.#warning, heard: (callId) => hearing.heard(callId) });
    this.#hands.add(hands);
    const takers: StasisTakers = {
      ...(listen === "none" ? {} : { listen: (channel) => void hearing.ask(channel) }),
      screen: (channel, args) => void this.#screen(channel, args, server, means, ears),
    };
    const door = new StasisDoor(takers, deps);
    door.start();
    if (listen !== "none") hearing.start();
    const close = async (): Promise<void> => {
      door.close();
      this.#hands.delete(hands);
      await Promise.all([hands.close(), hearing.close()]);
      ears.objects.close();
    };
    const onStock = async (stock: Stock): Promise<void> => {
      await hands.onStock(stock);
      if (listen !== "none") await hearing.onStock(stock);
    };
    const onLoading = (): void => {
      hands.onLoading();
      hearing.onLoading();
    };
    return { onLoading, onNotLoaded: () => hearing.onNotLoaded(), onStock, close };
  }

  #hear({ caller, dialled, asked }: Talk, server: SessionServer, { threat }: Means): HeardAs | undefined {
    const { config, link } = server;
    const { emergency, ...parties } = partiesOf(server, caller, dialled);
    const media = this.#trunkMedia(parties.trunk);
    if (emergency || (config.listen === "trunk" && !asked && !media.listen)) return undefined;
    const callId = asteriskCallId(link.serverId, caller.id);
    const called = media.calledSide;
    // Over an AudioSocket, or a media WebSocket: each word would be heard twice, and the first of both to go would end both.
    if (threat.desk.view(callId) !== undefined) return undefined;
    threat.desk.open({ callId, risk: 0, calledSide: called, parties });
    return threat.desk.view(callId) === undefined ? undefined : { callId, called };
  }

  #trunkMedia(trunk: string): Config["defaultTrunk"]["media"] {
    const { trunks, defaultTrunk } = this.#config;
    return (trunks.find(({ id }) => id === trunk) ?? defaultTrunk).media;
  }

  async #screen(
    channel: AriChannel,
    [language = "", seconds = ""]: readonly string[],
    server: SessionServer,
    { screening }: Means,
    ears: EarDeps,
  ): Promise<void> {
    const { link, config } = server;
    const dialled = await askDialled(link, channel);
    const { emergency, ...parties } = partiesOf(server, channel, dialled ?? "");
    if (screening === undefined || emergency) return letGo({ ...this.#deps, link }, channel.id);
    const { talkLevel } = this.#config.asterisk.screening;
    const callId = screeningCallId(asteriskCallId(link.serverId, channel.id));
    const line = new AriScreenedLine(
      {
        channelId: channel.id,
        callId,
        format: config.listenFormat,
        talkSilenceMs: TALK_SILENCE_MS,
        talkLevel,
        lentMs: /^\d{1,4}(?:\.\d+)?$/.test(seconds) ? Number(seconds) * 1_000 : undefined,
      },
      { ...this.#deps, ...ears, link },
    );
    screening.begin(line, language, parties);
  }
}

function partiesOf({ config, link, desk, calledOf }: SessionServer, caller: AriChannel, dialled: string) {
  return desk.parties({
    aNumber: caller.caller.number,
    bNumber: calledOf(caller.id) ?? dialled,
    trunk: config.trunk,
    switchId: link.serverId,
  });
}
