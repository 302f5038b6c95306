import { readFile } from "node:fs/promises";

/**
 * How many datagrams Linux has thrown away because the receive buffer of the UDP sockets on these ports was full. They leave no
 * other trace: to SIP they look like a lossy network. proc(5): /proc/net/udp, last column.
 * @returns Undefined where there is no such file.
 */
export async function readUdpDrops(ports: ReadonlySet<number>): Promise<number | undefined> {
  const texts = await Promise.all(
    ["/proc/net/udp", "/proc/net/udp6"].map((path) => readFile(path, "latin1").catch(() => "")),
  );
  if (texts.every((text) => text === "")) return undefined;
  let drops = 0;
  for (const line of texts.join("\n").split("\n")) {
    // `  sl  local_address rem_address …`: the address is hexadecimal, `0100007F:13C4`.
    const [slot, local, ...rest] = line.trim().split(/\s+/);
    const colon = local?.lastIndexOf(":") ?? -1;
    if (slot === undefined || local === undefined || colon < 0 || !slot.endsWith(":")) continue;
    if (ports.has(Number.parseInt(local.slice(colon + 1), 16))) drops += Number(rest.at(-1) ?? 0);
  }
  return drops;
}
