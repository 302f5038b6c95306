import { GatewayError } from "./errors.js";

/** A socket that was to be listened on, as the operator knows it. */
export interface ListenPlace {
  /** `HTTP API` */
  readonly what: string;
  /** Where its address and its port are configured: `http.listenAddress`, `http.listenPort`. */
  readonly keys: readonly [address: string, port: string];
  readonly address: string;
  readonly port: number;
}

/** One line that says which listener, where, why, and what to change. */
export function listenFailed({ what, keys, address, port }: ListenPlace, cause: unknown): GatewayError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
  const [addressKey, portKey] = keys;
  const place = `${address.includes(":") ? `[${address}]` : address}:${port}`;
  switch (code) {
    case "EADDRINUSE":
      return failure(`${portKey}: ${what} cannot listen on ${place}: another process has it (${code})`, cause);
    case "EACCES":
    case "EPERM":
      return failure(`${portKey}: ${what} may not listen on ${place}: ports below 1024 need a right (${code})`, cause);
    case "EADDRNOTAVAIL":
      return failure(`${addressKey}: ${what} cannot listen on ${place}: no such address here (${code})`, cause);
    default:
      return failure(`${portKey}: ${what} cannot listen on ${place} (${code})`, cause);
  }
}

const failure = (message: string, cause: unknown): GatewayError =>
  new GatewayError("listen.failed", message, { cause });
