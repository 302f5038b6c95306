import type { SipTarget } from "../../ports/sip-endpoint.js";
import type { SipResponse } from "../../sip/message/sip-message.js";
import type { ResponseFacts } from "../../sip/message/validate-request.js";
import { EmbeddedDialog } from "./embedded-dialog.js";
import { dialogKey, type Engine } from "./engine.js";

/**
 * A response that no transaction waits for. A 2xx to an INVITE of ours must be acknowledged and its call ended by whoever knows it
 * (RFC 3261 §13.2.2.4); everything else is dropped.
 */
export function onStrayAnswer(engine: Engine, response: SipResponse, facts: ResponseFacts, from: SipTarget): void {
  const { status } = response;
  const { fromTag, toTag, callId, cseq } = facts;
  if (cseq.method !== "INVITE" || status < 200 || status >= 300 || fromTag === undefined || toTag === undefined) {
    engine.counters.droppedStray.inc();
    return;
  }
  const known = engine.dialogs.get(dialogKey(callId, fromTag, toTag));
  if (known !== undefined) {
    // Its ACK is gone by now: made anew, without a body.
    known.acknowledgeLate(cseq.number);
    return;
  }
  if (engine.user?.onStrayAnswer === undefined) {
    engine.counters.droppedStray.inc();
    return;
  }
  if (!engine.strays.take(engine.driver.now())) {
    engine.counters.droppedForged.inc();
    return;
  }
  const { protocol, address, port } = from;
  const secure =
    facts.via.transport.toUpperCase() === "TLS" && (response.headers.get("contact") ?? "").includes("sips:");
  const dialog = EmbeddedDialog.fromResponse(engine, response, "confirmed", { secure }, { protocol, address, port });
  dialog.expectAck(cseq.number);
  engine.user.onStrayAnswer(response, dialog);
}
