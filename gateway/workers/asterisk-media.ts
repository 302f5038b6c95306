import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import type { AsteriskMediaStart, FromAsteriskMedia, ToAsteriskMedia } from "../adapters/asterisk-media/messages.js";
import { CryptoRandom } from "../adapters/system/crypto-random.js";
import { SystemClock } from "../adapters/system/system-clock.js";
import { goFirst } from "../adapters/system/thread-priority.js";
import { GatewayError } from "../core/errors.js";
import { AsteriskMediaService } from "./asterisk-media-service.js";

/** Entry of the thread with AudioSockets and media WebSockets. adapters/asterisk-media starts it and talks to it. */
async function run(port: MessagePort, start: AsteriskMediaStart): Promise<void> {
  goFirst();
  const post = (message: FromAsteriskMedia): void => port.postMessage(message);
  try {
    const random = new CryptoRandom();
    const service = await AsteriskMediaService.start(start, {
      clock: new SystemClock(),
      random: () => random.next(),
      post,
    });
    const stop = async (): Promise<void> => {
      await service.close();
      post({ kind: "stopped" });
      port.close();
    };
    port.on("message", (message: ToAsteriskMedia) => {
      if (message.kind === "stop") void stop();
      else service.onMessage(message);
    });
    post({ kind: "ready", ...service.ports });
  } catch (error) {
    const code = error instanceof GatewayError ? error.code : "media.unavailable";
    post({ kind: "start-failed", code, message: error instanceof Error ? error.message : String(error) });
    port.close();
  }
}

if (parentPort !== null) await run(parentPort, workerData as AsteriskMediaStart);
