export interface TracedMessage {
  readonly direction: "in" | "out";
  /** Unix ms */
  readonly at: number;
  readonly peer: { readonly protocol: string; readonly address: string; readonly port: number };
  readonly bytes: Uint8Array;
}

/** What would let a reader of the trace log in as, or listen to, somebody: digest answers, passwords, media keys. */
const SECRETS = /^((?:proxy-)?authorization[ \t]*:[ \t]*\w+|a=crypto:\d+ \S+ inline:|k=)(?:[^\r\n]|\r?\n[ \t])*/gim;

/** One line that says when, which way and with whom, then the message byte by byte, but for secrets. */
export function formatMessage({ direction, at, peer, bytes }: TracedMessage): Buffer {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const arrow = direction === "in" ? "<-" : "->";
  const host = peer.address.includes(":") ? `[${peer.address}]` : peer.address;
  const head = `--- ${new Date(at).toISOString()} ${arrow} ${peer.protocol}:${host}:${peer.port} ${bytes.byteLength} bytes\n`;
  return Buffer.from(`${head}${text.replace(SECRETS, "$1 <hidden>")}\n\n`, "latin1");
}
