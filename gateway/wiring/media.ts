import { join } from "node:path";
import { RtpengineAnchor } from "../adapters/rtpengine/rtpengine-anchor.js";
import { startMediaRelay, type MediaRelay } from "../adapters/rtp-relay/media-relay.js";
import { workerAt } from "../adapters/system/worker-thread.js";
import type { MediaRelayOptions } from "../adapters/rtp-relay/relay-options.js";
import type { ListeningClient } from "../adapters/listening/listening-client.js";
import { SpeechFiles } from "../adapters/speech-files/speech-files.js";
import { SPEECH_FOLDER, SpeechFolder } from "../adapters/speech-files/speech-folder.js";
import { AesVault } from "../adapters/vault/aes-vault.js";
import { readKeyFile } from "../adapters/vault/key-file.js";
import { MediaAnchors } from "../call/media/media-anchors.js";
import { DEFAULT_MEDIA_OPTIONS } from "../call/media/call-media.js";
import type { Config } from "../config/schema.js";
import type { Clock } from "../core/clock.js";
import type { Log } from "../core/log.js";
import type { Metrics } from "../core/metrics.js";
import type { Random } from "../core/random.js";
import type { ComponentHealth } from "../ports/gateway-control.js";
import { mediaRelayEntry, relayEngineFile } from "../workers/media-relay-options.js";
import { startListening } from "../workers/start-listening.js";
import type { ListeningWorkerOptions } from "../workers/listening-options.js";
import { carriesSound } from "./asterisk/check-servers.js";
import { keyFileOf } from "./threat.js";

export interface MediaDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly logKey: Uint8Array;
  /** Under load new calls are anchored, but not listened to. */
  readonly busy: () => boolean;
}

type Listener = ListeningClient<ListeningWorkerOptions>;

/** Trunks of a configuration, the default one included. */
const trunksOf = ({ trunks, defaultTrunk }: Config) => [...trunks, defaultTrunk];

export const listensAtAll = ({ speech }: Config): boolean => speech.engine !== "none";
/** Recording sessions have no use where nobody listens. */
export const takesRecordings = (config: Config): boolean => config.recording.enabled && listensAtAll(config);
/** Asterisks send what their calls say to the relay's ports. */
const hearsAsterisks = (config: Config): boolean =>
  config.asterisk.servers.some((server) => server.media === "rtp" && carriesSound(config, server));
const usesRtpengine = (config: Config): boolean => trunksOf(config).some(({ media }) => media.anchor === "rtpengine");
/** rtpengine forks into the relay's ports too. */
const usesRelay = (config: Config): boolean =>
  takesRecordings(config) ||
  hearsAsterisks(config) ||
  trunksOf(config).some(({ media }) => media.anchor === "relay" || (media.anchor === "rtpengine" && media.listen));

/** What carries and hears media. Nothing of it is started where nothing asks for it. */
export class MediaSide {
  readonly listener: Listener | undefined;
  readonly relay: MediaRelay | undefined;
  readonly #rtpengine: RtpengineAnchor | undefined;
  readonly #speech: SpeechFiles | undefined;
  readonly anchors: MediaAnchors | undefined;

  private constructor(
    config: Config,
    deps: MediaDeps,
    parts: Pick<MediaSide, "listener" | "relay"> & {
      readonly rtpengine: RtpengineAnchor | undefined;
      readonly speech: SpeechFiles | undefined;
    },
  ) {
    const { listener, relay, rtpengine, speech } = parts;
    this.#speech = speech;
    this.listener = listener;
    this.relay = relay;
    this.#rtpengine = rtpengine;
    const anchors = { ...(relay && { relay }), ...(rtpengine && { rtpengine }) };
    if (relay === undefined && rtpengine === undefined) return;
    const { clock, metrics, log, busy } = deps;
    const { describeTimeoutMs } = config.media;
    // An anchor that may take longer for a description may for the figures of a call too: only its CDR waits for them.
    const statsTimeoutMs = Math.max(describeTimeoutMs, DEFAULT_MEDIA_OPTIONS.statsTimeoutMs);
    this.anchors = new MediaAnchors(
      { ...DEFAULT_MEDIA_OPTIONS, describeTimeoutMs, statsTimeoutMs },
      { anchors, clock, metrics, log, mayListen: () => !busy() },
    );
  }

  /** @throws GatewayError `listen.failed`, `media.unavailable`, `model.*`, `stt.*`, `config.invalid`, `crypto.key`: nothing is left running. */
  static async start(config: Config, deps: MediaDeps): Promise<MediaSide> {
    const { clock, random, metrics, log, logKey } = deps;
    const opened: { close(): Promise<unknown> }[] = [];
    const keep = <T extends { close(): Promise<unknown> }>(part: T): T => {
      opened.unshift(part);
      return part;
    };
    try {
      const logs = { ...config.logs, key: logKey };
      const speech = speechFiles(config, deps);
      if (speech !== undefined) keep(speech);
      const keepSpeech = speech !== undefined;
      const { redactPhones } = config.privacy;
      const listener = listensAtAll(config)
        ? keep(await startListening(config.speech, { clock, log, metrics, logs, keepSpeech, redactPhones }))
        : undefined;
      if (speech !== undefined) listener?.keepSpeech(speech);
      const listening = listener && {
        heard: listener.heardStreams,
        ring: listener.openRing(config.speech.limits.ringBytes),
      };
      const relay = usesRelay(config)
        ? keep(
            await startMediaRelay(relayOptions(config), {
              clock,
              log,
              metrics,
              thread: workerAt(mediaRelayEntry(), "media-relay"),
              listening,
              engineFile: relayEngineFile(),
            }),
          )
        : undefined;
      const forks = listening && relay && { heard: listening.heard, receiver: relay };
      const rtpengine = usesRtpengine(config)
        ? keep(
            new RtpengineAnchor(config.media.rtpengine, {
              clock,
              random,
              metrics,
              log,
              ...(forks && { listening: forks }),
            }),
          )
        : undefined;
      await rtpengine?.start();
      return new MediaSide(config, deps, { listener, relay, rtpengine, speech });
    } catch (error) {
      for (const part of opened) await part.close().catch(() => undefined);
      throw error;
    }
  }

  /** Whether speech of a call of that name is kept. */
  hasSpeech(callId: string): boolean {
    return this.#speech?.has(callId) === true;
  }

  health(): readonly ComponentHealth[] {
    const found: ComponentHealth[] = [];
    const note = (name: string, { ok, detail }: { readonly ok: boolean; readonly detail: string }): void =>
      void found.push({ name, ok, vital: false, detail });
    if (this.listener !== undefined) note("listening", this.listener.listening);
    if (this.relay !== undefined) note("media-relay", this.relay.health());
    if (this.#rtpengine !== undefined) note("rtpengine", this.#rtpengine.health());
    return found;
  }

  /** Media first, then who hears it, then who keeps it. Safe to call twice. */
  async close(): Promise<void> {
    await this.#rtpengine?.close();
    await this.relay?.close();
    await this.listener?.close();
    await this.#speech?.close();
  }
}

const MIB = 1_048_576;

/** @throws GatewayError `crypto.key` */
function speechFiles(config: Config, { clock, metrics, log, logKey }: MediaDeps): SpeechFiles | undefined {
  const { keepAudio, audioCallMib, audioTotalMib } = config.privacy;
  if (!keepAudio || !listensAtAll(config)) return undefined;
  const folder = new SpeechFolder(join(config.store.folder, SPEECH_FOLDER), logKey);
  const vault = new AesVault(readKeyFile(keyFileOf(config), false));
  return new SpeechFiles(
    { callBytes: audioCallMib * MIB, totalBytes: audioTotalMib * MIB },
    { folder, vault, clock, metrics, log },
  );
}

const relayOptions = (config: Config): MediaRelayOptions => ({
  ...config.media.relay,
  addresses: relayAddresses(config),
});

/** Where media comes in, and goes out. */
export const relayAddresses = ({ media, sip }: Config): MediaRelayOptions["addresses"] =>
  media.relay.addresses.length > 0 ? media.relay.addresses : [{ address: loopbackOf(sip.listenAddress) }];

const loopbackOf = (address: string): string => (address === "localhost" ? "127.0.0.1" : address);
