import type { Cdr, CdrCause } from "../../detection/index.js";
import type { RecordSink } from "../ports/records.js";
import type { CallFacts, CallObserver, LiveCall } from "./contracts.js";

/** @param id Unique for ever, 1–64 characters. */
export function buildCdr(facts: CallFacts, id: string): Cdr {
  const { answeredAt, endedAt } = facts;
  return {
    id,
    callId: facts.callId,
    ...(facts.bCallId === undefined ? {} : { bCallId: facts.bCallId }),
    caller: facts.identity.caller,
    called: facts.identity.called,
    trunk: facts.identity.trunk,
    ...(facts.nextHop === undefined ? {} : { nextHop: facts.nextHop }),
    startedAt: facts.startedAt,
    ...(facts.ringingAt === undefined ? {} : { ringingAt: facts.ringingAt }),
    ...(answeredAt === undefined ? {} : { answeredAt }),
    endedAt,
    durationMs: answeredAt === undefined ? 0 : Math.max(0, endedAt - answeredAt),
    status: facts.status,
    ...(facts.hadCredentials === true ? { hadCredentials: true as const } : {}),
    endedBy: facts.endedBy,
    cause: facts.cause ?? causeOf(facts),
    ...(facts.q850 === undefined ? {} : { q850: facts.q850 }),
    ...(facts.incidentId === undefined ? {} : { incidentId: facts.incidentId }),
    ...(facts.blockId === undefined ? {} : { blockId: facts.blockId }),
    emergency: facts.identity.emergency,
    ...(facts.media === undefined ? {} : { media: facts.media }),
    ...(facts.encrypted === undefined ? {} : { encrypted: facts.encrypted }),
    ...(facts.signedIdentity === undefined ? {} : { identity: facts.signedIdentity }),
    ...(facts.origin === undefined ? {} : { origin: facts.origin }),
  };
}

/** Why a call ended that the gateway did not end: by how it was answered. */
function causeOf(facts: CallFacts): CdrCause {
  if (facts.answeredAt !== undefined) return "normal";
  if (facts.status === 487 || facts.endedBy === "caller") return "cancelled";
  return "failed";
}

/** Hands every call's Cdr to the store. */
export class CdrRecorder implements CallObserver {
  readonly #sink: RecordSink;

  constructor(sink: RecordSink) {
    this.#sink = sink;
  }

  onEnded(_call: LiveCall, cdr: Cdr): void {
    this.#sink.write({ kind: "cdr", cdr });
  }
}
