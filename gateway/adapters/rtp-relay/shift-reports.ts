import type { Outflow } from "./outflow.js";

/** RFC 3550 §12.1 */
const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const HEAD_BYTES = 4;
const SSRC_BYTES = 4;
/** After the sender's SSRC: NTP time, then the RTP timestamp. RFC 3550 §6.4.1 */
const SR_TIMESTAMP_AT = 16;
const SR_REPORTS_AT = 28;
const RR_REPORTS_AT = 8;
const REPORT_BYTES = 24;
const REPORT_SEQUENCE_AT = 8;

/**
 * Makes reports fit to a stream that packets of ours have shifted: the timestamp of a sender report goes with its stream, the highest
 * sequence number of a report block is told in the numbers that the stream's sender knows. Changes the packet in place; what cannot
 * be read stays as it is.
 *
 * @param forward The stream that goes the way of this packet. @param backward The one that its receiver reports on.
 */
export function shiftReports(packet: Uint8Array, forward: Outflow, backward: Outflow): void {
  if (!forward.isShifted && !backward.isShifted) return;
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  for (let at = 0; at + HEAD_BYTES + SSRC_BYTES <= packet.byteLength;) {
    const type = view.getUint8(at + 1);
    const end = Math.min(packet.byteLength, at + HEAD_BYTES + 4 * view.getUint16(at + 2));
    const count = view.getUint8(at) & 0x1f;
    if (type === SENDER_REPORT && at + SR_REPORTS_AT <= end) {
      const shift = forward.timestampShiftOf(view.getUint32(at + HEAD_BYTES));
      view.setUint32(at + SR_TIMESTAMP_AT, (view.getUint32(at + SR_TIMESTAMP_AT) + shift) >>> 0);
      shiftBlocks(view, at + SR_REPORTS_AT, count, end, backward);
    } else if (type === RECEIVER_REPORT) shiftBlocks(view, at + RR_REPORTS_AT, count, end, backward);
    at = end;
  }
}

function shiftBlocks(view: DataView, from: number, count: number, end: number, backward: Outflow): void {
  for (let i = 0, at = from; i < count && at + REPORT_BYTES <= end; i++, at += REPORT_BYTES) {
    const shift = backward.sequenceShiftOf(view.getUint32(at));
    const highest = view.getUint32(at + REPORT_SEQUENCE_AT);
    view.setUint32(at + REPORT_SEQUENCE_AT, (highest - shift) >>> 0);
  }
}
