import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import type { FromListener, ListenerStart, ToListener } from "../adapters/listening/messages.js";
import { createPinoLog } from "../adapters/log-pino/pino-log.js";
import { giveWay } from "../adapters/system/thread-priority.js";
import { GatewayError } from "../core/errors.js";
import type { ListeningWorkerOptions } from "./listening-options.js";
import { ListeningService } from "./listening-service.js";

/** Behind signalling and relay; before the voice detector and the decoder, which it feeds. */
const NICENESS = 3;

/** Entry of the listening thread. adapters/listening starts it and talks to it. */
async function run(port: MessagePort, start: ListenerStart<ListeningWorkerOptions>): Promise<void> {
  giveWay(NICENESS);
  const log = createPinoLog(start.options.logs);
  const post = (message: FromListener, transfer: readonly ArrayBuffer[] = []): void =>
    port.postMessage(message, transfer);
  const early: ToListener[] = [];
  let service: ListeningService | undefined;
  const stop = async (): Promise<void> => {
    await service?.close();
    post({ kind: "stopped" });
    log.flush();
    port.close();
  };
  port.on("message", (message: ToListener) => {
    if (message.kind === "stop") void stop();
    else if (service !== undefined) service.accept(message);
    else early.push(message);
  });
  try {
    service = await ListeningService.start(start, log, post);
    for (const message of early.splice(0)) service.accept(message);
    post({ kind: "ready", state: service.state });
    await service.measureCapacity();
  } catch (error) {
    // Who started us says what the operator has to do; a bug of ours needs its stack.
    if (!(error instanceof GatewayError)) log.error("listening.start-failed", {}, error);
    log.flush();
    const code = error instanceof GatewayError ? error.code : "stt.unavailable";
    post({ kind: "start-failed", code, message: error instanceof Error ? error.message : String(error) });
    port.close();
  }
}

if (parentPort !== null) await run(parentPort, workerData as ListenerStart<ListeningWorkerOptions>);
