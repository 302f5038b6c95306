/** What a server transaction asks of its driver; one object for all of them (see `ClientSink`). */
export interface ServerSink<O> {
  /** Send the last response that the transaction user gave, or send it again. */
  sendResponse(owner: O): void;
  /** INVITE only: the user has been silent, send 100 (RFC 3261 §17.2.1). */
  sendTrying(owner: O): void;
  /** INVITE only: the ACK of a 300–699 has come. */
  acknowledged(owner: O): void;
  /** Timer H: no ACK of a 300–699 came; or nobody answered a non-INVITE request for 64·T1. `terminated` follows. */
  timedOut(owner: O): void;
  /** Exactly once, last. */
  terminated(owner: O): void;
}
