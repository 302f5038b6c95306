import { GatewayError } from "../../../core/errors.js";
import type { PayloadFormat } from "../../../core/payload-format.js";
import type { PcmAudio } from "../../../media/audio.js";
import type { HeardStreams } from "../../../ports/heard-streams.js";
import type { MediaReceiver, ReceivingPort } from "../../../ports/media-receiver.js";
import type { EarFormat, HeardSpeaker, MediaLine, MediaPath, SpokenLine } from "./media-path.js";
import type { Mouth, Track } from "./mouth.js";
import type { ExternalMedia, OwnObjects } from "./own-objects.js";
import { SpokenSounds } from "./spoken-sound.js";

const EAR_FORMATS = {
  ulaw: { payloadType: 0, codec: "PCMU", clockRateHz: 8_000, channels: 1 },
  /** Asterisk's payload type of it, main/rtp_engine.c */
  slin16: { payloadType: 118, codec: "L16", clockRateHz: 16_000, channels: 1 },
} as const satisfies Record<EarFormat, PayloadFormat>;

export interface RtpPathDeps {
  readonly objects: OwnObjects;
  readonly heard: HeardStreams;
  readonly receiver: MediaReceiver;
  readonly mouth: Mouth;
  readonly family: 4 | 6;
}

/** RTP over UDP: heard by a port of the relay's for each speaker, spoken to from one socket for all. Both ends are locked to each other. */
export class RtpPath implements MediaPath {
  readonly #deps: RtpPathDeps;
  readonly #sounds = new SpokenSounds();

  constructor(deps: RtpPathDeps) {
    this.#deps = deps;
  }

  hear(heard: HeardSpeaker): MediaLine {
    return new RtpEar(heard, this.#deps);
  }

  speak(): SpokenLine {
    return new RtpMouth(this.#deps, this.#sounds);
  }
}

class RtpEar implements MediaLine {
  readonly #heard: HeardSpeaker;
  readonly #deps: RtpPathDeps;
  #streamId: number | undefined;
  #port: ReceivingPort | undefined;
  #channelId: string | undefined;
  #closed: Promise<void> | undefined;

  constructor(heard: HeardSpeaker, deps: RtpPathDeps) {
    this.#heard = heard;
    this.#deps = deps;
  }

  get channelId(): string | undefined {
    return this.#channelId;
  }

  async open(): Promise<string> {
    try {
      return await this.#open();
    } catch (error) {
      await this.close();
      // What has come since it was closed.
      await this.#delete();
      throw error;
    }
  }

  close(): Promise<void> {
    if (this.#closed === undefined) {
      this.#port?.close();
      if (this.#streamId !== undefined) this.#deps.heard.close(this.#streamId);
      this.#closed = this.#delete();
    }
    return this.#closed;
  }

  async #open(): Promise<string> {
    const { heard, receiver, objects, family } = this.#deps;
    const { callId, speaker, format } = this.#heard;
    const streamId = heard.open({ callId, speaker, formats: [EAR_FORMATS[format]] });
    if (streamId === undefined) throw new GatewayError("media.full", "no room for another stream");
    this.#streamId = streamId;
    const port = await receiver.receive({ streamId, family, idleMs: 0, onIdle: () => undefined });
    if (this.#closed !== undefined) port.close();
    this.#checkOpen();
    this.#port = port;
    const { address } = port;
    const host = `${address.includes(":") ? `[${address}]` : address}:${port.port}`;
    const made = await objects.externalMedia(overRtp(host, format));
    this.#channelId = made.id;
    this.#checkOpen();
    port.expect(placeOf(made));
    return made.id;
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw new GatewayError("media.unavailable", "closed while it was being opened");
  }

  async #delete(): Promise<void> {
    const id = this.#channelId;
    this.#channelId = undefined;
    if (id !== undefined) await this.#deps.objects.delete(id);
  }
}

class RtpMouth implements SpokenLine {
  readonly #deps: RtpPathDeps;
  readonly #sounds: SpokenSounds;
  #track: Track | undefined;
  #channelId: string | undefined;
  #closed: Promise<void> | undefined;

  constructor(deps: RtpPathDeps, sounds: SpokenSounds) {
    this.#deps = deps;
    this.#sounds = sounds;
  }

  get channelId(): string | undefined {
    return this.#channelId;
  }

  async open(): Promise<string> {
    const { objects, mouth } = this.#deps;
    const made = await objects.externalMedia(overRtp(mouth.host, "ulaw"));
    this.#channelId = made.id;
    try {
      if (this.#closed !== undefined) throw new GatewayError("media.unavailable", "closed while it was being opened");
      this.#track = mouth.track(placeOf(made));
      return made.id;
    } catch (error) {
      await objects.delete(made.id);
      throw error;
    }
  }

  speak(sound: PcmAudio, onOver: (complete: boolean) => void): (() => void) | undefined {
    if (this.#track === undefined || this.#closed !== undefined) return undefined;
    return this.#deps.mouth.speak(this.#sounds.of(sound), this.#track, () => onOver(true));
  }

  close(): Promise<void> {
    const id = this.#channelId;
    this.#closed ??= id === undefined ? Promise.resolve() : this.#deps.objects.delete(id);
    return this.#closed;
  }
}

const overRtp = (host: string, format: EarFormat): Readonly<Record<string, string>> => ({
  external_host: host,
  format,
  encapsulation: "rtp",
  transport: "udp",
  connection_type: "client",
});

/** Where Asterisk takes and sends its RTP. @throws GatewayError `ari.rejected` */
function placeOf({ variables }: ExternalMedia): { readonly address: string; readonly port: number } {
  const address = variables["UNICASTRTP_LOCAL_ADDRESS"];
  const port = Number(variables["UNICASTRTP_LOCAL_PORT"]);
  if (typeof address === "string" && address !== "" && Number.isInteger(port) && port >= 1 && port <= 65_535)
    return { address, port };
  throw new GatewayError("ari.rejected", "Asterisk does not say where its RTP is");
}
