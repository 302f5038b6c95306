import { GatewayError } from "../../core/errors.js";
import type { Speaker } from "../../../detection/index.js";
import type { PayloadFormat } from "../../core/payload-format.js";
import type { HeardStreams } from "../../ports/heard-streams.js";
import type { NotHeard } from "../../ports/media-anchor.js";
import type { MediaReceiver, ReceivingPort } from "../../ports/media-receiver.js";
import { mediaStreamsOf, type MediaStream } from "../../sip/sdp/media-streams.js";
import { parseSdp, serializeSdp } from "../../sip/sdp/parse-sdp.js";
import type { SdpLine, SdpMedia, SessionDescription } from "../../sip/sdp/session-description.js";
import type { Instance } from "./instance-pool.js";
import { textIn } from "./ng-reply.js";

/** Where forks go. */
export interface ForkListening {
  readonly heard: HeardStreams;
  readonly receiver: MediaReceiver;
}

export interface ForkSource {
  readonly instance: Instance;
  readonly ngCallId: string;
  /** Whose media it is. */
  readonly tag: string;
}

/**
 * One speaker's media as rtpengine forks it to us: a subscription with a tag and a port of its own. It lives for as long as the call;
 * when the speaker changes codec or place it is made anew, under the same number and into the same port.
 */
export class StreamFork {
  readonly tag: string;
  readonly #speaker: Speaker;
  readonly #callId: string;
  readonly #listening: ForkListening;
  #port: ReceivingPort | undefined;
  #family: 4 | 6 = 4;
  #streamId = 0;
  #source = "";
  #formats = "";
  #closed = false;

  constructor(tag: string, speaker: Speaker, callId: string, listening: ForkListening) {
    this.tag = tag;
    this.#speaker = speaker;
    this.#callId = callId;
    this.#listening = listening;
  }

  /**
   * Subscribes, or does so again where something has changed.
   * @param told What the speaker's description says now: as long as it and the source stay, so does the subscription.
   * @returns Why the speaker is not heard; undefined: it is.
   */
  async follow({ instance, ngCallId, tag }: ForkSource, told: string): Promise<NotHeard | undefined> {
    const source = `${instance.name} ${tag} ${told}`;
    if (this.#closed || source === this.#source) return undefined;
    const call = { "call-id": ngCallId, "to-tag": this.tag };
    const request = {
      command: "subscribe request",
      ...call,
      "from-tag": tag,
      "transport protocol": "RTP/AVP",
      ICE: "remove",
    };
    const offered = await instance.ask(request);
    if (offered.kind !== "ok") return offered.kind === "full" ? "full" : "unavailable";
    const session = parseSdp(textIn(offered.content, "sdp"));
    const stream = session.ok ? mediaStreamsOf(session.value).find(isAudio) : undefined;
    if (!session.ok || stream?.address === undefined) return "unavailable";
    if (!stream.formats.some(isSound)) return "codec";
    const why = await this.#listenTo(stream, stream.address);
    if (why !== undefined || this.#port === undefined) return why ?? "unavailable";
    const sdp = receivingAnswer(session.value, stream.index, this.#port);
    const answered = await instance.ask({ command: "subscribe answer", ...call, sdp, flags: ["allow transcoding"] });
    if (answered.kind !== "ok") return "unavailable";
    this.#source = source;
    return undefined;
  }

  /** Safe to call twice. */
  close(): void {
    this.#closed = true;
    this.#stop();
  }

  async #listenTo(stream: MediaStream, address: string): Promise<NotHeard | undefined> {
    const { heard } = this.#listening;
    const formats = JSON.stringify(stream.formats);
    const family = address.includes(":") ? 6 : 4;
    if (this.#port !== undefined && this.#family !== family) this.#stop();
    if (this.#streamId === 0) {
      const id = heard.open({ callId: this.#callId, speaker: this.#speaker, formats: stream.formats });
      if (id === undefined) return "full";
      this.#streamId = id;
    } else if (formats !== this.#formats) heard.change(this.#streamId, stream.formats);
    this.#formats = formats;
    this.#family = family;
    const why = this.#port === undefined ? await this.#receive() : undefined;
    this.#port?.expect({ address, port: stream.port });
    return why;
  }

  async #receive(): Promise<NotHeard | undefined> {
    const { receiver } = this.#listening;
    try {
      const port = await receiver.receive({
        streamId: this.#streamId,
        family: this.#family,
        idleMs: 0,
        onIdle: () => undefined,
      });
      if (this.#closed) port.close();
      else this.#port = port;
      return undefined;
    } catch (error) {
      this.#stop();
      if (!(error instanceof GatewayError)) throw error;
      return error.code === "media.full" ? "full" : "unavailable";
    }
  }

  #stop(): void {
    this.#port?.close();
    this.#port = undefined;
    if (this.#streamId !== 0) this.#listening.heard.close(this.#streamId);
    this.#streamId = 0;
    this.#source = "";
  }
}

const isAudio = ({ kind, isRtp, active }: MediaStream): boolean => kind === "audio" && isRtp && active;
const isSound = ({ codec }: PayloadFormat): boolean => codec !== "telephone-event" && codec !== "CN";

/** Takes the stream at `index`, as it is offered, and no other. RFC 3264 §6 */
function receivingAnswer(offer: SessionDescription, index: number, port: ReceivingPort): string {
  const { address } = port;
  const connection: SdpLine = line("c", `IN ${address.includes(":") ? "IP6" : "IP4"} ${address}`);
  const media = offer.media.map((section, i) => ({
    ...section,
    lines: answerLines(section, i === index ? port : undefined),
  }));
  const head = [line("v", "0"), line("o", `- 1 1 ${connection.value}`), line("s", "-"), connection, line("t", "0 0")];
  return serializeSdp({ ...offer, lines: head, media });
}

function answerLines(section: SdpMedia, port: ReceivingPort | undefined): SdpLine[] {
  const { kind, protocol, formats } = section;
  if (port === undefined) return [line("m", `${kind} 0 ${protocol} ${formats.join(" ")}`)];
  const kept = section.lines.filter(
    ({ type, value }) => type === "a" && /^(?:rtpmap|fmtp|ptime|maxptime):/.test(value),
  );
  return [
    line("m", `${kind} ${port.port} ${protocol} ${formats.join(" ")}`),
    ...kept.map(({ value }) => line("a", value)),
    line("a", "recvonly"),
  ];
}

const line = (type: string, value: string): SdpLine => ({ type, value, end: "\r\n" });
