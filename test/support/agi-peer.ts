import { connect, type Socket } from "node:net";

/** What Asterisk 22 sends before it waits for the first command. */
export function agiEnvironment(
  script: string,
  fields: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): string {
  const all: Record<string, string> = {
    network: "yes",
    network_script: script,
    request: `agi://127.0.0.1/${script}`,
    channel: "PJSIP/sipp-00000000",
    language: "en",
    type: "PJSIP",
    uniqueid: "1700000000.1",
    version: "22.10.1",
    callerid: "+13035550100",
    calleridname: "unknown",
    callingpres: "0",
    callingani2: "0",
    callington: "0",
    callingtns: "0",
    dnid: "+12025550140",
    rdnis: "unknown",
    context: "incoming",
    extension: "+12025550140",
    priority: "1",
    enhanced: "0.0",
    accountcode: "",
    threadid: "140000000000000",
    ...fields,
  };
  const lines = Object.entries(all).map(([name, value]) => `agi_${name}: ${value}`);
  return [...lines, ...args.map((value, i) => `agi_arg_${i + 1}: ${value}`), "", ""].join("\n");
}

export interface AgiResult {
  /** Commands that came, in order. */
  readonly commands: readonly string[];
  /** Of `SET VARIABLE NAME "value"`, unescaped. */
  readonly variables: Readonly<Record<string, string>>;
  /** The server closed in order; false: it reset the connection, or never closed. */
  readonly closed: boolean;
  /** From connecting to the server's close, ms. */
  readonly tookMs: number;
}

export interface AgiPeerOptions {
  readonly localAddress?: string;
  /** @returns What is answered to a command; undefined: nothing. Default `200 result=1`. */
  readonly answer?: (command: string) => string | undefined;
  /** Given up after this long. Default 30 s. */
  readonly timeoutMs?: number;
}

/** Asks as Asterisk does: sends what it is given, answers every command, until the server closes. */
export function askAgi(address: string, text: string | Uint8Array, options: AgiPeerOptions = {}): Promise<AgiResult> {
  const { answer = () => "200 result=1", localAddress, timeoutMs = 30_000 } = options;
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const commands: string[] = [];
    let partial = "";
    let closed = false;
    const socket = openAgi(address, localAddress);
    const timer = setTimeout(() => socket.destroy(), timeoutMs);
    socket.on("connect", () => socket.write(text));
    socket.on("data", (chunk) => {
      const lines = (partial + chunk.toString("utf8")).split("\n");
      partial = lines.pop() ?? "";
      for (const line of lines) {
        commands.push(line);
        const reply = answer(line);
        if (reply !== undefined) socket.write(`${reply}\n`);
      }
    });
    socket.on("end", () => (closed = true));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearTimeout(timer);
      resolve({ commands, variables: variablesOf(commands), closed, tookMs: performance.now() - startedAt });
    });
  });
}

/** A connection that says nothing by itself. */
export function openAgi(address: string, localAddress?: string): Socket {
  const colon = address.lastIndexOf(":");
  const [host, port] = [address.slice(0, colon).replace(/^\[|\]$/g, ""), Number(address.slice(colon + 1))];
  return connect({ host, port, noDelay: true, ...(localAddress === undefined ? {} : { localAddress }) });
}

function variablesOf(commands: readonly string[]): Record<string, string> {
  const found = commands.map((line) => /^SET VARIABLE (\w+) "(.*)"$/.exec(line));
  return Object.fromEntries(
    found.flatMap((match) => (match === null ? [] : [[match[1] ?? "", (match[2] ?? "").replace(/\\(.)/g, "$1")]])),
  );
}
