import { GatewayError } from "../../core/errors.js";
import type { PcmAudio } from "../../media/audio.js";
import type { AnnouncedStream, MediaChannel, MediaChannelUser } from "../../ports/announced-media.js";

/** The thread with the sockets, as channels use it. */
export interface ChannelSink {
  accept(channel: number, streamId: number, codec: string): void;
  /** @throws GatewayError `media.rejected`, `media.unavailable` */
  play(channel: number, audio: PcmAudio): Promise<boolean>;
  flush(channel: number): void;
  hangUp(channel: number): void;
  close(channel: number, reason: string): void;
}

/** One connection for somebody who knows that it comes. */
export class AnnouncedChannel implements MediaChannel {
  readonly id: string;
  readonly stream: AnnouncedStream;
  readonly #user: MediaChannelUser;
  readonly #sink: ChannelSink;
  readonly #withdraw: () => void;
  /** Undefined: not open. */
  #number: number | undefined;
  #isOver = false;

  constructor(id: string, stream: AnnouncedStream, user: MediaChannelUser, sink: ChannelSink, withdraw: () => void) {
    this.id = id;
    this.stream = stream;
    this.#user = user;
    this.#sink = sink;
    this.#withdraw = withdraw;
  }

  async play(audio: PcmAudio): Promise<boolean> {
    if (this.#number === undefined) throw new GatewayError("media.rejected", "that channel is not open");
    return this.#sink.play(this.#number, audio);
  }

  flush(): void {
    if (this.#number !== undefined) this.#sink.flush(this.#number);
  }

  hangUp(): void {
    if (this.#number === undefined) this.close();
    else this.#sink.hangUp(this.#number);
  }

  close(): void {
    if (this.#number !== undefined) this.#sink.close(this.#number, "closed");
    else if (!this.#isOver) {
      this.#withdraw();
      this.closed("withdrawn");
    }
  }

  opened(number: number): void {
    if (this.#isOver) return;
    this.#number = number;
    this.#user.onOpen?.();
  }

  digit(digit: string): void {
    this.#user.onDigit?.(digit);
  }

  closed(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#number = undefined;
    this.#user.onClosed?.(reason);
  }
}
