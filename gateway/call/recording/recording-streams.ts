import type { Speaker } from "../../../detection/index.js";
import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import type { Log } from "../../core/log.js";
import type { Random } from "../../core/random.js";
import { monoMs } from "../../core/time.js";
import type { HeardStreams } from "../../ports/heard-streams.js";
import type { MediaReceiver, ReceivingPort } from "../../ports/media-receiver.js";
import { sdesKeyBytes, type SdesCrypto } from "../../sip/sdp/crypto-attribute.js";
import type { AnsweredLine } from "../../sip/siprec/recording-answer.js";
import type { RecordedLine } from "../../sip/siprec/recording-sdp.js";

export interface RecordingStreamsOptions {
  readonly callId: string;
  /** Address family of lines that do not say: that of the signalling. */
  readonly family: 4 | 6;
  readonly idleMs: number;
  readonly learnSource: boolean;
  readonly receiveTimeoutMs: number;
  /** Nothing came on a line for `idleMs`. */
  onIdle(): void;
}

export interface RecordingStreamsDeps {
  readonly heard: HeardStreams;
  readonly media: MediaReceiver;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** One line that is heard. */
interface Ear {
  readonly streamId: number;
  readonly port: ReceivingPort;
  readonly speaker: Speaker;
  readonly family: 4 | 6;
  readonly crypto: SdesCrypto | undefined;
  readonly ownKey: string | undefined;
  line: RecordedLine;
  /** Its port has been told whom to hear; before it hears nobody. */
  isOpen: boolean;
}

/** The m= lines of one recording session, each with its ports and its stream. As many as the session's description has. */
export class RecordingStreams {
  readonly #options: RecordingStreamsOptions;
  readonly #deps: RecordingStreamsDeps;
  readonly #ears = new Map<number, Ear>();
  /** Streams whose port is not there yet. */
  readonly #opening = new Set<number>();
  #closed = false;

  constructor(options: RecordingStreamsOptions, deps: RecordingStreamsDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Lines that are heard now. */
  get size(): number {
    return this.#ears.size;
  }

  /**
   * Opens, changes and closes what a description asks for. A line whose speaker, key or address family is another one gets a new
   * port. Never rejects: a line that cannot be had is answered with port 0.
   *
   * @param speakers One for each line; those of refused lines do not count.
   * @param isOffer We offer these lines ourselves: nobody is heard on them before the peer has answered (`settle`).
   */
  async apply(
    lines: readonly RecordedLine[],
    speakers: readonly Speaker[],
    isOffer: boolean,
  ): Promise<readonly AnsweredLine[]> {
    for (const index of [...this.#ears.keys()]) if (index >= lines.length) this.#shut(index);
    return Promise.all(
      lines.map(async (line, index) => {
        const ear = await this.#earFor(index, line, speakers[index] ?? "caller");
        if (ear === undefined) return { line, at: undefined };
        if (!isOffer && !ear.isOpen) this.#expect(ear);
        return { line, at: { address: ear.port.address, port: ear.port.port }, ownKey: ear.ownKey };
      }),
    );
  }

  /** What the peer says of lines that we have offered. Ports stay. */
  settle(lines: readonly RecordedLine[]): void {
    for (const [index, ear] of this.#ears) {
      const line = lines[index];
      if (line === undefined || line.refused !== undefined) this.#shut(index);
      else this.#change(ear, line);
    }
  }

  /** Whether a line is heard as another speaker than it should be. */
  isMisheard(speakers: readonly Speaker[]): boolean {
    return [...this.#ears].some(([index, { speaker }]) => (speakers[index] ?? speaker) !== speaker);
  }

  /** Safe to call twice; ports that are waited for are closed as soon as they are there. */
  close(): void {
    this.#closed = true;
    for (const streamId of this.#opening) this.#deps.heard.close(streamId);
    this.#opening.clear();
    for (const index of [...this.#ears.keys()]) this.#shut(index);
  }

  async #earFor(index: number, line: RecordedLine, speaker: Speaker): Promise<Ear | undefined> {
    const known = this.#ears.get(index);
    const family = line.family ?? known?.family ?? this.#options.family;
    if (known !== undefined) {
      const same =
        line.refused === undefined &&
        known.speaker === speaker &&
        known.family === family &&
        isSameKey(known.crypto, line.crypto);
      if (same) {
        this.#change(known, line);
        return known;
      }
      this.#shut(index);
    }
    if (line.refused !== undefined || this.#closed) return undefined;
    const ear = await this.#open(line, speaker, family);
    return ear && this.#keep(index, ear);
  }

  /** Not where all was closed between the port's coming and here: nobody else knows of it. */
  #keep(index: number, ear: Ear): Ear | undefined {
    if (this.#closed) {
      this.#free(ear);
      return undefined;
    }
    this.#ears.set(index, ear);
    return ear;
  }

  async #open(line: RecordedLine, speaker: Speaker, family: 4 | 6): Promise<Ear | undefined> {
    const { heard, random, log } = this.#deps;
    const streamId = heard.open({ callId: this.#options.callId, speaker, formats: line.formats });
    if (streamId === undefined) return undefined;
    this.#opening.add(streamId);
    try {
      const port = await this.#receive(streamId, family, line.crypto);
      if (!this.#opening.delete(streamId)) {
        port.close();
        return undefined;
      }
      const keyBytes = line.crypto === undefined ? undefined : sdesKeyBytes(line.crypto.suite);
      const ownKey = keyBytes === undefined ? undefined : Buffer.from(random.token(keyBytes), "hex").toString("base64");
      return { streamId, port, speaker, family, crypto: line.crypto, ownKey, line, isOpen: false };
    } catch (error) {
      if (this.#opening.delete(streamId)) heard.close(streamId);
      if (error instanceof GatewayError) log.warn("recording.no-port", { code: error.code });
      else log.error("recording.no-port", {}, error);
      return undefined;
    }
  }

  /** @throws GatewayError `media.full`, `media.unavailable`: that too where nothing comes in time. */
  #receive(streamId: number, family: 4 | 6, crypto: SdesCrypto | undefined): Promise<ReceivingPort> {
    const { media, clock } = this.#deps;
    const { idleMs, receiveTimeoutMs } = this.#options;
    const keys =
      crypto === undefined
        ? {}
        : { crypto: { suite: crypto.suite, keySalt: crypto.keySalt, mkiBytes: crypto.mki?.lengthBytes ?? 0 } };
    return new Promise((resolve, reject) => {
      let late = false;
      const cancel = clock.callAt(monoMs(clock.mono() + receiveTimeoutMs), () => {
        late = true;
        reject(new GatewayError("media.unavailable", `no port within ${receiveTimeoutMs} ms`));
      });
      media
        .receive({ streamId, family, ...keys, idleMs, onIdle: () => this.#options.onIdle() })
        .then((port) => (late ? port.close() : resolve(port)), reject)
        .finally(cancel);
    });
  }

  #change(ear: Ear, line: RecordedLine): void {
    const before = ear.line;
    // A hold by an address of zero does not unlearn where the sender is.
    ear.line = line.peer === undefined ? { ...line, peer: before.peer } : line;
    if (!isSameFormats(before, line)) this.#deps.heard.change(ear.streamId, line.formats);
    if (!ear.isOpen || ear.line.peer?.address !== before.peer?.address) this.#expect(ear);
  }

  /** Ports of a sender need not be those that it names: it sends only. Its address is. */
  #expect(ear: Ear): void {
    const { peer } = ear.line;
    ear.isOpen = true;
    ear.port.expect(peer === undefined || this.#options.learnSource ? undefined : { address: peer.address, port: 0 });
  }

  #shut(index: number): void {
    const ear = this.#ears.get(index);
    if (ear === undefined) return;
    this.#ears.delete(index);
    this.#free(ear);
  }

  #free(ear: Ear): void {
    ear.port.close();
    this.#deps.heard.close(ear.streamId);
  }
}

function isSameKey(a: SdesCrypto | undefined, b: SdesCrypto | undefined): boolean {
  return a?.suite === b?.suite && a?.keySalt === b?.keySalt && a?.mki?.lengthBytes === b?.mki?.lengthBytes;
}

function isSameFormats(a: RecordedLine, b: RecordedLine): boolean {
  return JSON.stringify(a.formats) === JSON.stringify(b.formats);
}
