import type { IncomingInvite, IncomingRequest, SipDialog, SipSource, SipUser } from "../../ports/sip-endpoint.js";
import type { SipRequest, SipResponse } from "../../sip/message/sip-message.js";

/** What the router asks of the recording server. */
export interface RecordingTaker {
  takes(invite: Pick<IncomingRequest, "request" | "source">): boolean;
  onInvite(invite: IncomingInvite): void;
  takesRequest(request: Pick<IncomingRequest, "request" | "source">): boolean;
  onRequest(request: IncomingRequest): void;
}

/**
 * Stands between the endpoint and those on top of it: recording sessions go to the recording server, all else to the B2BUA.
 * Requests inside a dialog reach whoever has the dialog, without passing here. Emergency calls are never taken for recordings.
 */
export class RecordingRouter implements SipUser {
  readonly #recordings: RecordingTaker;
  readonly #calls: SipUser;

  constructor(recordings: RecordingTaker, calls: SipUser) {
    this.#recordings = recordings;
    this.#calls = calls;
  }

  isUrgent(request: SipRequest, source: SipSource): boolean {
    return this.#calls.isUrgent?.(request, source) ?? false;
  }

  onInvite(invite: IncomingInvite): void {
    if (this.#recordings.takes(invite) && !this.isUrgent(invite.request, invite.source))
      this.#recordings.onInvite(invite);
    else this.#calls.onInvite(invite);
  }

  onRequest(request: IncomingRequest): void {
    if (this.#recordings.takesRequest(request)) this.#recordings.onRequest(request);
    else this.#calls.onRequest(request);
  }

  onStrayRequest(request: IncomingRequest): boolean {
    return this.#calls.onStrayRequest?.(request) ?? false;
  }

  onStrayAnswer(response: SipResponse, dialog: SipDialog): void {
    this.#calls.onStrayAnswer?.(response, dialog);
  }
}
