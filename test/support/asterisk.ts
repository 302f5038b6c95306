import { execFile } from "node:child_process";
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { freeTcpPort, freeUdpPort, temporaryFolder, until } from "./processes.js";

/** Where `scripts/asterisk-up --fetch` unpacks Asterisk. */
const PREFIX = resolve(".cache/asterisk");
/** Replaces asterisk-conf's telephones and dialplan: extensions to call, SIPp as an endpoint. */
const SMALL_FOLDER = resolve("test/fixtures/asterisk");
const SOUNDS = join(PREFIX, "root/usr/share/asterisk/sounds/en");
/** Below the range that the kernel gives out by itself (32768 and up). */
const RTP_PORTS = { first: 10_000, last: 32_500, perInstance: 3_000 };
const ATTEMPTS = 4;
const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 6_000;
/** For one command that ends by itself. */
const COMMAND_TIMEOUT_MS = 60_000;
const run = promisify(execFile);

/** Why a real Asterisk cannot be used here; undefined where it can. Give it to `describe` as `skip`. */
export function asteriskMissing(): string | undefined {
  return existsSync(join(PREFIX, "root/.complete"))
    ? undefined
    : "Asterisk was not fetched (scripts/asterisk-up --fetch .cache/asterisk)";
}

export interface AsteriskOptions {
  /**
   * What the rendered asterisk-conf/ is completed with. `small` (default): telephones and dialplan of test/fixtures/asterisk, one
   * endpoint `sipp` for every loopback sender. `none`: asterisk-conf as an operator has it, with its carrier on `CARRIER_ADDRESS`.
   */
  readonly dialplan?: "small" | "none";
  /** Settings of asterisk-conf/settings.json. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Whole configuration files by name: each replaces the one of that name or joins. */
  readonly files?: Readonly<Record<string, string>>;
  /**
   * Values of further `@NAME@` placeholders in the files, for example `AGI_PORT` of the test's own AGI server. Always filled in:
   * SIP_PORT, TLS_PORT, HTTP_PORT, RTP_START, RTP_END, RUN (its folder), DATA (Asterisk's sounds).
   */
  readonly values?: Readonly<Record<string, string | number>>;
  /** RTP ports, two for each leg that is up. Default 200. */
  readonly rtpPorts?: number;
}

export interface Asterisk {
  /** Where SIP is bound: setting SIP_ADDRESS, 127.0.0.1 without it. */
  readonly sipAddress: string;
  /** UDP and TCP. */
  readonly sipPort: number;
  /** For a TLS transport; there is none without the setting TLS. */
  readonly tlsPort: number;
  readonly httpPort: number;
  /** `http://127.0.0.1:PORT/ari` */
  readonly ariUrl: string;
  readonly ariUser: string;
  readonly ariPassword: string;
  /** Its temporary folder: `etc`, `log`, `lib`, `spool`. */
  readonly folder: string;
  /** Process id of the running instance. */
  pid(): number;
  /** Runs one console command. @returns What it printed. */
  cli(command: string): Promise<string>;
  /** Everything in its log so far: notices, warnings, errors and the verbose lines of the dialplan. */
  log(): string;
  /** What is in a file of its folder of logs and records; "" until Asterisk, writing its first line, makes it. */
  logged(name: string): string;
  /** Ends it (SIGTERM, then SIGKILL) and removes its folder. Safe to call twice. */
  stop(): Promise<void>;
  /** Ends it as a crash would, keeping the folder. */
  kill(): Promise<void>;
  /** Starts it anew on the same ports with the same files, ended before or not. Registrations, calls and the log so far are lost. */
  restart(): Promise<void>;
}

/**
 * Starts a real Asterisk 22 on ports of the kernel's choice, in a folder of its own, and waits until it has booted.
 * @throws Error with its log when it does not start.
 */
export async function startAsterisk(options: AsteriskOptions = {}): Promise<Asterisk> {
  let last: unknown;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const folder = temporaryFolder("ast");
    const instance = new Instance(
      folder,
      await choosePorts(options.rtpPorts ?? RTP_PORTS.perInstance),
      String(options.settings?.["SIP_ADDRESS"] ?? "127.0.0.1"),
    );
    try {
      await instance.write(options);
      await instance.start();
      return instance;
    } catch (error) {
      last = error;
      await instance.stop();
      // Somebody else took a port between its release and Asterisk's bind.
      if (!String(error).includes("a port is taken")) break;
    }
  }
  throw last;
}

interface Ports {
  readonly sip: number;
  readonly tls: number;
  readonly http: number;
  readonly rtpStart: number;
  readonly rtpEnd: number;
}

async function choosePorts(perInstance: number): Promise<Ports> {
  const { first, last } = RTP_PORTS;
  const slots = Math.floor((last - first) / perInstance);
  const rtpStart = first + perInstance * Math.floor(Math.random() * slots);
  return {
    sip: await freeUdpPort(),
    tls: await freeTcpPort(),
    http: await freeTcpPort(),
    rtpStart,
    rtpEnd: rtpStart + perInstance - 1,
  };
}

class Instance implements Asterisk {
  readonly ariUser = "gateway";
  readonly ariPassword = "secret-of-the-test";
  readonly sipAddress: string;
  readonly #temporary: { readonly path: string; remove(): void };
  readonly #ports: Ports;
  #pid = -1;
  readonly #atExit = (): void => this.#signal("SIGKILL");

  constructor(temporary: { readonly path: string; remove(): void }, ports: Ports, sipAddress: string) {
    this.sipAddress = sipAddress;
    this.#temporary = temporary;
    this.#ports = ports;
    process.once("exit", this.#atExit);
  }

  get sipPort(): number {
    return this.#ports.sip;
  }
  get tlsPort(): number {
    return this.#ports.tls;
  }
  get httpPort(): number {
    return this.#ports.http;
  }
  get ariUrl(): string {
    return `http://127.0.0.1:${this.#ports.http}/ari`;
  }
  get folder(): string {
    return join(this.#temporary.path, "a");
  }
  pid(): number {
    return this.#pid;
  }

  async write(options: AsteriskOptions): Promise<void> {
    const etc = join(this.#temporary.path, "etc");
    await this.#render(etc, options);
    const files: Record<string, string> = {};
    if (options.dialplan !== "none")
      for (const name of readdirSync(SMALL_FOLDER)) files[name] = readFileSync(join(SMALL_FOLDER, name), "utf8");
    for (const [name, text] of Object.entries({ ...files, ...options.files })) writeFileSync(join(etc, name), text);
    const values = this.#values(options);
    for (const name of readdirSync(etc, { recursive: true, encoding: "utf8" })) {
      const file = join(etc, name);
      if (!statSync(file).isFile()) continue;
      const text = readFileSync(file, "utf8");
      const filled = text.replace(/@([A-Z_]+)@/g, (whole, key: string) => String(values[key] ?? whole));
      if (filled !== text) writeFileSync(file, filled);
    }
  }

  #values(options: AsteriskOptions): Readonly<Record<string, string | number>> {
    return {
      PEER_PORT: 9,
      AGI_PORT: 9,
      AUDIOSOCKET_PORT: 9,
      WS_PORT: 9,
      ...options.values,
      SIP_PORT: this.#ports.sip,
      TLS_PORT: this.#ports.tls,
      HTTP_PORT: this.#ports.http,
      RTP_START: this.#ports.rtpStart,
      RTP_END: this.#ports.rtpEnd,
    };
  }

  /** The same script that operators use. */
  async #render(folder: string, options: AsteriskOptions): Promise<void> {
    const { SIP_PORT, TLS_PORT, HTTP_PORT, RTP_START, RTP_END } = this.#values(options);
    const ports = { SIP_PORT, TLS_PORT, HTTP_PORT, RTP_START, RTP_END };
    const own = {
      ARI_USER: this.ariUser,
      ARI_PASSWORD: this.ariPassword,
      CARRIER_ADDRESS: "127.0.0.2",
      VERBOSE: "yes",
    };
    const settings = { ...own, SOUNDS_FOLDER: SOUNDS, ...options.settings, ...ports };
    const sets = Object.entries(settings).flatMap(([name, value]) => ["--set", `${name}=${String(value)}`]);
    await run("scripts/asterisk-conf", ["render", "--out", folder, ...sets], { timeout: COMMAND_TIMEOUT_MS });
  }

  async start(): Promise<void> {
    const { stdout } = await run("scripts/asterisk-up", [PREFIX, join(this.#temporary.path, "etc")], {
      env: { ...process.env, AST_RUN: this.folder, AST_OWNER: String(process.pid) },
      timeout: START_TIMEOUT_MS,
    });
    this.#pid = Number(/^pid=(\d+)$/m.exec(stdout)?.[1] ?? -1);
  }

  async cli(command: string): Promise<string> {
    const { stdout } = await run(join(this.folder, "asterisk"), ["-rx", command], { timeout: COMMAND_TIMEOUT_MS });
    return stdout;
  }

  log(): string {
    return this.logged("full.log");
  }

  logged(name: string): string {
    const file = join(this.folder, "log", name);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  async stop(): Promise<void> {
    await this.#end("SIGTERM");
    process.removeListener("exit", this.#atExit);
    this.#temporary.remove();
  }

  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  async restart(): Promise<void> {
    await this.#end("SIGTERM");
    await this.start();
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#signal(signal);
    try {
      await until("Asterisk to end", () => !this.#alive(), STOP_TIMEOUT_MS);
    } catch {
      this.#signal("SIGKILL");
      await until("a killed Asterisk to end", () => !this.#alive());
    }
    this.#pid = -1;
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#alive()) process.kill(this.#pid, signal);
  }

  /** By command line too, so that a reused process id is never signalled. A zombie has none and counts as ended. */
  #alive(): boolean {
    if (this.#pid <= 0) return false;
    try {
      return readFileSync(`/proc/${this.#pid}/cmdline`, "utf8").includes(this.folder);
    } catch {
      return false;
    }
  }
}
