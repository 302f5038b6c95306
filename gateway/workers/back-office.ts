import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import type { FromWorker, ToWorker, WorkerStart } from "../adapters/back-office/messages.js";
import {
  CONTROL_TIMEOUT_MS,
  CONTROL_TIMEOUTS_MS,
  remoteControl,
  remoteHandOver,
} from "../adapters/back-office/remote-control.js";
import { RpcPeer } from "../adapters/back-office/rpc-peer.js";
import { createPinoLog } from "../adapters/log-pino/pino-log.js";
import { giveWay } from "../adapters/system/thread-priority.js";
import { SystemClock } from "../adapters/system/system-clock.js";
import { ERRORS, GatewayError } from "../core/errors.js";
import type { UnixMs } from "../core/time.js";
import type { AlertSides } from "../wiring/alerts.js";
import type { BackOfficeOptions } from "./back-office-options.js";
import { BackOfficeService } from "./back-office-service.js";

/** Requests to the SIP thread that wait at a time: what a busy SIP thread can answer within the time-out. */
const MAX_IN_FLIGHT = 1_024;

/** Entry of the back-office worker. adapters/back-office starts it and talks to it. */
async function run(port: MessagePort, start: WorkerStart<BackOfficeOptions>): Promise<void> {
  giveWay();
  const log = createPinoLog(start.options.logs);
  const post = (message: FromWorker, transfer: readonly ArrayBuffer[] = []): void =>
    port.postMessage(message, transfer);
  let service: BackOfficeService | undefined;
  let waitingSides: AlertSides | undefined;
  const peer = new RpcPeer({
    post,
    handlers: {
      activeBlocks: (now: UnixMs) => service?.store.activeBlocks(now),
      reconfigureAlerts: (sides: AlertSides) => {
        if (service === undefined) waitingSides = sides;
        else service.reconfigureAlerts(sides);
      },
    },
    clock: new SystemClock(),
    maxInFlight: MAX_IN_FLIGHT,
    timeoutMs: CONTROL_TIMEOUT_MS,
    timeoutsMs: CONTROL_TIMEOUTS_MS,
  });
  const stop = async (): Promise<void> => {
    await service?.close();
    peer.close();
    post({ kind: "stopped" });
    log.flush();
    port.close();
  };
  port.on("message", (message: ToWorker) => {
    if (peer.accept(message)) return;
    if (message.kind === "ping") post({ kind: "pong" });
    if (message.kind === "stop") void stop();
    if (message.kind === "records") {
      const { batch } = message;
      void service?.accept(batch).then(() => post({ kind: "records.taken", seq: batch.seq }));
    }
  });
  try {
    const started = await BackOfficeService.start(start.options, start.previous, {
      ...{ control: remoteControl(peer), log },
      handedOver: () => remoteHandOver(peer),
    });
    service = started.service;
    if (waitingSides !== undefined) service.reconfigureAlerts(waitingSides);
    post({ kind: "ready", addresses: started.addresses });
  } catch (error) {
    const code = error instanceof GatewayError ? { code: error.code } : {};
    // What an operator has to mend is said in words, by who waits for the start.
    if (!(error instanceof GatewayError) || ERRORS[error.code].fault === "us")
      log.error("backoffice.start-failed", {}, error);
    log.flush();
    post({ kind: "start-failed", ...code, message: error instanceof Error ? error.message : String(error) });
    port.close();
  }
}

if (parentPort !== null) await run(parentPort, workerData as WorkerStart<BackOfficeOptions>);
