import { readAnchorable } from "../../sip/sdp/anchor-sdp.js";
import type { SipRequest } from "../../sip/message/sip-message.js";
import type { LiveCall } from "../contracts.js";
import { sdpBodyOf } from "./sdp-body.js";

type Named = Pick<LiveCall, "sipCallId" | "identity">;

/**
 * What calls that are listened to offer to their called sides. A call that passes the gateway twice, its Call-ID kept, comes back with
 * it: from the same caller to the same number, and what is said in it comes from where we send it. It is heard already. Who only
 * bears the same Call-ID, or claims the same parties, sends his own media and is heard himself.
 *
 * Memory: an entry a live call that is listened to.
 */
export class HeardOffers {
  /** By Call-ID: the calls, and where each sends its caller's voice from. */
  readonly #calls = new Map<string, Map<Named, string>>();

  /** @param sdp As it leaves. */
  offered(call: Named, sdp: Uint8Array): void {
    const place = audioPlace(sdp);
    if (place === undefined) return;
    const same = this.#calls.get(call.sipCallId);
    if (same === undefined) this.#calls.set(call.sipCallId, new Map([[call, place]]));
    else same.set(call, place);
  }

  closed(call: Named): void {
    const same = this.#calls.get(call.sipCallId);
    if (same?.delete(call) === true && same.size === 0) this.#calls.delete(call.sipCallId);
  }

  /** Is the new call one of those, come back? */
  isOf({ sipCallId, identity }: Named, { headers, body }: Pick<SipRequest, "headers" | "body">): boolean {
    const same = this.#calls.get(sipCallId);
    const sdp = same === undefined ? undefined : sdpBodyOf(headers, body)?.sdp;
    const place = sdp === undefined ? undefined : audioPlace(sdp);
    if (same === undefined || place === undefined) return false;
    for (const [call, sentFrom] of same)
      if (sentFrom === place && call.identity.caller === identity.caller && call.identity.called === identity.called)
        return true;
    return false;
  }
}

/** Where the first audio stream is taken. */
function audioPlace(sdp: Uint8Array): string | undefined {
  const read = readAnchorable(sdp);
  const stream = read.ok
    ? read.value.streams.find(({ kind, isRtp, active }) => kind === "audio" && isRtp && active)
    : undefined;
  return stream?.address === undefined || stream.addressIsZero ? undefined : `${stream.address} ${stream.port}`;
}
