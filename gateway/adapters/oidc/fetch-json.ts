import { GatewayError } from "../../core/errors.js";

/** A discovery document or a key set of a large issuer has a tenth of this. */
const MOST_BYTES = 262_144;

/**
 * GETs a JSON object. Redirects are not followed: the settings name the host.
 * @throws GatewayError `oidc.unavailable`: no answer in time, a status other than 200, too long, or no JSON object.
 */
export async function fetchJson(url: string, timeoutMs: number): Promise<Readonly<Record<string, unknown>>> {
  try {
    const answer = await fetch(url, {
      redirect: "error",
      signal: AbortSignal.timeout(timeoutMs),
      headers: { accept: "application/json" },
    });
    if (answer.status !== 200) {
      await answer.body?.cancel();
      throw new GatewayError("oidc.unavailable", `the issuer answered ${answer.status}`);
    }
    const read: unknown = JSON.parse(await textOf(answer));
    if (typeof read !== "object" || read === null || Array.isArray(read)) {
      throw new GatewayError("oidc.unavailable", "the issuer's answer is no JSON object");
    }
    return read as Readonly<Record<string, unknown>>;
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError("oidc.unavailable", "the issuer does not answer in time, or not in JSON", { cause });
  }
}

async function textOf(answer: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  const body = answer.body as AsyncIterable<Uint8Array> | null;
  if (body === null) return "";
  for await (const part of body) {
    bytes += part.byteLength;
    // Leaving the loop ends the connection.
    if (bytes > MOST_BYTES)
      throw new GatewayError("oidc.unavailable", `the issuer's answer has over ${MOST_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}
