import type { Random } from "../../core/random.js";
import type { HeaderEntries } from "../../ports/sip-endpoint.js";
import { serializeMultipart } from "../../sip/message/multipart.js";
import { SipHeaders } from "../../sip/message/sip-headers.js";
import { escapeUri, wireText } from "../../sip/message/text.js";
import { writeMetadata } from "../../sip/siprec/write-metadata.js";

/** `cisco`: as Cisco Unified CM forks a phone's call: an INVITE a side, no offer, who is who in the From. */
export type ClientDialect = "rfc" | "acme" | "cisco";

/** One side of the recorded call. */
export interface ClientTrack {
  readonly side: "caller" | "called";
  /** G.711 of 8 kHz. */
  readonly audio: Uint8Array;
}

export interface ClientCall {
  /** Numbers or URIs of the two sides. */
  readonly caller: string;
  readonly called: string;
  /** Call-ID of the call that is recorded, for the metadata. */
  readonly callId: string;
  readonly dialect: ClientDialect;
  readonly codec: "PCMU" | "PCMA";
  readonly tracks: readonly ClientTrack[];
  /** ISO 8601 */
  readonly startedAt: string;
}

/** One INVITE, with the tracks that its dialog carries. */
export interface ClientInvite {
  readonly tracks: readonly ClientTrack[];
  readonly from: string;
  readonly contactParams: string;
  readonly headers: HeaderEntries;
  readonly body: Uint8Array;
  /** The offer is left to the server: this goes into the ACK. */
  readonly answer: Uint8Array | undefined;
}

/** A line of ours: where its RTP comes from. */
export interface ClientPort {
  readonly address: string;
  readonly port: number;
}

/** What a recording client of that dialect sends for a call. `ports`: one for each track, in order. */
export function clientInvites(call: ClientCall, ports: readonly ClientPort[], random: Random): readonly ClientInvite[] {
  return call.dialect === "cisco" ? forkInvites(call, ports, random) : [siprecInvite(call, ports, random)];
}

function siprecInvite(call: ClientCall, ports: readonly ClientPort[], random: Random): ClientInvite {
  const boundary = `part-${random.token(8)}`;
  const people = call.tracks.map(({ side }, index) => ({
    id: random.token(8),
    aor: aorOf(side === "caller" ? call.caller : call.called),
    streamId: random.token(8),
    label: String(index + 1),
    isCaller: side === "caller",
  }));
  const metadata = writeMetadata(
    {
      mode: "complete",
      sessionId: random.token(8),
      startedAt: call.startedAt,
      sipSessionId: call.callId,
      participants: people,
    },
    call.dialect === "acme" ? "acme" : "rfc",
  );
  const part = (type: string, disposition: string): SipHeaders =>
    SipHeaders.of([
      ["Content-Type", type],
      ["Content-Disposition", disposition],
    ]);
  return {
    tracks: call.tracks,
    from: "<sip:recorder@ringfence.invalid>",
    contactParams: ";+sip.src",
    headers: [
      ["Require", "siprec"],
      ["Supported", "timer"],
      ["Accept", "application/sdp, application/rs-metadata"],
      ["Content-Type", `multipart/mixed;boundary=${boundary}`],
    ],
    body: serializeMultipart(boundary, [
      { headers: part("application/sdp", "session;handling=required"), body: clientSdp(call, ports, true, random) },
      { headers: part("application/rs-metadata+xml", "recording-session"), body: metadata },
    ]),
    answer: undefined,
  };
}

function forkInvites(call: ClientCall, ports: readonly ClientPort[], random: Random): readonly ClientInvite[] {
  const refci = String(Number.parseInt(random.token(3), 16));
  return call.tracks.map((track, index) => {
    const end = track.side === "caller" ? "x-farend" : "x-nearend";
    const params =
      `;${end};x-refci=${refci};x-nearendclusterid=ringfence;x-nearenddevice=SEP000000000000` +
      `;x-nearendaddr=${escapeUri(userOf(call.called), "param")};x-farendaddr=${escapeUri(userOf(call.caller), "param")}`;
    const port = ports[index];
    return {
      tracks: [track],
      from: `<sip:${escapeUri(userOf(call.called), "user")}@ringfence.invalid${params}>`,
      contactParams: ";isFocus",
      headers: [["Supported", "timer"]],
      body: new Uint8Array(0),
      answer: clientSdp(call, port === undefined ? [] : [port], false, random),
    };
  });
}

function clientSdp(call: ClientCall, ports: readonly ClientPort[], labelled: boolean, random: Random): Uint8Array {
  const address = ports[0]?.address ?? "127.0.0.1";
  const network = `IN IP${address.includes(":") ? 6 : 4} ${address}`;
  const payloadType = payloadTypeOf(call.codec);
  const id = Number.parseInt(random.token(4), 16);
  const lines = [`v=0`, `o=- ${id} 1 ${network}`, "s=-", `c=${network}`, "t=0 0"];
  for (const [index, { port }] of ports.entries()) {
    lines.push(`m=audio ${port} RTP/AVP ${payloadType}`, `a=rtpmap:${payloadType} ${call.codec}/8000`, "a=ptime:20");
    if (labelled) lines.push(`a=label:${index + 1}`);
    lines.push("a=sendonly");
  }
  return Buffer.from(`${lines.join("\r\n")}\r\n`, "latin1");
}

export const payloadTypeOf = (codec: ClientCall["codec"]): number => (codec === "PCMU" ? 0 : 8);

/** A number becomes a tel URI's worth of SIP: nobody knows its host. */
function aorOf(party: string): string {
  return /^(?:sips?|tel):/i.test(party) ? party : `sip:${escapeUri(wireText(party), "user")}@ringfence.invalid`;
}

function userOf(party: string): string {
  const bare = wireText(party).replace(/^(?:sips?|tel):/i, "");
  return bare.split("@", 1)[0] ?? bare;
}
