import { GatewayError } from "../../core/errors.js";

/** PostgreSQL's five-character error code, if the error has one. */
export function sqlState(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" && /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;
}

/** For the log: the system's or the server's code. The message stays out of it, it may contain addresses and values. */
export function failureName(error: unknown): string {
  if (error instanceof GatewayError && error.cause !== undefined) return failureName(error.cause);
  if (typeof error === "object" && error !== null && "code" in error && typeof error.code === "string")
    return error.code;
  return error instanceof Error ? error.name : "unknown";
}

/**
 * What a driver's error means for the caller. Class 22 (bad data), 23 (constraint) and 54 (limit exceeded) are the record's own
 * fault and will not go away; 53100 and ENOSPC are a full disk; everything else (no connection, no permission, table gone,
 * time-out, deadlock, shutting down) is the database's state, and the record has to wait for a better one.
 */
export function storeError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const state = sqlState(error);
  const message = error instanceof Error ? error.message : "unknown failure";
  if (state === "53100" || /ENOSPC|no space left/i.test(message)) {
    return new GatewayError("store.full", `no space left: ${message}`, { cause: error });
  }
  if (state !== undefined && /^(?:22|23|54)/.test(state)) {
    return new GatewayError("store.rejected", `${state}: ${message}`, { cause: error });
  }
  return new GatewayError("store.unavailable", state === undefined ? message : `${state}: ${message}`, {
    cause: error,
  });
}

/** @throws GatewayError `store.unavailable` when `work` has not settled after `timeoutMs`. Its late result is dropped. */
export async function withTimeout<T>(work: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new GatewayError("store.unavailable", `${what}: no answer in ${timeoutMs} ms`));
    }, timeoutMs);
  });
  // When the time-out wins nobody waits for `work` any more; its failure must not become an unhandled rejection.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
