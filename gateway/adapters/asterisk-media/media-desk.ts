import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import { sensitiveUri, type Log } from "../../core/log.js";
import { monoMs } from "../../core/time.js";
import { CARRIED_FORMATS } from "../../media/pcm-packets/carried-formats.js";
import type { AnnouncedStream, MediaChannel, MediaChannelUser } from "../../ports/announced-media.js";
import type { HeardStreams } from "../../ports/heard-streams.js";
import type { HeardCall, HeardParties } from "../../ports/listening.js";
import type { MediaClaim, MediaSource } from "../../ports/media-connections.js";
import { AnnouncedChannel, type ChannelSink } from "./announced-channel.js";
import type { HeardCalls } from "./heard-calls.js";

/** Who is called what, by the number plan of a trunk. */
export type IdentifyParties = (
  caller: string,
  called: string,
  trunk: string | undefined,
) => { readonly parties: HeardParties; readonly emergency: boolean; readonly calledSide: HeardCall["calledSide"] };

export interface MediaDeskOptions {
  /** Connections that nobody announced are calls of their own. */
  readonly acceptUnknown: Readonly<Record<MediaSource, boolean>>;
  /** What kind 0x10 of an AudioSocket means where nobody says. */
  readonly codec: string;
}

export interface MediaDeskDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Undefined: nobody listens. */
  readonly heardStreams: HeardStreams | undefined;
  readonly calls: HeardCalls;
  readonly identify: IdentifyParties;
  readonly sink: ChannelSink;
}

interface OpenChannel {
  readonly callId: string;
  readonly streamId: number;
  /** Of `calls`. */
  readonly taken: boolean;
  readonly announced: AnnouncedChannel | undefined;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** An announced connection comes by then, ms: the called side may take its time to answer. */
const CONNECT_MS = 180_000;
const MOST_ANNOUNCED = 4_096;

/** Which connection brings whose sound: announcements by id, open channels by number. */
export class MediaDesk {
  readonly #options: MediaDeskOptions;
  readonly #deps: MediaDeskDeps;
  readonly #announced = new Map<string, { readonly channel: AnnouncedChannel; readonly cancel: () => void }>();
  readonly #open = new Map<number, OpenChannel>();

  constructor(options: MediaDeskOptions, deps: MediaDeskDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  get waiting(): number {
    return this.#announced.size;
  }

  /** See `AnnouncedMedia.announce`. */
  announce(id: string, stream: AnnouncedStream, user: MediaChannelUser = {}): MediaChannel {
    const uuid = id.toLowerCase();
    if (!UUID.test(uuid)) throw new GatewayError("media.rejected", "the id of an announced connection is no UUID");
    if (this.#announced.has(uuid)) throw new GatewayError("media.rejected", "that UUID is announced already");
    if (this.#announced.size >= MOST_ANNOUNCED) {
      throw new GatewayError("media.full", "too many connections are announced");
    }
    const channel = new AnnouncedChannel(uuid, stream, user, this.#deps.sink, () => this.#withdraw(uuid));
    const { clock } = this.#deps;
    const cancel = clock.callAt(monoMs(clock.mono() + CONNECT_MS), () => {
      this.#withdraw(uuid);
      channel.closed("not-connected");
    });
    this.#announced.set(uuid, { channel, cancel });
    return channel;
  }

  /** We have connected to somebody. */
  dialled(number: number, id: string, stream: AnnouncedStream, user: MediaChannelUser = {}): MediaChannel {
    const channel = new AnnouncedChannel(id, stream, user, this.#deps.sink, () => undefined);
    this.#accept(number, stream, channel);
    return channel;
  }

  onClaim(number: number, source: MediaSource, claim: MediaClaim): void {
    if (claim.kind === "dialled") return;
    if (claim.kind === "named") {
      const { callId, speaker, caller, called, trunk, language } = claim;
      const more = { ...(trunk === undefined ? {} : { trunk }), ...(language === undefined ? {} : { language }) };
      this.#accept(number, { callId, speaker, caller, called, ...more }, undefined);
      return;
    }
    const announced = this.#announced.get(claim.uuid);
    if (announced !== undefined) {
      this.#withdraw(claim.uuid);
      this.#accept(number, announced.channel.stream, announced.channel);
    } else if (this.#options.acceptUnknown[source]) {
      this.#accept(number, { callId: claim.uuid, speaker: "caller", caller: "", called: "" }, undefined);
    } else {
      this.#deps.log.warn("asterisk-media.unknown", { source });
      this.#deps.sink.close(number, "unknown-uuid");
    }
  }

  onDigit(number: number, digit: string): void {
    this.#open.get(number)?.announced?.digit(digit);
  }

  onClosed(number: number, reason: string): void {
    const open = this.#open.get(number);
    if (open === undefined) return;
    this.#open.delete(number);
    if (open.streamId > 0) this.#deps.heardStreams?.close(open.streamId);
    if (open.taken) this.#deps.calls.leave(open.callId);
    open.announced?.closed(reason);
  }

  /** The thread is gone, and all its connections with it. */
  lost(): void {
    for (const number of [...this.#open.keys()]) this.onClosed(number, "thread-lost");
  }

  /** Safe to call twice. */
  close(): void {
    for (const [uuid, { channel }] of [...this.#announced]) {
      this.#withdraw(uuid);
      channel.closed("gateway-closes");
    }
    this.lost();
    this.#deps.calls.close();
  }

  #withdraw(uuid: string): void {
    this.#announced.get(uuid)?.cancel();
    this.#announced.delete(uuid);
  }

  #accept(number: number, stream: AnnouncedStream, announced: AnnouncedChannel | undefined): void {
    const { sink, calls, identify, heardStreams, log } = this.#deps;
    const { callId, speaker, caller, called, trunk, language } = stream;
    const { parties, emergency, calledSide } = identify(caller, called, trunk);
    // An emergency call passes, and nobody hears it.
    const mayHear = heardStreams !== undefined && !emergency && stream.heard !== "never";
    const ours = { callId, risk: 0, calledSide, parties, ...(language === undefined ? {} : { language }) };
    const taken = mayHear && stream.heard === undefined && calls.take(ours);
    const isHeard = taken || (mayHear && stream.heard === "if-open");
    const streamId = isHeard ? heardStreams.open({ callId, speaker, formats: CARRIED_FORMATS }) : undefined;
    if (mayHear && streamId === undefined) log.warn("asterisk-media.unheard", { call: sensitiveUri(callId) });
    this.#open.set(number, { callId, streamId: streamId ?? 0, taken, announced });
    sink.accept(number, streamId ?? 0, stream.codec ?? this.#options.codec);
    announced?.opened(number);
  }
}
