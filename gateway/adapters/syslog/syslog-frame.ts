import type { Severity } from "../../../detection/index.js";

export interface SyslogMessage {
  /** 0 to 23. */
  readonly facility: number;
  readonly severity: Severity;
  /** Unix time, ms. */
  readonly at: number;
  readonly hostname: string;
  readonly msgId: string;
  /** Without line breaks. */
  readonly message: string;
}

/** RFC 5424 §6.2.1: 2 critical, 3 error, 4 warning, 5 notice. */
const SEVERITY: Readonly<Record<Severity, number>> = { critical: 2, high: 3, medium: 4, low: 5 };

/** One RFC 5424 message with its length in front (RFC 5425 §4.3.1), UTF-8. */
export function syslogFrame({ facility, severity, at, hostname, msgId, message }: SyslogMessage): Buffer {
  const priority = facility * 8 + SEVERITY[severity];
  const head = [
    `<${priority}>1`,
    new Date(at).toISOString(),
    name(hostname, 255),
    "ringfence",
    "-",
    name(msgId, 32),
    "-",
  ];
  const bytes = Buffer.from(`${head.join(" ")} ${message}`, "utf8");
  return Buffer.concat([Buffer.from(`${bytes.length} `, "latin1"), bytes]);
}

/** Header fields are printable ASCII without blanks (§6). */
function name(text: string, most: number): string {
  const printable = text.replaceAll(/[^\x21-\x7e]/g, "").slice(0, most);
  return printable === "" ? "-" : printable;
}
