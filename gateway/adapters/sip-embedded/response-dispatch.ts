import type { SipSource } from "../../ports/sip-endpoint.js";
import { validateResponse, type ResponseFacts } from "../../sip/message/validate-request.js";
import { splitValues } from "../../sip/message/split-values.js";
import type { SipResponse } from "../../sip/message/sip-message.js";
import { viaBranch } from "../../sip/message/via.js";
import { dialogKey, type Engine } from "./engine.js";
import { onStrayAnswer } from "./stray-answer.js";
import type { Received } from "./transport/transport.js";

/** A response: to its client transaction, or dropped. RFC 3261 §17.1.3, §18.1.2 */
export function onResponse(engine: Engine, response: SipResponse, received: Received): void {
  const checked = validateResponse(response);
  if (!checked.ok) {
    engine.counters.droppedMalformed.inc();
    return;
  }
  const facts = checked.value;
  const { headers } = response;
  // §8.1.3.3: with more than one Via it is not for us.
  const isOurs = headers.count("via") === 1 && splitValues(headers.get("via") ?? "").length === 1;
  const branch = viaBranch(facts.via) ?? "";
  const { method } = facts.cseq;
  const outgoing = isOurs ? engine.clients.get(method === "CANCEL" ? `CANCEL ${branch}` : branch) : undefined;
  if (outgoing !== undefined && (method === "CANCEL" || outgoing.request.method === method))
    outgoing.onResponse(response);
  else if (isOurs && isSentByUs(engine, facts)) onUnawaited(engine, response, facts, received.source);
  else engine.counters.droppedStray.inc();
}

/**
 * No transaction waits for it. A late 2xx to an INVITE of ours matters all the same, and makes us send: so it has to name a
 * dialog of ours, or to show that it answers one. Anybody can write our address into a Via.
 */
function onUnawaited(engine: Engine, response: SipResponse, facts: ResponseFacts, from: SipSource): void {
  const { status } = response;
  const { callId, fromTag, toTag, cseq, via } = facts;
  const isAnswer = cseq.method === "INVITE" && status >= 200 && status < 300;
  if (!isAnswer || fromTag === undefined || toTag === undefined) {
    engine.counters.droppedStray.inc();
    return;
  }
  const names = { callId, fromTag, cseq: cseq.number };
  const isProven =
    engine.dialogs.get(dialogKey(callId, fromTag, toTag)) !== undefined ||
    engine.seal.proves(viaBranch(via) ?? "", names);
  if (isProven) onStrayAnswer(engine, response, facts, from);
  else engine.counters.droppedForged.inc();
}

/** §18.1.2: the sent-by of the top Via must be one of ours. */
function isSentByUs(engine: Engine, facts: ResponseFacts): boolean {
  const { host, port } = facts.via;
  for (const listener of engine.transports.listeners) {
    const defaultPort = listener.protocol === "tls" ? 5061 : 5060;
    if (listener.sentByHost === host && listener.sentByPort === (port ?? defaultPort)) return true;
  }
  return false;
}
