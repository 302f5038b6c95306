import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Pair } from "./certificates.js";
import { freeTcpPort, startProcess, temporaryFolder, until } from "./processes.js";

export interface Rsyslog {
  readonly port: number;
  /** As rsyslog has read the messages: PRI, time, host, app, MSGID, text, one message a line, control characters escaped. */
  lines(): readonly string[];
  stop(): Promise<void>;
}

const PROGRAM = "/usr/sbin/rsyslogd";
const TLS_DRIVER = "/usr/lib/x86_64-linux-gnu/rsyslog/lmnsd_gtls.so";

/** Why there is none here; undefined: there is one. */
export function rsyslogAbsent(): string | undefined {
  return existsSync(PROGRAM) && (existsSync(TLS_DRIVER) || process.arch !== "x64")
    ? undefined
    : "rsyslog and rsyslog-gnutls are not installed (scripts/test installs them)";
}

/** A real rsyslog on loopback that takes RFC 5424 messages over TLS only. `askCertificate`: clients need one too. The caller stops it. */
export async function startRsyslog(
  server: Pair & { readonly caFile: string },
  askCertificate = false,
): Promise<Rsyslog> {
  const folder = temporaryFolder("rsyslog");
  const port = await freeTcpPort();
  const output = join(folder.path, "messages");
  const config = join(folder.path, "rsyslog.conf");
  writeFileSync(
    config,
    `global(workDirectory="${folder.path}" DefaultNetstreamDriver="gtls" DefaultNetstreamDriverCAFile="${server.caFile}"
  DefaultNetstreamDriverCertFile="${server.certFile}" DefaultNetstreamDriverKeyFile="${server.keyFile}"
  parser.escapeControlCharactersOnReceive="on" maxMessageSize="64k")
module(load="imtcp" StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="${askCertificate ? "x509/certvalid" : "anon"}")
template(name="all" type="string" string="%pri% %timereported:::date-rfc3339% %hostname% %app-name% %msgid% %msg%\\n")
input(type="imtcp" address="127.0.0.1" port="${port}" ruleset="in")
ruleset(name="in") { action(type="omfile" file="${output}" template="all" flushOnTXEnd="on") }
`,
  );
  const running = startProcess(PROGRAM, ["-n", "-f", config, "-i", join(folder.path, "pid")]);
  const stop = async (): Promise<void> => {
    await running.stop("SIGTERM", 5_000);
    folder.remove();
  };
  try {
    await until("rsyslog", () => isOpen(port) || running.child.exitCode !== null, 30_000);
  } catch (cause) {
    await stop();
    throw new Error(running.output(), { cause });
  }
  return {
    port,
    lines: () => (existsSync(output) ? readFileSync(output, "utf8").split("\n").filter(Boolean) : []),
    stop,
  };
}

/** Listening, by the kernel's own table: a connection to see would be one more that it has to log. */
function isOpen(port: number): boolean {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return readFileSync("/proc/net/tcp", "latin1")
    .split("\n")
    .some((line) => line.includes(` ${local} `) && line.includes(" 0A "));
}
