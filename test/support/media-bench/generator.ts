import type { DatagramIo } from "../../../gateway/adapters/rtp-relay/io/datagram-io.js";
import { NativeIo } from "../../../gateway/adapters/rtp-relay/io/native-io.js";
import { NodeIo } from "../../../gateway/adapters/rtp-relay/io/node-io.js";
import { writeRtpHeader } from "../../../gateway/media/rtp/rtp-header.js";
import { relayEngineFile } from "../../../gateway/workers/media-relay-options.js";
import type { FromGenerator, LoadFigures, ToGenerator } from "./messages.js";

// A process of its own: telephones that send G.711 every 20 ms, each at its own moment, and look at how long their packets took: from
// just before one is handed to the kernel to when the kernel has it for the other telephone. When this process gets to read it does
// not count, where the native engine is there; without it, it does.

const FRAME_MS = 20;
const PACKET_BYTES = 172;
const TICK_MS = 1;
/** What is still on its way when the sending ends. */
const LINGER_MS = 400;
const CLOCK_MASK = 0x7fffffff;

class Generator {
  readonly #io: DatagramIo;
  readonly #nowUs: () => number;
  readonly #packet = new Uint8Array(PACKET_BYTES);
  readonly #view = new DataView(this.#packet.buffer);
  #sockets: number[] = [];
  #sequence = 0;
  #delays = new Float64Array(0);
  #sent = 0;
  #received = 0;
  #refused = 0;

  constructor() {
    const file = relayEngineFile();
    const onBatch = (count: number): void => this.#onBatch(count);
    if (file === undefined) {
      this.#io = new NodeIo(onBatch);
      this.#nowUs = () => Math.round(performance.now() * 1000) & CLOCK_MASK;
    } else {
      const io = new NativeIo(file, onBatch, true);
      this.#io = io;
      this.#nowUs = () => io.nowUs();
    }
  }

  async open(calls: number): Promise<number[]> {
    const ports: number[] = [];
    for (let i = 0; i < 2 * calls; i++) {
      const open = await this.#io.open("127.0.0.1", 0);
      if (!open.ok) throw new Error(open.error.reason);
      this.#sockets.push(open.value.socket);
      ports.push(open.value.port);
    }
    return ports;
  }

  async run(places: readonly number[], seconds: number): Promise<LoadFigures> {
    for (const [i, socket] of this.#sockets.entries()) this.#io.aim(socket, "127.0.0.1", places[i] ?? 9);
    const streams = this.#sockets.length;
    this.#delays = new Float64Array(Math.ceil(streams * (seconds + 1) * (1000 / FRAME_MS)));
    this.#sent = this.#received = this.#refused = 0;
    const startMs = performance.now();
    const total = Math.round((streams * seconds * 1000) / FRAME_MS);
    // Streams take turns, so that the load is even: packet k of all is due at k × 20 ms / streams.
    for (let k = 0; k < total;) {
      const due = Math.min(total, Math.floor(((performance.now() - startMs) * streams) / FRAME_MS));
      for (; k < due; k++) this.#send(k % streams, this.#sequence + Math.floor(k / streams));
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
    this.#sequence += Math.ceil(total / streams);
    await new Promise((resolve) => setTimeout(resolve, LINGER_MS));
    const delays = this.#delays.subarray(0, this.#received).sort();
    const at = (share: number): number => delays[Math.min(delays.length - 1, Math.floor(delays.length * share))] ?? 0;
    return {
      sent: this.#sent,
      received: this.#received,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      mostMs: at(1),
      refused: this.#refused,
    };
  }

  close(): void {
    for (const socket of this.#sockets) this.#io.close(socket);
    this.#sockets = [];
  }

  #send(stream: number, sequenceNumber: number): void {
    const timestamp = sequenceNumber * 160;
    writeRtpHeader(this.#packet, { payloadType: 0, marker: false, sequenceNumber, timestamp, ssrc: stream + 1 });
    this.#view.setInt32(12, this.#nowUs());
    if (this.#io.send(this.#sockets[stream] ?? -1, this.#packet)) this.#sent++;
    else this.#refused++;
  }

  #onBatch(count: number): void {
    const readUs = this.#nowUs();
    for (let i = 0; i < count; i++) {
      const packet = this.#io.batch.packet(i);
      if (packet.byteLength !== PACKET_BYTES || this.#received >= this.#delays.length) continue;
      const sentUs = new DataView(packet.buffer, packet.byteOffset).getInt32(12);
      const cameUs = this.#io.kind === "native" ? this.#io.batch.arrivalUs(i) : readUs;
      this.#delays[this.#received++] = ((cameUs - sentUs) & CLOCK_MASK) / 1000;
    }
  }
}

const generator = new Generator();
const say = (message: FromGenerator): void => void process.send?.(message);
process.on("message", (message: ToGenerator) => {
  switch (message.kind) {
    case "open":
      void generator.open(message.calls).then((ports) => say({ kind: "opened", ports }));
      break;
    case "run":
      void generator.run(message.places, message.seconds).then((figures) => say({ kind: "ran", figures }));
      break;
    case "close":
      generator.close();
      break;
  }
});
process.on("disconnect", () => process.exit(0));
