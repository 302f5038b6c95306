import { postJson, type RequestOptions, type SwitchDeps } from "./json-request.js";

/** The `error` member decides, not the HTTP status: Kamailio and OpenSIPS answer 200 to a call that failed. */
export type RpcReply =
  | { readonly kind: "result"; readonly result: unknown }
  | { readonly kind: "error"; readonly code: number; readonly message: string }
  | { readonly kind: "no-answer"; readonly why: string };

/** JSON-RPC 2.0 over HTTP. */
export class JsonRpc {
  readonly #url: string;
  readonly #options: RequestOptions;
  readonly #deps: SwitchDeps;
  #lastId = 0;

  /** @param defaultPath Used when the URL names a host only, as `KAMAILIO_MI_URL` of the source does. */
  constructor(url: string, defaultPath: string, options: RequestOptions, deps: SwitchDeps) {
    this.#url = /^https?:\/\/[^/]+\/?$/.test(url) ? `${url.replace(/\/$/, "")}${defaultPath}` : url;
    this.#options = options;
    this.#deps = deps;
  }

  async call(method: string, params: unknown, signal: AbortSignal): Promise<RpcReply> {
    const id = ++this.#lastId;
    const body = { jsonrpc: "2.0", method, params, id };
    const reply = await postJson(this.#url, body, this.#options, this.#deps, signal);
    if (!reply.ok) return { kind: "no-answer", why: reply.why };
    return readAnswer(reply.json, id);
  }
}

function readAnswer(json: unknown, id: number): RpcReply {
  if (typeof json !== "object" || json === null) return { kind: "no-answer", why: "unreadable" };
  if ("error" in json && json.error !== null && json.error !== undefined) return readError(json.error);
  if (!("id" in json) || json.id !== id) return { kind: "no-answer", why: "answer-to-another-request" };
  if (!("result" in json)) return { kind: "no-answer", why: "unreadable" };
  return { kind: "result", result: json.result };
}

function readError(error: unknown): RpcReply {
  const fields: { code?: unknown; message?: unknown } = typeof error === "object" && error !== null ? error : {};
  const code = typeof fields.code === "number" ? fields.code : 0;
  const message = typeof fields.message === "string" ? fields.message.slice(0, 120) : "error without a message";
  return { kind: "error", code, message };
}
