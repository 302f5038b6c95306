import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";

/** An INVITE as nobody's telephone sends it: what a caller can choose, as it stands. One character a byte. */
export interface RawInvite {
  /** The whole value of From but the tag. */
  readonly from: string;
  /** The called user part. */
  readonly to: string;
  readonly callId?: string;
  /** Further header lines. */
  readonly headers?: readonly string[];
}

const TRIES = 60;

/** Sends it from 127.0.0.1 and acknowledges a refusal. @returns The final status; 0: none came. */
export async function inviteRaw(port: number, { from, to, callId, headers = [] }: RawInvite): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const own = socket.address().port;
  const id = randomBytes(6).toString("hex");
  const ahead = [
    `Via: SIP/2.0/UDP 127.0.0.1:${own};branch=z9hG4bK${id};rport`,
    "Max-Forwards: 70",
    `From: ${from};tag=${id}`,
    `To: <sip:${to}@127.0.0.1>`,
    `Call-ID: ${callId ?? `${id}@127.0.0.1`}`,
  ];
  const target = `sip:${to}@127.0.0.1:${port} SIP/2.0`;
  const invite = [
    `INVITE ${target}`,
    ...ahead,
    "CSeq: 1 INVITE",
    `Contact: <sip:x@127.0.0.1:${own}>`,
    ...headers,
    "Content-Type: application/sdp",
    `Content-Length: ${SDP.length}`,
  ];
  const send = (text: string): void => socket.send(Buffer.from(text, "latin1"), port, "127.0.0.1");
  try {
    return await new Promise<number>((resolve) => {
      let tries = 0;
      const again = (): void => {
        if (tries++ >= TRIES) resolve(0);
        else if (!heard) send(`${invite.join("\r\n")}\r\n\r\n${SDP}`);
      };
      let heard = false;
      const timer = setInterval(again, 500);
      socket.on("message", (bytes) => {
        const text = bytes.toString("latin1");
        if (!/^CSeq: *1 INVITE/im.test(text)) return;
        heard = true;
        const status = Number(/^SIP\/2\.0 (\d{3})/.exec(text)?.[1] ?? 0);
        if (status < 200) return;
        clearInterval(timer);
        const tagged = ahead.map((line) =>
          line.startsWith("To:") ? (/^To:.*$/m.exec(text)?.[0] ?? line).trim() : line,
        );
        if (status >= 300)
          send(`${[`ACK ${target}`, ...tagged, "CSeq: 1 ACK", "Content-Length: 0"].join("\r\n")}\r\n\r\n`);
        resolve(status);
      });
      again();
    });
  } finally {
    socket.close();
  }
}

const SDP = [
  "v=0",
  "o=- 1 1 IN IP4 192.0.2.1",
  "s=-",
  "c=IN IP4 192.0.2.1",
  "t=0 0",
  "m=audio 40000 RTP/AVP 0",
  "a=rtpmap:0 PCMU/8000",
  "",
].join("\r\n");
