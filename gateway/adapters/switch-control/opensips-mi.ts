import type { ForeignCall, OutwardTeardown } from "../../ports/outward-teardown.js";
import {
  DialogTeardown,
  failure,
  type DialogProxy,
  type DialogTeardownOptions,
  type Ordered,
  type Presence,
} from "./dialog-teardown.js";
import type { SwitchDeps } from "./json-request.js";
import { JsonRpc } from "./json-rpc.js";

/**
 * OpenSIPS's management interface over HTTP (modules mi_http, dialog; 3.x): `dlg_end_dlg dialog_id=…`, where the dialog id may be
 * the Call-ID. Early dialogs get CANCEL, answered ones a BYE on both sides.
 */
export function opensipsTeardown(options: DialogTeardownOptions, deps: SwitchDeps): OutwardTeardown {
  return new DialogTeardown(
    "opensips",
    new OpensipsDialogs(new JsonRpc(options.url, "/mi", options, deps)),
    options,
    deps,
  );
}

const NOT_FOUND = 404;
const DELETED = 5;

class OpensipsDialogs implements DialogProxy {
  readonly #rpc: JsonRpc;

  constructor(rpc: JsonRpc) {
    this.#rpc = rpc;
  }

  async order({ callId }: ForeignCall, _reason: string, signal: AbortSignal): Promise<Ordered> {
    const reply = await this.#rpc.call("dlg_end_dlg", { dialog_id: callId }, signal);
    if (reply.kind === "result") return { kind: "ordered" };
    return reply.kind === "error" && reply.code === NOT_FOUND ? { kind: "unknown" } : failure(reply);
  }

  async look({ callId }: ForeignCall, signal: AbortSignal): Promise<Presence> {
    const reply = await this.#rpc.call("dlg_list", { callid: callId }, signal);
    if (reply.kind === "error") return reply.code === NOT_FOUND ? "gone" : "unclear";
    if (reply.kind === "no-answer") return "unclear";
    const dialogs = dialogsOf(reply.result);
    if (dialogs === undefined) return "unclear";
    return dialogs.some((dialog) => stateOf(dialog) < DELETED) ? "up" : "gone";
  }
}

/** `{Dialogs: […]}`, or one dialog by itself. */
function dialogsOf(result: unknown): readonly unknown[] | undefined {
  if (typeof result !== "object" || result === null) return undefined;
  if ("Dialogs" in result) return Array.isArray(result.Dialogs) ? (result.Dialogs as readonly unknown[]) : undefined;
  if ("dialog" in result) return [result.dialog];
  return "callid" in result ? [result] : [];
}

function stateOf(dialog: unknown): number {
  const state: unknown = typeof dialog === "object" && dialog !== null && "state" in dialog ? dialog.state : undefined;
  return typeof state === "number" ? state : 0;
}
