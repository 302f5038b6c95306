import type {
  IncomingInvite,
  IncomingRequest,
  SipDialog,
  SipSource,
  SipUser,
  TurnedAway,
} from "../../ports/sip-endpoint.js";
import type { SipRequest, SipResponse } from "../../sip/message/sip-message.js";

/** What the router asks of the recording server. */
export interface RecordingTaker {
  takes(invite: Pick<IncomingRequest, "request" | "source">): boolean;
  /** See `SipUser.turnAway`; of what `takes` or `takesRequest` has said yes to. */
  turnAway(request: SipRequest, source: SipSource): TurnedAway | undefined;
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

  turnAway(request: SipRequest, source: SipSource, stray: boolean): TurnedAway | undefined {
    if (!stray && this.#isForRecordings({ request, source })) return this.#recordings.turnAway(request, source);
    return this.#calls.turnAway?.(request, source, stray);
  }

  onInvite(invite: IncomingInvite): void {
    if (this.#isForRecordings(invite)) this.#recordings.onInvite(invite);
    else this.#calls.onInvite(invite);
  }

  onRequest(request: IncomingRequest): void {
    if (this.#isForRecordings(request)) this.#recordings.onRequest(request);
    else this.#calls.onRequest(request);
  }

  onStrayRequest(request: SipRequest): ((request: IncomingRequest) => void) | undefined {
    return this.#calls.onStrayRequest?.(request);
  }

  onStrayAnswer(response: SipResponse, dialog: SipDialog): void {
    this.#calls.onStrayAnswer?.(response, dialog);
  }

  #isForRecordings(asked: Pick<IncomingRequest, "request" | "source">): boolean {
    if (asked.request.method !== "INVITE") return this.#recordings.takesRequest(asked);
    return this.#recordings.takes(asked) && !this.isUrgent(asked.request, asked.source);
  }
}
