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
 * Kamailio's JSON-RPC over HTTP (modules jsonrpcs, xhttp, dialog): `dlg.terminate_dlg [callid, from_tag, to_tag]` for calls that
 * `dlg_manage()` follows. Needs the whole dialog identifier; tags that are not known are looked up by Call-ID.
 */
export function kamailioTeardown(options: DialogTeardownOptions, deps: SwitchDeps): OutwardTeardown {
  return new DialogTeardown("kamailio", new KamailioDialogs(new JsonRpc(options.url, options, deps)), options, deps);
}

interface Dialog {
  readonly callId: string;
  readonly fromTag: string;
  readonly toTag: string;
  /** 1 unconfirmed, 2 early, 3 confirmed without ACK, 4 confirmed, 5 deleted. */
  readonly state: number;
}

type Found = { readonly kind: "found"; readonly dialogs: readonly Dialog[] } | Extract<Ordered, { kind: "failed" }>;

const DELETED = 5;
const NO_METHOD = /method not found/i;
const NOT_FOUND = /couldn'?t find|not found|no such/i;

class KamailioDialogs implements DialogProxy {
  readonly #rpc: JsonRpc;

  constructor(rpc: JsonRpc) {
    this.#rpc = rpc;
  }

  async order(call: ForeignCall, _reason: string, signal: AbortSignal): Promise<Ordered> {
    const { callId, fromTag, toTag } = call;
    if (fromTag !== undefined && toTag !== undefined) {
      const ordered = await this.#terminate(callId, fromTag, toTag, signal);
      // Tags that somebody else saw may be another leg's: what Kamailio itself has for the Call-ID counts.
      if (ordered.kind !== "unknown") return ordered;
    }
    const found = await this.#find(callId, signal);
    if (found.kind === "failed") return found;
    const live = found.dialogs.filter(({ state }) => state < DELETED);
    let last: Ordered = { kind: "unknown" };
    for (const dialog of live) {
      last = await this.#terminate(callId, dialog.fromTag, dialog.toTag, signal);
      if (last.kind === "failed") return last;
    }
    // Gone between the look-up and the order: it ended by itself, and the look that follows says so.
    return live.length > 0 ? { kind: "ordered" } : last;
  }

  async look(call: ForeignCall, signal: AbortSignal): Promise<Presence> {
    const found = await this.#find(call.callId, signal);
    if (found.kind === "failed") return "unclear";
    return found.dialogs.some(({ state }) => state < DELETED) ? "up" : "gone";
  }

  async #terminate(callId: string, fromTag: string, toTag: string, signal: AbortSignal): Promise<Ordered> {
    const reply = await this.#rpc.call("dlg.terminate_dlg", [callId, fromTag, toTag], signal);
    if (reply.kind === "result") return { kind: "ordered" };
    if (reply.kind === "error" && !NO_METHOD.test(reply.message) && NOT_FOUND.test(reply.message))
      return { kind: "unknown" };
    return failure(reply);
  }

  /** `dlg.dlg_list [callid]`; where that is not known, the whole `dlg.list`. */
  async #find(callId: string, signal: AbortSignal): Promise<Found> {
    let reply = await this.#rpc.call("dlg.dlg_list", [callId], signal);
    if (reply.kind === "error" && NO_METHOD.test(reply.message)) reply = await this.#rpc.call("dlg.list", [], signal);
    if (reply.kind !== "result") {
      const failed = failure(reply);
      return failed.kind === "failed" ? failed : { kind: "failed", why: "unreadable" };
    }
    const rows: readonly unknown[] = Array.isArray(reply.result) ? reply.result : [reply.result];
    const dialogs = rows.map(readDialog).filter((dialog): dialog is Dialog => dialog?.callId === callId);
    return { kind: "found", dialogs };
  }
}

/** One dialog as Kamailio prints it; an unknown Call-ID gives an empty object. */
function readDialog(row: unknown): Dialog | undefined {
  if (typeof row !== "object" || row === null || !("call-id" in row)) return undefined;
  const {
    "call-id": callId,
    state,
    caller,
    callee,
  } = row as Record<"call-id" | "state" | "caller" | "callee", unknown>;
  if (typeof callId !== "string") return undefined;
  return { callId, fromTag: tagOf(caller), toTag: tagOf(callee), state: typeof state === "number" ? state : 0 };
}

function tagOf(party: unknown): string {
  const tag: unknown = typeof party === "object" && party !== null && "tag" in party ? party.tag : undefined;
  return typeof tag === "string" ? tag : "";
}
