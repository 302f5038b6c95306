/** Text of SIP messages for tests that speak to an endpoint from outside. */
export interface RawRequest {
  readonly method: string;
  readonly uri?: string;
  /** sent-by of the Via. */
  readonly via: string;
  readonly branch?: string;
  /** Default: `;rport`. */
  readonly viaParams?: string;
  /** Name-addr without its tag. */
  readonly from?: string;
  readonly to?: string;
  readonly fromTag?: string;
  readonly toTag?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly contact?: string;
  readonly maxForwards?: number;
  readonly headers?: readonly string[];
  readonly body?: string;
}

export function rawRequest(r: RawRequest): string {
  const body = r.body ?? "";
  const toTag = r.toTag === undefined ? "" : `;tag=${r.toTag}`;
  const lines = [
    `${r.method} ${r.uri ?? "sip:+12025550102@192.0.2.1"} SIP/2.0`,
    `Via: SIP/2.0/UDP ${r.via};branch=${r.branch ?? "z9hG4bKraw1"}${r.viaParams ?? ";rport"}`,
    `Max-Forwards: ${r.maxForwards ?? 70}`,
    `From: ${r.from ?? "<sip:+12025550101@192.0.2.9>"};tag=${r.fromTag ?? "raw"}`,
    `To: ${r.to ?? "<sip:+12025550102@192.0.2.1>"}${toTag}`,
    `Call-ID: ${r.callId ?? "raw-call"}`,
    `CSeq: ${r.cseq ?? 1} ${r.method}`,
    ...(r.method === "INVITE" || r.contact !== undefined ? [`Contact: ${r.contact ?? `<sip:raw@${r.via}>`}`] : []),
    ...(r.headers ?? []),
    `Content-Length: ${Buffer.byteLength(body, "latin1")}`,
  ];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

/** An answer to a request as it came: Via, From, To, Call-ID and CSeq are copied. RFC 3261 §8.2.6 */
export function rawResponse(
  request: string,
  status: number,
  options: { readonly tag?: string; readonly headers?: readonly string[]; readonly body?: string } = {},
): string {
  const body = options.body ?? "";
  const copied = request
    .split("\r\n\r\n", 1)[0]!
    .split("\r\n")
    .filter((line) => /^(via|from|to|call-id|cseq):/i.test(line))
    .map((line) =>
      /^to:/i.test(line) && options.tag !== undefined && !line.includes(";tag=") ? `${line};tag=${options.tag}` : line,
    );
  const lines = [
    `SIP/2.0 ${status} ${status === 200 ? "OK" : "Reason"}`,
    ...copied,
    ...(options.headers ?? []),
    `Content-Length: ${Buffer.byteLength(body, "latin1")}`,
  ];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

/** The value of the first header line of that name. */
export function headerOf(message: string, name: string): string | undefined {
  const line = message
    .split("\r\n\r\n", 1)[0]!
    .split("\r\n")
    .slice(1)
    .find((each) => each.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return line?.slice(name.length + 1).trim();
}

export const startLineOf = (message: string): string => message.slice(0, message.indexOf("\r\n"));
export const tagOf = (value: string | undefined): string | undefined => /;tag=([^;\s]+)/.exec(value ?? "")?.[1];
export const statusOf = (message: string): number => Number(/^SIP\/2\.0 (\d+)/.exec(message)?.[1] ?? 0);
