import type { Command } from "commander";

export type Print = (line: string) => void;

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
const UPLOAD_TIMEOUT_MS = 600_000;

/** Options win over `RINGFENCE_URL` and `RINGFENCE_KEY`. @throws Error when the URL is none. */
export function connectionOf(
  options: ConnectionOptions,
  env: Readonly<Record<string, string | undefined>>,
): Connection {
  const url = options.url ?? env["RINGFENCE_URL"] ?? DEFAULT_URL;
  if (!/^https?:\/\/./.test(url) || !URL.canParse(url)) throw new Error(`not an HTTP address: ${url}`);
  return { url: url.replace(/\/+$/, ""), key: options.key ?? env["RINGFENCE_KEY"] };
}

/** The options of every command that asks a running gateway. */
export const asksGateway = (command: Command): Command =>
  command
    .option("--url <url>", "the gateway's HTTP address; env RINGFENCE_URL; default http://127.0.0.1:5000")
    .option("--key <key>", "API key; env RINGFENCE_KEY")
    .option("--json", "print JSON");

/** Runs such a command; what goes wrong is said in a line, and the exit status is 1. @param name Of the command. */
export async function runAtGateway(
  name: string,
  options: ConnectionOptions,
  act: (gateway: Connection, print: Print) => Promise<void>,
): Promise<void> {
  try {
    await act(connectionOf(options, process.env), (line) => console.log(line));
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

/** @returns The answer's JSON. @throws Error with the gateway's own words, or that it cannot be reached. */
export async function askGateway(gateway: Connection, method: string, path: string, body?: unknown): Promise<unknown> {
  const headers: Record<string, string> = {};
  if (gateway.key !== undefined) headers["authorization"] = `Bearer ${gateway.key}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  const request: RequestInit = { method, headers, redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) };
  if (body !== undefined) request.body = JSON.stringify(body);
  return send(gateway, path, request);
}

/** A file as the whole body. @throws as `askGateway`. */
export function sendToGateway(gateway: Connection, path: string, body: ReadableStream<Uint8Array>): Promise<unknown> {
  const headers: Record<string, string> = { "content-type": "application/octet-stream" };
  if (gateway.key !== undefined) headers["authorization"] = `Bearer ${gateway.key}`;
  const signal = AbortSignal.timeout(UPLOAD_TIMEOUT_MS);
  return send(gateway, path, { method: "POST", headers, body, redirect: "error", duplex: "half", signal });
}

async function send(gateway: Connection, path: string, request: RequestInit): Promise<unknown> {
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
