/** One line as it came: `type` `=` `value` `end`. */
export interface SdpLine {
  /** One letter. */
  readonly type: string;
  /** Wire text: one character a byte. */
  readonly value: string;
  /** The line end as written: CRLF, LF, or empty at the end of the text. */
  readonly end: string;
}

/** o=. RFC 8866 §5.2. The numbers stay text: they may exceed 2^53. */
export interface SdpOrigin {
  readonly username: string;
  readonly sessionId: string;
  readonly sessionVersion: string;
  readonly netType: string;
  readonly addressType: string;
  readonly address: string;
}

/** c=. RFC 8866 §5.7 */
export interface SdpConnection {
  readonly netType: string;
  readonly addressType: string;
  /** Without `/ttl` and count. */
  readonly address: string;
}

/** RFC 8866 §6.7 */
export type SdpDirection = "sendrecv" | "sendonly" | "recvonly" | "inactive";

/** An m= line with all that follows it up to the next. RFC 8866 §5.14 */
export interface SdpMedia {
  /** `audio`, `video`, `image` … */
  readonly kind: string;
  /** 0: rejected or switched off. RFC 3264 §6, §8.2 */
  readonly port: number;
  /** `/n` after the port; 1 where it is absent. */
  readonly portCount: number;
  /** `RTP/AVP`, `RTP/SAVPF`, `udptl` … */
  readonly protocol: string;
  readonly formats: readonly string[];
  /** This section's own c=; else the session's counts. */
  readonly connection: SdpConnection | undefined;
  /** This section's own direction; else the session's counts, else sendrecv. */
  readonly direction: SdpDirection | undefined;
  /** The m= line first. */
  readonly lines: readonly SdpLine[];
}

/** A session description, kept line by line, so that what nobody touches is sent on byte for byte. */
export interface SessionDescription {
  readonly origin: SdpOrigin;
  readonly connection: SdpConnection | undefined;
  readonly direction: SdpDirection | undefined;
  /** All lines before the first m=. */
  readonly lines: readonly SdpLine[];
  readonly media: readonly SdpMedia[];
}

/** The direction that counts for a media section. RFC 8866 §6.7 */
export function directionOf(session: SessionDescription, media: SdpMedia): SdpDirection {
  return media.direction ?? session.direction ?? "sendrecv";
}

/** The connection that counts for a media section; undefined where the peer gave none. */
export function connectionOf(session: SessionDescription, media: SdpMedia): SdpConnection | undefined {
  return media.connection ?? session.connection;
}

/** The peer does not want to hear us: `sendonly`, `inactive`, or the old way, an address of zero. RFC 3264 §8.4 */
export function isHeld(session: SessionDescription, media: SdpMedia): boolean {
  const direction = directionOf(session, media);
  const address = connectionOf(session, media)?.address;
  return direction === "sendonly" || direction === "inactive" || address === "0.0.0.0" || address === "::";
}

/** Values of all `a=name:value` lines of a section, or "" for a flag `a=name`. */
export function attributes(section: { readonly lines: readonly SdpLine[] }, name: string): string[] {
  const found: string[] = [];
  for (const { type, value } of section.lines) {
    if (type !== "a" || !value.startsWith(name)) continue;
    if (value.length === name.length) found.push("");
    else if (value.charAt(name.length) === ":") found.push(value.slice(name.length + 1));
  }
  return found;
}
