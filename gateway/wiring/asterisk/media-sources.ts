import { AsteriskMedia, type AsteriskMediaOptions } from "../../adapters/asterisk-media/asterisk-media.js";
import type { IdentifyParties } from "../../adapters/asterisk-media/media-desk.js";
import type { MediaServerOptions } from "../../adapters/asterisk-media/messages.js";
import { workerAt } from "../../adapters/system/worker-thread.js";
import { identifyReported } from "../../call/identify-call.js";
import type { Config } from "../../config/schema.js";
import { GatewayError } from "../../core/errors.js";
import type {
  AnnouncedMedia,
  AnnouncedStream,
  MediaChannel,
  MediaChannelUser,
  MediaDial,
} from "../../ports/announced-media.js";
import type { ComponentHealth } from "../../ports/gateway-control.js";
import { asteriskMediaEntry } from "../../workers/asterisk-media-options.js";
import type { CallLayer } from "../call-layer.js";
import type { AsteriskDeps, AsteriskPart } from "./asterisk-part.js";
import { carriesSound } from "./check-servers.js";

/** AudioSocket and media WebSocket servers, where one of them is enabled, or we connect to an Asterisk's media WebSocket. */
export function mediaSourcesPart(config: Config, deps: AsteriskDeps): MediaSourcesPart | undefined {
  const { audioSocket, mediaWebSocket, servers } = config.asterisk;
  const dials = servers.some((server) => server.media === "websocket" && carriesSound(config, server));
  return audioSocket.enabled || mediaWebSocket.enabled || dials ? new MediaSourcesPart(config, deps) : undefined;
}

/** There before its thread is, so that others can be given it. */
export class MediaSourcesPart implements AsteriskPart, AnnouncedMedia {
  readonly #config: Config;
  readonly #deps: AsteriskDeps;
  #media: AsteriskMedia | undefined;

  constructor(config: Config, deps: AsteriskDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  get addresses(): { readonly audioSocket?: string; readonly mediaWebSocket?: string } & Record<string, string> {
    return { ...this.#media?.addresses };
  }

  announce(id: string, stream: AnnouncedStream, user?: MediaChannelUser): MediaChannel {
    return this.#started().announce(id, stream, user);
  }

  async dial(to: MediaDial, stream: AnnouncedStream, user?: MediaChannelUser): Promise<MediaChannel> {
    return this.#started().dial(to, stream, user);
  }

  /** @throws GatewayError `listen.failed`, `config.invalid`, `media.unavailable` */
  async start(layer: CallLayer): Promise<void> {
    const { clock, log, metrics, media } = this.#deps;
    const { listener } = media;
    const desk = layer.threat?.desk;
    const listening = listener &&
      desk && {
        listening: desk,
        isHeard: (callId: string) => desk.view(callId) !== undefined,
        heard: listener.heardStreams,
        ring: listener.openRing(this.#config.speech.limits.ringBytes),
      };
    this.#media = await AsteriskMedia.start(optionsOf(this.#config), {
      thread: workerAt(asteriskMediaEntry(), "asterisk-media"),
      clock,
      log,
      metrics,
      listening,
      identify: identifier(layer),
    });
  }

  health(): readonly ComponentHealth[] {
    const { ok, detail } = this.#media?.health() ?? { ok: false, detail: "not started" };
    return [{ name: "asterisk-media", ok, vital: false, detail }];
  }

  async close(): Promise<void> {
    await this.#media?.close();
  }

  #started(): AsteriskMedia {
    if (this.#media === undefined) throw new GatewayError("media.unavailable", "the gateway is starting");
    return this.#media;
  }
}

function identifier({ admission }: CallLayer): IdentifyParties {
  return (caller, called, name) => {
    const trunk = (name === undefined ? undefined : admission.trunks.named(name)) ?? admission.trunks.default;
    const { emergency, ...parties } = identifyReported(caller, called, trunk);
    return { parties, emergency, calledSide: trunk.policy.media?.calledSide ?? "callee" };
  };
}

function optionsOf({ asterisk }: Config): AsteriskMediaOptions {
  const { audioSocket, mediaWebSocket } = asterisk;
  const { path, username, password, maxConnections, claimTimeoutMs, idleMs } = mediaWebSocket;
  return {
    acceptUnknown: {
      "audio-socket": audioSocket.acceptUnknown,
      "media-websocket": mediaWebSocket.acceptUnknown,
    },
    codec: audioSocket.codec,
    worker: {
      audioSocket: audioSocket.enabled ? serverOf(audioSocket) : undefined,
      mediaWebSocket: mediaWebSocket.enabled ? { ...serverOf(mediaWebSocket), path, username, password } : undefined,
      dialling: { maxConnections, claimTimeoutMs, idleMs },
    },
  };
}

type ServerConfig = Omit<MediaServerOptions, "address" | "port"> & {
  readonly listenAddress: string;
  readonly listenPort: number;
};

function serverOf({ listenAddress, listenPort, ...rest }: ServerConfig): MediaServerOptions {
  const { allowFrom, maxConnections, claimTimeoutMs, idleMs } = rest;
  return { address: listenAddress, port: listenPort, allowFrom, maxConnections, claimTimeoutMs, idleMs };
}
