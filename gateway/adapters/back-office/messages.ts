import type { ErrorCode } from "../../core/errors.js";
import type { RpcMessage } from "./rpc-peer.js";

/** Where the worker serves, with the real ports. */
export interface BackOfficeAddresses {
  /** `http://127.0.0.1:5000` */
  readonly http: string;
  /** `http://127.0.0.1:9090` */
  readonly metrics: string;
}

/** Records on their way to the store, as adapters/record-spool makes them. The worker names `seq` once the batch is safe. */
export interface RecordBatch {
  readonly seq: number;
  readonly json: string;
}

export type ToWorker =
  | RpcMessage
  | { readonly kind: "records"; readonly batch: RecordBatch }
  /** Are you alive? Answered with `pong`. */
  | { readonly kind: "ping" }
  /** Close everything in order, then say `stopped`. */
  | { readonly kind: "stop" };

export type FromWorker =
  | RpcMessage
  | { readonly kind: "ready"; readonly addresses: BackOfficeAddresses }
  | { readonly kind: "start-failed"; readonly code?: ErrorCode; readonly message: string }
  | { readonly kind: "records.taken"; readonly seq: number }
  | { readonly kind: "pong" }
  | { readonly kind: "stopped" };

/** What the worker finds in `workerData`. */
export interface WorkerStart<Options> {
  readonly options: Options;
  /** Of the worker before this one: a new one serves where the old one did. */
  readonly previous: BackOfficeAddresses | undefined;
}
