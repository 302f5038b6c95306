import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { startProcess, until } from "./processes.js";

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly tls: boolean;
  readonly authenticated: boolean;
  readonly content: string;
}

export interface SmtpServerSettings {
  readonly security: "starttls" | "tls" | "none";
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly auth?: boolean;
  /** Answer to every recipient. */
  readonly refuse?: string;
}

export interface SmtpServer {
  readonly port: number;
  readonly mails: readonly ReceivedMail[];
  stop(): Promise<void>;
}

// Debian's: another python3 on the path would not have the package.
const PYTHON = "/usr/bin/python3";

/** Why there is none here; undefined: there is one. */
export function smtpServerAbsent(): string | undefined {
  const found = spawnSync(PYTHON, ["-c", "import aiosmtpd"]).status === 0;
  return found ? undefined : "python3-aiosmtpd is not installed (scripts/test installs it)";
}

/** A real SMTP server on loopback. The caller stops it. */
export async function startSmtpServer(settings: SmtpServerSettings): Promise<SmtpServer> {
  const mails: ReceivedMail[] = [];
  let port = 0;
  const running = startProcess(PYTHON, [join(import.meta.dirname, "smtp-server.py"), JSON.stringify(settings)], {
    onLine: (line) => {
      if (!line.startsWith("{")) return;
      const read = JSON.parse(line) as ReceivedMail | { port: number };
      if ("port" in read) port = read.port;
      else mails.push(read);
    },
  });
  try {
    await until("the SMTP server", () => port !== 0, 30_000);
  } catch (cause) {
    await running.stop("SIGKILL");
    throw new Error(running.output(), { cause });
  }
  return {
    port,
    mails,
    stop: async () => {
      await running.stop("SIGKILL");
    },
  };
}
