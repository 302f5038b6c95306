import { createSocket, type Socket } from "node:dgram";
import { G711 } from "../../gateway/media/g711/g711.js";
import { encodeText } from "../support/modem/encode-tones.js";

const PACKET_SAMPLES = 160;
const PACKET_MS = 20;
const SILENCE = 0xff;

/**
 * The mouth and ear of a demo telephone: says text as sound, in G.711 over RTP, one packet every 20 ms, and silence in between.
 * The sound is a tone modem's, because a recogniser with a real voice needs a model that has to be fetched first.
 */
export class Voice {
  readonly #socket: Socket;
  readonly #address: string;
  readonly #law = new G711("PCMU");
  /** Coded sound that waits to be sent. */
  #waiting: Uint8Array[] = [];
  #to: { readonly address: string; readonly port: number } | undefined;
  #sequence = Math.floor(Math.random() * 65_536);
  #timestamp = Math.floor(Math.random() * 2 ** 32);
  readonly #ssrc = Math.floor(Math.random() * 2 ** 32);
  #timer: NodeJS.Timeout | undefined;
  #startedAt = 0;
  #sent = 0;
  /** Packets that came, and the loudest sample among the last second of them. */
  heard = 0;
  loudest = 0;
  /** When the last packet of what was said went out, performance.now(). */
  saidAt = 0;
  /**
   * By how much the latest packet of what was said last was late, or one that was heard since, ms: the machine is busy, this telephone or
   * the other end stood still, and what was heard of it is torn.
   */
  lateMs = 0;
  #heardAt: number | undefined;
  /** Given all that is heard, 8 kHz. */
  ear: ((samples: Float32Array) => void) | undefined;
  /** No packet at all, as from a telephone that suppresses silence. */
  suppressed = false;

  constructor(address: string) {
    this.#address = address;
    this.#socket = createSocket("udp4");
    this.#socket.on("message", (packet) => this.#hear(packet));
  }

  async open(): Promise<void> {
    // The first sound takes the coder 100 ms on a busy machine, in which no packet leaves: Asterisk's spies drop what comes in a heap then.
    encodeText("warm");
    await new Promise<void>((resolve, reject) => {
      this.#socket.once("error", reject);
      this.#socket.bind(0, this.#address, resolve);
    });
  }

  get port(): number {
    return this.#socket.address().port;
  }
  get address(): string {
    return this.#address;
  }
  get quiet(): boolean {
    return this.#waiting.length === 0;
  }

  /** Begins to send: silence, until something is said. */
  connect(to: { readonly address: string; readonly port: number }): void {
    this.#to = to;
    if (this.#timer !== undefined) return;
    this.#startedAt = performance.now();
    this.#sent = 0;
    this.#timer = setInterval(() => this.#sendDue(), PACKET_MS / 2);
  }

  /** Stops sending; what was waiting is not said. */
  hangUp(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#to = undefined;
    this.#waiting = [];
    this.#heardAt = undefined;
  }

  close(): void {
    this.hangUp();
    this.#socket.close();
  }

  /** Says it. Resolves when the last packet has left, or the call is over. */
  say(text: string): Promise<void> {
    return this.sound(encodeText(text));
  }

  /** As `say`, of any sound. @param samples 8 kHz, −1…1. */
  async sound(samples: Float32Array): Promise<void> {
    for (let at = 0; at < samples.length; at += PACKET_SAMPLES) {
      const packet = new Uint8Array(PACKET_SAMPLES).fill(SILENCE);
      this.#law.encode(samples.subarray(at, at + PACKET_SAMPLES), packet);
      this.#waiting.push(packet);
    }
    this.lateMs = 0;
    while (!this.quiet && this.#timer !== undefined) await new Promise((resolve) => setTimeout(resolve, PACKET_MS));
    this.saidAt = performance.now();
  }

  #sendDue(): void {
    const sinceMs = performance.now() - this.#startedAt;
    const due = Math.floor(sinceMs / PACKET_MS);
    if (this.#sent < due) this.lateMs = Math.max(this.lateMs, sinceMs - (this.#sent + 1) * PACKET_MS);
    while (this.#sent < due) {
      this.#sent++;
      this.#send(this.#waiting.shift() ?? new Uint8Array(PACKET_SAMPLES).fill(SILENCE));
    }
  }

  #send(payload: Uint8Array): void {
    if (this.#to === undefined || this.suppressed) return;
    const packet = Buffer.alloc(12 + payload.length);
    packet.writeUInt8(0x80, 0);
    packet.writeUInt16BE((this.#sequence = (this.#sequence + 1) & 0xffff), 2);
    packet.writeUInt32BE((this.#timestamp = (this.#timestamp + PACKET_SAMPLES) >>> 0), 4);
    packet.writeUInt32BE(this.#ssrc, 8);
    packet.set(payload, 12);
    this.#socket.send(packet, this.#to.port, this.#to.address);
  }

  #hear(packet: Uint8Array): void {
    this.heard++;
    const now = performance.now();
    if (this.#heardAt !== undefined) this.lateMs = Math.max(this.lateMs, now - this.#heardAt - PACKET_MS);
    this.#heardAt = now;
    if (this.ear !== undefined) {
      const samples = new Float32Array(packet.byteLength - 12);
      this.#law.decode(packet.subarray(12), samples);
      this.ear(samples);
    }
    let most = 0;
    for (const code of packet.subarray(12)) most = Math.max(most, Math.abs(this.#law.floats[code] ?? 0));
    this.loudest = Math.max(most, this.loudest * 0.98);
  }
}
