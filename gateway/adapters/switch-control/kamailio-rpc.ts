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
 * `dlg_manage()` follows. It needs the whole dialog identifier, which is looked up by Call-ID. Kamailio can end answered calls only:
 * one that rings, or whose 200 has no ACK yet, is asked for again until it has one or `confirmMs` is over (`ringing`).
 */
export function kamailioTeardown(options: DialogTeardownOptions, deps: SwitchDeps): OutwardTeardown {
  return new DialogTeardown(
    "kamailio",
    new KamailioDialogs(new JsonRpc(options.url, "/RPC", options, deps)),
    options,
    deps,
  );
}

interface Dialog {
  readonly callId: string;
  readonly fromTag: string;
  readonly toTag: string;
  /** 1 unconfirmed, 2 early, 3 confirmed without ACK, 4 confirmed, 5 deleted. */
  readonly state: number;
}

type Found = { readonly kind: "found"; readonly dialogs: readonly Dialog[] } | Extract<Ordered, { kind: "failed" }>;

const CONFIRMED = 4;
const DELETED = 5;
const NO_METHOD = /method not found/i;
const NOT_FOUND = /couldn'?t find|not found|no such/i;

class KamailioDialogs implements DialogProxy {
  readonly #rpc: JsonRpc;

  constructor(rpc: JsonRpc) {
    this.#rpc = rpc;
  }

  async order({ callId, fromTag, toTag }: ForeignCall, _reason: string, signal: AbortSignal): Promise<Ordered> {
    const found = await this.#find(callId, signal);
    if (found.kind === "failed") {
      // A look-up that failed is no reason to let a call go on whose identifier is known.
      return fromTag === undefined || toTag === undefined ? found : this.#terminate(callId, fromTag, toTag, signal);
    }
    const live = found.dialogs.filter(({ state }) => state < DELETED);
    if (live.length === 0) return { kind: "unknown" };
    const confirmed = live.filter(({ state }) => state === CONFIRMED);
    // Kamailio takes the order for a call before its ACK, answers with success, and does nothing (5.6, dlg_req_within.c).
    if (confirmed.length === 0) return { kind: "not-yet" };
    for (const dialog of confirmed) {
      // Tags that somebody else saw may be another leg's: what Kamailio has for the Call-ID counts.
      const ordered = await this.#terminate(callId, dialog.fromTag, dialog.toTag, signal);
      if (ordered.kind === "failed") return ordered;
    }
    // One that is gone between look-up and order ended by itself: the look that follows says so.
    return { kind: "ordered" };
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
