import { parentPort, workerData } from "node:worker_threads";
import { PacketRing } from "../../../gateway/media/fork/packet-ring.js";
import { JitterBuffer, type FrameSink } from "../../../gateway/media/jitter/jitter-buffer.js";
import { PCMU } from "../rtp-stream.js";

// The thread that listens, as far as the relay's bench needs it: every packet reaches its stream's jitter buffer.

const LOOK_MS = 10;
const ring = new PacketRing(workerData as SharedArrayBuffer);
const buffers = new Map<number, JitterBuffer>();
let frames = 0;
const sink: FrameSink = { frame: () => frames++, gap: () => undefined, restart: () => undefined };

function take(streamId: number, arrivedAtMs: number, packet: Uint8Array): void {
  let buffer = buffers.get(streamId);
  if (buffer === undefined) {
    buffer = new JitterBuffer(arrivedAtMs, [PCMU]);
    buffers.set(streamId, buffer);
  }
  buffer.onPacket(packet, arrivedAtMs, sink);
}

setInterval(() => {
  const nowMs = performance.now();
  ring.read(1_000_000, take);
  for (const buffer of buffers.values()) buffer.advance(nowMs, sink);
}, LOOK_MS);

parentPort?.on("message", (message: "figures" | "forget") => {
  if (message === "forget") buffers.clear();
  else parentPort?.postMessage({ frames, dropped: ring.dropped });
});
