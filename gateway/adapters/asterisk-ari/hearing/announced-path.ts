import type { Clock } from "../../../core/clock.js";
import { GatewayError } from "../../../core/errors.js";
import type { Random } from "../../../core/random.js";
import { monoMs } from "../../../core/time.js";
import type { PcmAudio } from "../../../media/audio.js";
import type { AnnouncedMedia, AnnouncedStream, MediaChannel, MediaDial } from "../../../ports/announced-media.js";
import type { EarFormat, HeardSpeaker, MediaLine, MediaPath, SpokenLine } from "./media-path.js";
import { OWN_CHANNEL, type ExternalMedia, type OwnObjects } from "./own-objects.js";

export type AnnouncedVia =
  /** Asterisk connects to our AudioSocket server, at the address where it reaches it: `HOST:PORT`. */
  | { readonly kind: "audiosocket"; readonly host: string }
  /** We connect to the HTTP server that ARI is on. */
  | { readonly kind: "websocket"; readonly url: string; readonly username: string; readonly password: string };

export interface AnnouncedPathDeps {
  readonly objects: OwnObjects;
  readonly announced: AnnouncedMedia;
  readonly clock: Clock;
  readonly random: Random;
}

/** A connection whose other end is in Stasis already, ms. */
const CONNECT_MS = 3_000;
const CONNECTION_VARIABLE = "MEDIA_WEBSOCKET_CONNECTION_ID";

/** AudioSocket or media WebSocket: one TCP connection for each channel, on the thread of adapters/asterisk-media. */
export class AnnouncedPath implements MediaPath {
  readonly #via: AnnouncedVia;
  readonly #deps: AnnouncedPathDeps;

  constructor(via: AnnouncedVia, deps: AnnouncedPathDeps) {
    this.#via = via;
    this.#deps = deps;
  }

  hear({ callId, speaker, format }: HeardSpeaker): MediaLine {
    return this.#line(format, { callId, speaker, caller: "", called: "", codec: "slin", heard: "if-open" });
  }

  speak(): SpokenLine {
    return this.#line("ulaw", { callId: "", speaker: "caller", caller: "", called: "", heard: "never" });
  }

  #line(format: EarFormat, stream: AnnouncedStream): SpokenLine {
    return new AnnouncedLine(this.#via, format, stream, this.#deps);
  }
}

class AnnouncedLine implements SpokenLine {
  readonly #via: AnnouncedVia;
  readonly #format: EarFormat;
  readonly #stream: AnnouncedStream;
  readonly #deps: AnnouncedPathDeps;
  #channel: MediaChannel | undefined;
  #channelId: string | undefined;
  #closed: Promise<void> | undefined;

  constructor(via: AnnouncedVia, format: EarFormat, stream: AnnouncedStream, deps: AnnouncedPathDeps) {
    this.#via = via;
    this.#format = format;
    this.#stream = stream;
    this.#deps = deps;
  }

  get channelId(): string | undefined {
    return this.#channelId;
  }

  async open(): Promise<string> {
    try {
      const via = this.#via;
      const { id } = await (via.kind === "websocket" ? this.#connect(via) : this.#awaitConnection(via.host));
      this.#channelId = id;
      this.#checkOpen();
      return id;
    } catch (error) {
      await this.close();
      // What has come since it was closed.
      await this.#delete();
      throw error;
    }
  }

  speak(sound: PcmAudio, onOver: (complete: boolean) => void): (() => void) | undefined {
    const channel = this.#channel;
    if (channel === undefined || this.#closed !== undefined) return undefined;
    let stopped = false;
    const over = (complete: boolean): void => {
      if (!stopped) onOver(complete);
      stopped = true;
    };
    channel.play(sound).then(over, () => over(false));
    return () => {
      if (!stopped) channel.flush();
      stopped = true;
    };
  }

  close(): Promise<void> {
    if (this.#closed === undefined) {
      this.#channel?.close();
      this.#closed = this.#delete();
    }
    return this.#closed;
  }

  async #awaitConnection(host: string): Promise<ExternalMedia> {
    const { objects, announced, random } = this.#deps;
    const uuid = asUuid(random.token(16));
    let connected = (): void => undefined;
    let lost = (_why: string): void => undefined;
    const connection = new Promise<void>((resolve, reject) => {
      connected = resolve;
      lost = (why) => reject(new GatewayError("media.unavailable", `its AudioSocket: ${why}`));
    });
    connection.catch(() => undefined);
    this.#channel = announced.announce(uuid, this.#stream, { onOpen: () => connected(), onClosed: (why) => lost(why) });
    const made = await objects.externalMedia({
      external_host: host,
      // An AudioSocket is linear at any rate.
      format: this.#format === "ulaw" ? "slin" : this.#format,
      encapsulation: "audiosocket",
      transport: "tcp",
      connection_type: "client",
      data: uuid,
    });
    this.#channelId = made.id;
    await this.#soon(connection);
    return made;
  }

  /** It comes into Stasis when we are there. */
  #connect(via: Extract<AnnouncedVia, { kind: "websocket" }>): Promise<ExternalMedia> {
    const { objects } = this.#deps;
    const order = {
      format: this.#format,
      encapsulation: "none",
      transport: "websocket",
      connection_type: "server",
      data: OWN_CHANNEL,
    };
    return objects.externalMedia(order, async ({ id, variables }) => {
      this.#channelId = id;
      const connectionId = variables[CONNECTION_VARIABLE] ?? (await objects.variable(id, CONNECTION_VARIABLE));
      if (connectionId === undefined)
        throw new GatewayError("ari.rejected", "Asterisk does not say where its media WebSocket is");
      this.#checkOpen();
      const to: MediaDial = { ...via, url: `${via.url}/${encodeURIComponent(connectionId)}` };
      const channel = await this.#deps.announced.dial(to, this.#stream);
      if (this.#closed !== undefined) channel.close();
      this.#checkOpen();
      this.#channel = channel;
    });
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw new GatewayError("media.unavailable", "closed while it was being opened");
  }

  async #soon(connection: Promise<void>): Promise<void> {
    const { clock } = this.#deps;
    let cancel = (): void => undefined;
    const late = new Promise<never>((_, reject) => {
      const why = new GatewayError("media.unavailable", "its AudioSocket did not come in time");
      cancel = clock.callAt(monoMs(clock.mono() + CONNECT_MS), () => reject(why));
    });
    await Promise.race([connection, late]).finally(() => cancel());
  }

  async #delete(): Promise<void> {
    const id = this.#channelId;
    this.#channelId = undefined;
    if (id !== undefined) await this.#deps.objects.delete(id);
  }
}

/** RFC 9562 §5.8: 128 bits of chance, in the form of a UUID. */
function asUuid(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}

/** `http://HOST:8088/ari` → `ws://HOST:8088/media`: both are on Asterisk's HTTP server. channels/chan_websocket.c */
export function mediaUrlOf(ariUrl: string): string {
  const url = new URL(ariUrl);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.pathname = `${url.pathname.replace(/\/+$/, "").replace(/\/ari$/, "")}/media`;
  url.search = "";
  url.hash = "";
  return url.href;
}
