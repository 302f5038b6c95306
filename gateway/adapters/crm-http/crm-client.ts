import { createHmac } from "node:crypto";
import { GatewayError } from "../../core/errors.js";
import { TimeLimit } from "../../core/time-limit.js";

export interface CrmOptions {
  /** Set by the operator; nothing that comes in can change it. */
  readonly url: string;
  /** Sent as `Authorization: Bearer …`. */
  readonly token?: string | undefined;
  /** Key of the signature `X-Ringfence-Signature: t=SECONDS,v1=HEX` over `SECONDS.BODY`. */
  readonly secret?: string | undefined;
  readonly timeoutMs: number;
}

/** Refused for now. Draft ietf-httpapi-idempotency-key-header: 409 means that an earlier try of the same is under way. */
const RETRYABLE = new Set([401, 403, 404, 408, 409, 425, 429]);

/** It did not take it: `retryAfterMs` where it said when to come again. */
export class CrmRefusal {
  readonly error: GatewayError;
  readonly retryAfterMs: number | undefined;
  /** The CRM itself is in trouble: others need not be tried now. */
  readonly isDown: boolean;
  constructor(error: GatewayError, retryAfterMs: number | undefined, isDown: boolean) {
    this.error = error;
    this.isDown = isDown;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Posts results to the CRM. The same `Idempotency-Key` in every try of a job: a CRM that honours it keeps one. Redirects are not followed. */
export class CrmClient {
  readonly #options: CrmOptions;
  readonly #now: () => number;

  /** @param now Since the epoch, ms. */
  constructor(options: CrmOptions, now: () => number) {
    this.#options = options;
    this.#now = now;
  }

  /** @returns Undefined: it has it. @throws The signal's reason. */
  async post(key: string, payload: object, signal: AbortSignal): Promise<CrmRefusal | undefined> {
    const { url, token, secret, timeoutMs } = this.#options;
    const body = JSON.stringify(payload);
    const headers: Record<string, string> = {
      "content-type": "application/json",
      "user-agent": "ringfence",
      "idempotency-key": key,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    if (secret !== undefined) {
      const seconds = Math.floor(this.#now() / 1_000);
      const mac = createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex");
      headers["x-ringfence-signature"] = `t=${seconds},v1=${mac}`;
    }
    const limit = new TimeLimit(timeoutMs, signal);
    let status: number;
    let retryAfterMs: number | undefined;
    try {
      const response = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal: limit.signal });
      await response.body?.cancel();
      status = response.status;
      retryAfterMs = retryAfter(response.headers.get("retry-after"), this.#now());
    } catch (cause) {
      signal.throwIfAborted();
      return new CrmRefusal(new GatewayError("crm.unavailable", "the CRM does not answer", { cause }), undefined, true);
    } finally {
      limit.end();
    }
    if (status >= 200 && status < 300) return undefined;
    const code = status >= 500 || RETRYABLE.has(status) ? "crm.unavailable" : "crm.rejected";
    return new CrmRefusal(
      new GatewayError(code, `the CRM answered ${status}`),
      retryAfterMs,
      status >= 500 || status === 429,
    );
  }
}

/** Seconds, or a date. RFC 9110 §10.2.3. */
function retryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1_000;
  const at = /[a-z]{3}, /i.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
