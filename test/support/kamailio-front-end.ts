import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { descendants, freeTcpPort, freeUdpPort, startProcess, until, type Running } from "./processes.js";

/** Give it to `test` as `skip`. */
export const frontEndMissing = (): string | false =>
  existsSync("/usr/sbin/kamailio") ? false : "kamailio is not installed (Debian package kamailio)";

export interface FrontEnd {
  readonly port: number;
  readonly rpcPort: number;
  readonly running: Running;
}

export interface Pace {
  readonly pingSeconds: number;
  readonly timeoutMs: number;
}

/** Where nobody is dead, nobody is to be taken for it because the machine stood still. */
export const PATIENT: Pace = { pingSeconds: 60, timeoutMs: 20_000 };

/** `HOST:PORT` of the gateways and of the called side, or of what is there in their place. */
export interface Surroundings {
  readonly gateways: readonly string[];
  readonly nextHop: string;
}

/**
 * The real Kamailio with dialplan/kamailio/kamailio.cfg. 127.0.0.2 is carrier-a, 127.0.0.3 carrier-b.
 *
 * @param folder For its lists and sockets.
 * @param extra Further `NAME=VALUE`.
 */
export async function startFrontEnd(
  folder: string,
  { gateways, nextHop }: Surroundings,
  { pingSeconds, timeoutMs }: Pace,
  extra: readonly string[] = [],
): Promise<FrontEnd> {
  const [port, rpcPort] = [await freeUdpPort(), await freeTcpPort()];
  const lists = { dispatcher: join(folder, "dispatcher.list"), address: join(folder, "address.list") };
  writeFileSync(lists.dispatcher, [...gateways.map((to) => `1 sip:${to}`), `2 sip:${nextHop}`, ""].join("\n"));
  writeFileSync(lists.address, "1 127.0.0.2 32 0 carrier-a\n1 127.0.0.3 32 0 carrier-b\n");
  const defines = [
    `LISTEN=udp:127.0.0.1:${port}`,
    `RPC_LISTEN=tcp:127.0.0.1:${rpcPort}`,
    `DISPATCHER_LIST="${lists.dispatcher}"`,
    `ADDRESS_LIST="${lists.address}"`,
    "CHILDREN=2",
    `PING_SECONDS=${pingSeconds}`,
    `GATEWAY_TIMEOUT_MS=${timeoutMs}`,
    ...extra,
  ];
  const args = ["-DD", "-E", "-f", "dialplan/kamailio/kamailio.cfg", "-m", "128", "-M", "16", "-Y", folder];
  const running = startProcess("kamailio", [...args, ...defines.flatMap((define) => ["-A", define])]);
  await until("kamailio's processes", () => descendants(running.pid).length > 4 || running.child.exitCode !== null);
  assert.equal(running.child.exitCode, null, running.output());
  await until("kamailio's RPC", async () => (await rpc(rpcPort, "core.uptime").catch(() => undefined)) !== undefined);
  return { port, rpcPort, running };
}

async function rpc(port: number, method: string): Promise<unknown> {
  const answer = await fetch(`http://127.0.0.1:${port}/RPC`, {
    method: "POST",
    body: JSON.stringify({ jsonrpc: "2.0", method, id: 1 }),
    signal: AbortSignal.timeout(2_000),
  });
  return ((await answer.json()) as { result?: unknown }).result;
}
