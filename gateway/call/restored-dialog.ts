import type { DialogSnapshot } from "../ports/sip-endpoint.js";

/** More requests than one call sends. */
const GAP = 10_000;
const MOST_CSEQ = 0x7fff_ffff;

/**
 * A journalled dialog as it is taken up again. The journal knows the CSeq numbers of the answer, the call may have gone on since:
 * ours jump ahead, so that the peer does not refuse them as old ones with 500 (RFC 3261 §12.2.2 allows gaps).
 */
export function restoredDialog(snapshot: DialogSnapshot): DialogSnapshot {
  return { ...snapshot, localCseq: Math.min(snapshot.localCseq + GAP, MOST_CSEQ - GAP) };
}
