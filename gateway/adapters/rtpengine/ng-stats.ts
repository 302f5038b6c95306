import type { MediaStats, SideStats } from "../../ports/media-anchor.js";
import type { BencodeDictionary } from "./bencode.js";
import { dictionaryIn, isDictionary, listIn, numberIn } from "./ng-reply.js";

interface Counted {
  packets: number;
  bytes: number;
  strangers: number;
  readonly ssrcs: string[];
}

/**
 * The figures in an answer to `query` or `delete`. rtpengine counts packets; what was lost, jitter and quality it knows only from
 * the RTCP reports of the peers: side A's from what B reports of hearing it. Without such reports they are 0 and undefined.
 *
 * @param isOurs Whether a tag is one of our subscriptions.
 */
export function statsOf(content: BencodeDictionary, aTag: string, isOurs: (tag: string) => boolean): MediaStats {
  const a = nothing();
  const b = nothing();
  for (const [tag, member] of dictionaryIn(content, "tags")) {
    if (isOurs(tag) || !isDictionary(member)) continue;
    count(member, tag === aTag ? a : b);
  }
  const reports = dictionaryIn(content, "SSRC");
  return { a: side(a, reports, b.ssrcs), b: side(b, reports, a.ssrcs), forkDropped: 0 };
}

const nothing = (): Counted => ({ packets: 0, bytes: 0, strangers: 0, ssrcs: [] });

function count(tag: BencodeDictionary, into: Counted): void {
  for (const media of listIn(tag, "medias")) {
    if (!isDictionary(media)) continue;
    for (const stream of listIn(media, "streams")) {
      if (!isDictionary(stream) || !listIn(stream, "flags").includes("RTP")) continue;
      const stats = dictionaryIn(stream, "stats");
      // With the source locked, errors are packets from elsewhere; they count as received first.
      const errors = numberIn(stats, "errors");
      into.packets += Math.max(0, numberIn(stats, "packets") - errors);
      into.bytes += numberIn(stats, "bytes");
      into.strangers += errors;
      const ssrc = numberIn(stream, "SSRC");
      if (ssrc !== 0) into.ssrcs.push(String(ssrc));
    }
  }
}

/** @param hearers SSRCs of the other side: reports are kept under the SSRC of who made them. */
function side(
  { packets, bytes, strangers }: Counted,
  reports: BencodeDictionary,
  hearers: readonly string[],
): SideStats {
  let lost = 0;
  let jitterMs = 0;
  let mos: number | undefined;
  for (const ssrc of hearers) {
    const report = dictionaryIn(reports, ssrc);
    const average = dictionaryIn(report, "average MOS");
    lost += numberIn(report, "cumulative loss");
    jitterMs = Math.max(jitterMs, numberIn(average, "jitter"));
    const tenths = numberIn(average, "MOS");
    if (tenths >= 10 && tenths <= 50) mos = Math.min(mos ?? 5, tenths / 10);
  }
  return { packets, bytes, lost, jitterMs, mos, strangers };
}

/** RTP packets of both sides so far, those from strangers left out: whether anything still comes. */
export function packetsIn({ a, b }: MediaStats): number {
  return a.packets + b.packets;
}
