import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import { OpusEncoder } from "../adapters/opus/opus-encoder.js";
import type { DatagramIo, OnBatch } from "../adapters/rtp-relay/io/datagram-io.js";
import { NativeIo } from "../adapters/rtp-relay/io/native-io.js";
import { NodeIo } from "../adapters/rtp-relay/io/node-io.js";
import type { FromRelay, ToRelay } from "../adapters/rtp-relay/messages.js";
import { RelayEngine } from "../adapters/rtp-relay/relay-engine.js";
import type { RelayWorkerData } from "../adapters/rtp-relay/relay-options.js";
import { CryptoRandom } from "../adapters/system/crypto-random.js";
import { SystemClock } from "../adapters/system/system-clock.js";
import { goFirst } from "../adapters/system/thread-priority.js";
import { PacketRing } from "../media/fork/packet-ring.js";

/** Entry of the media relay's worker thread. adapters/rtp-relay starts it and talks to it. */
async function run(port: MessagePort, { options, ring, engineFile }: RelayWorkerData): Promise<void> {
  goFirst();
  const post = (message: FromRelay): void => port.postMessage(message);
  let why = "";
  const makeIo = (onBatch: OnBatch): DatagramIo => {
    if (options.engine === "node") return new NodeIo(onBatch);
    if (engineFile !== undefined) {
      try {
        return new NativeIo(engineFile, onBatch);
      } catch (error) {
        why = `the native engine cannot be loaded: ${error instanceof Error ? error.message : String(error)}`;
      }
    } else why = "the native engine was not built";
    if (options.engine === "native") throw new Error(why);
    return new NodeIo(onBatch);
  };
  try {
    const random = new CryptoRandom();
    const engine = new RelayEngine(
      { ...options, addresses: options.addresses.map(({ address }) => address) },
      {
        clock: new SystemClock(),
        ring: ring === undefined ? undefined : new PacketRing(ring),
        random: () => random.next(),
        makeIo,
        post,
        makeOpusCoder: () => OpusEncoder.open(),
      },
    );
    await engine.checkAddresses();
    // The library is compiled now, not in the middle of calls.
    OpusEncoder.open()?.close();
    port.on("message", (message: ToRelay) => {
      engine.onMessage(message);
      if (message.kind === "stop") port.close();
    });
    post({ kind: "ready", io: engine.ioKind, why });
  } catch (error) {
    post({
      kind: "start-failed",
      code: "listen.failed",
      message: error instanceof Error ? error.message : String(error),
    });
    port.close();
  }
}

if (parentPort !== null) await run(parentPort, workerData as RelayWorkerData);
