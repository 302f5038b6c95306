import { validateResponse, type ResponseFacts } from "../../sip/message/validate-request.js";
import { splitValues } from "../../sip/message/split-values.js";
import type { SipResponse } from "../../sip/message/sip-message.js";
import { viaBranch } from "../../sip/message/via.js";
import type { Engine } from "./engine.js";
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
  else if (isOurs && isSentByUs(engine, facts)) onStrayAnswer(engine, response, facts, received.source);
  else engine.counters.droppedStray.inc();
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
