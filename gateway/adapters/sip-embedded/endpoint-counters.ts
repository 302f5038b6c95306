import { noMetrics, type Counter, type Metrics } from "../../core/metrics.js";

/** Messages and what became of them. */
export class EndpointCounters {
  /** A message that is no SIP, or a response that is malformed. */
  readonly droppedMalformed: Counter;
  /** A response that belongs to nothing here. */
  readonly droppedStray: Counter;
  /** A 2xx that says it answers an INVITE of ours, and does not show it; or more of them at a time than are taken. */
  readonly droppedForged: Counter;
  /** An ACK that belongs to nothing here. */
  readonly droppedAck: Counter;
  readonly refusedOverload: Counter;
  readonly refusedMalformed: Counter;
  /** 481 to what belongs to no dialog and no INVITE here. */
  readonly refusedStray: Counter;
  readonly retransmittedRequests: Counter;
  readonly retransmittedResponses: Counter;
  readonly receivedAgain: Counter;
  readonly transportFailures: Counter;
  readonly faults: Counter;

  constructor(metrics: Metrics = noMetrics) {
    const dropped = metrics.counter("ringfence_sip_dropped_total", "SIP messages that were dropped, by reason", [
      "reason",
    ]);
    this.droppedMalformed = dropped.labels("malformed");
    this.droppedStray = dropped.labels("stray-response");
    this.droppedForged = dropped.labels("forged-answer");
    this.droppedAck = dropped.labels("stray-ack");
    const refused = metrics.counter(
      "ringfence_sip_refused_total",
      "Requests that the SIP stack itself refused, by reason",
      ["reason"],
    );
    this.refusedOverload = refused.labels("overload");
    this.refusedStray = refused.labels("stray");
    this.refusedMalformed = refused.labels("malformed");
    const sentAgain = metrics.counter("ringfence_sip_retransmitted_total", "Messages that we sent again, by kind", [
      "kind",
    ]);
    this.retransmittedRequests = sentAgain.labels("request");
    this.retransmittedResponses = sentAgain.labels("response");
    this.receivedAgain = metrics.counter("ringfence_sip_received_again_total", "Requests that peers sent again");
    this.faults = metrics.counter(
      "ringfence_sip_faults_total",
      "Bugs of the gateway that a message or a timer ran into",
    );
    this.transportFailures = metrics.counter(
      "ringfence_sip_transport_failures_total",
      "Requests that could not be sent to a target",
    );
  }
}
