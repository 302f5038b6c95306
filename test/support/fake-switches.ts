import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** How a fake answers instead of doing its work. */
export type Mishap =
  | { readonly kind: "status"; readonly status: number; readonly times: number }
  | { readonly kind: "body"; readonly body: string }
  | { readonly kind: "silent" }
  | { readonly kind: "redirect"; readonly to: string };

export interface Dialog {
  readonly callId: string;
  readonly fromTag: string;
  readonly toTag: string;
}

/** An HTTP server with calls in it. What each kind of switch does with a request is in the classes below. */
export abstract class FakeSwitch {
  readonly dialogs = new Map<string, Dialog>();
  readonly requests: { readonly url: string; readonly body: unknown; readonly authorization: string | undefined }[] =
    [];
  mishap: Mishap | undefined;
  /** The order is taken, but nobody answers the BYEs: the call stays. */
  stubborn = false;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  add(callId: string): void {
    this.dialogs.set(callId, { callId, fromTag: `from-${callId}`, toTag: `to-${callId}` });
  }

  abstract answer(url: string, body: unknown): { readonly status: number; readonly json: unknown };

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const body: unknown = JSON.parse(text);
    const url = request.url ?? "";
    this.requests.push({ url, body, authorization: request.headers.authorization });
    const reply = (status: number, content: string, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(content);
    };
    const { mishap } = this;
    if (mishap?.kind === "silent") return;
    if (mishap?.kind === "body") {
      reply(200, mishap.body);
      return;
    }
    if (mishap?.kind === "redirect") {
      reply(307, "", { location: mishap.to });
      return;
    }
    if (mishap?.kind === "status") {
      this.mishap = mishap.times > 1 ? { ...mishap, times: mishap.times - 1 } : undefined;
      reply(mishap.status, "busy");
      return;
    }
    const { status, json } = this.answer(url, body);
    reply(status, JSON.stringify(json));
  }

  protected end(callId: string): boolean {
    if (!this.dialogs.has(callId)) return false;
    if (!this.stubborn) this.dialogs.delete(callId);
    return true;
  }
}

/** The carrier API of the source's integration guide. */
export class FakeVoiceSwitch extends FakeSwitch {
  answer(url: string, body: unknown): { status: number; json: unknown } {
    if (url !== "/api/v1/fraud/disconnect") return { status: 404, json: { error: "not found" } };
    const { call_ids } = body as { call_ids: string[] };
    const results = call_ids.map((call_id) => {
      const success = this.end(call_id) && !this.stubborn;
      return success ? { call_id, success } : { call_id, success, error: "call not found" };
    });
    const disconnected = results.filter(({ success }) => success).length;
    const failed = results.length - disconnected;
    return { status: 200, json: { requested: results.length, disconnected, failed, results } };
  }
}

interface RpcRequest {
  readonly jsonrpc: string;
  readonly id: number;
  readonly method: string;
  readonly params: readonly string[] & Readonly<Record<string, string>>;
}

/** Kamailio 5.6's jsonrpcs over xhttp, as seen on the wire: errors come with their own HTTP status, an unknown Call-ID lists as `{}`. */
export class FakeKamailio extends FakeSwitch {
  /** False: as a version that has no `dlg.dlg_list`. */
  listsByCallId = true;

  answer(_url: string, body: unknown): { status: number; json: unknown } {
    const { id, method, params } = body as RpcRequest;
    const result = (value: unknown) => ({ status: 200, json: { jsonrpc: "2.0", result: value, id } });
    const error = (code: number, message: string) => ({
      status: code,
      json: { jsonrpc: "2.0", error: { code, message }, id },
    });
    const rows = [...this.dialogs.values()].map((dialog) => ({
      "call-id": dialog.callId,
      state: 4,
      caller: { tag: dialog.fromTag },
      callee: { tag: dialog.toTag },
    }));
    if (method === "dlg.list") return result(rows);
    if (method === "dlg.dlg_list" && this.listsByCallId) {
      return result(rows.find((row) => row["call-id"] === params[0]) ?? {});
    }
    if (method !== "dlg.terminate_dlg") return error(500, "Method Not Found");
    const [callId = "", fromTag, toTag] = params;
    if (params.length !== 3) return error(400, "Need a Callid ,from tag ,to tag");
    const dialog = this.dialogs.get(callId);
    const same = dialog?.fromTag === fromTag && dialog?.toTag === toTag;
    if (!same || !this.end(callId)) return error(500, "Couldnt find callid in dialog");
    return result({});
  }
}

/** OpenSIPS 3.x mi_http: JSON-RPC with named parameters; errors come with status 200. */
export class FakeOpensips extends FakeSwitch {
  answer(_url: string, body: unknown): { status: number; json: unknown } {
    const { id, method, params } = body as RpcRequest;
    const result = (value: unknown) => ({ status: 200, json: { jsonrpc: "2.0", result: value, id } });
    const error = (code: number, message: string) => ({
      status: 200,
      json: { jsonrpc: "2.0", error: { code, message }, id },
    });
    if (method === "dlg_list") {
      const dialog = this.dialogs.get(params["callid"] ?? "");
      return dialog === undefined
        ? error(404, "Requested Dialog not found")
        : result({ Dialogs: [{ callid: dialog.callId, state: 4 }] });
    }
    if (method !== "dlg_end_dlg") return error(-32601, "Method not found");
    return this.end(params["dialog_id"] ?? "") ? result("OK") : error(404, "Requested Dialog not found");
  }
}
