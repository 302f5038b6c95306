/** Where a command finds the gateway. */
export interface ConnectionOptions {
  readonly url?: string;
  readonly key?: string;
}

export interface Connection {
  /** Without a slash at its end. */
  readonly url: string;
  readonly key: string | undefined;
}

const DEFAULT_URL = "http://127.0.0.1:5000";
const TIMEOUT_MS = 60_000;

/** Options win over `RINGFENCE_URL` and `RINGFENCE_KEY`. @throws Error when the URL is none. */
export function connectionOf(
  options: ConnectionOptions,
  env: Readonly<Record<string, string | undefined>>,
): Connection {
  const url = options.url ?? env["RINGFENCE_URL"] ?? DEFAULT_URL;
  if (!/^https?:\/\/./.test(url) || !URL.canParse(url)) throw new Error(`not an HTTP address: ${url}`);
  return { url: url.replace(/\/+$/, ""), key: options.key ?? env["RINGFENCE_KEY"] };
}

/** @returns The answer's JSON. @throws Error with the gateway's own words, or that it cannot be reached. */
export async function askGateway(gateway: Connection, method: string, path: string, body?: unknown): Promise<unknown> {
  const headers: Record<string, string> = {};
  if (gateway.key !== undefined) headers["authorization"] = `Bearer ${gateway.key}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  const request: RequestInit = { method, headers, redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) };
  if (body !== undefined) request.body = JSON.stringify(body);
  let response: Response;
  try {
    response = await fetch(`${gateway.url}${path}`, request);
  } catch (error) {
    const cause: unknown = error instanceof Error ? (error.cause ?? error) : error;
    throw new Error(`the gateway at ${gateway.url} cannot be reached: ${describe(cause)}`, { cause: error });
  }
  const text = await response.text();
  if (!response.ok) throw new Error(refusal(response.status, text));
  return JSON.parse(text) as unknown;
}

const describe = (cause: unknown): string => {
  if (!(cause instanceof Error)) return String(cause);
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message;
};

function refusal(status: number, text: string): string {
  const hint = status === 401 ? " (--key or RINGFENCE_KEY)" : "";
  try {
    const { error } = JSON.parse(text) as { error: { code: string; message: string; path?: string } };
    return `${error.code}: ${error.path === undefined ? "" : `${error.path}: `}${error.message}${hint}`;
  } catch {
    return `the gateway answered ${status}${hint}`;
  }
}
