import type { DescribedMedia, MediaAnchor, MediaSession } from "../../../gateway/ports/media-anchor.js";
import { placesIn } from "../anchored-call.js";

const sdp = (port: number): Buffer =>
  Buffer.from(
    `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0\r\n`,
    "latin1",
  );

function portOf(described: DescribedMedia): number {
  if (described.kind !== "anchored") throw new Error(`a call of the bench is not anchored: ${described.why}`);
  return placesIn(Buffer.from(described.sdp).toString("latin1")).rtp.port;
}

/** Connects a call for each two ports. @returns Where each port is to send to. */
export async function carryCalls(
  anchor: MediaAnchor,
  ports: readonly number[],
  listen: boolean,
): Promise<{ sessions: MediaSession[]; places: number[] }> {
  const sessions: MediaSession[] = [];
  const places: number[] = [];
  for (let i = 0; i + 1 < ports.length; i += 2) {
    const [a = 0, b = 0] = [ports[i], ports[i + 1]];
    const call = { callId: `call-${a}`, trunk: "bench", listen, calledSide: "callee", learnSource: false } as const;
    const session = anchor.open(call, () => undefined);
    sessions.push(session);
    const toB = portOf(await session.describe({ from: "a", step: "offer", sdp: sdp(a) }));
    const toA = portOf(await session.describe({ from: "b", step: "answer", sdp: sdp(b) }));
    session.answered();
    places.push(toA, toB);
  }
  return { sessions, places };
}
