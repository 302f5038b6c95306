import { isIPv4 } from "node:net";
import type { Config } from "../config/schema.js";
import { listeners } from "./sip-options.js";

/** What listens, by the key of its port. */
interface Listening {
  readonly path: string;
  readonly by: "tcp" | "udp";
  readonly address: string;
  readonly port: number;
}

/**
 * Two that would listen on one port of one address: the later one would end the start with EADDRINUSE.
 * @returns One line each, `path: what`.
 */
export function listenProblems(config: Config): string[] {
  const all = listening(config).filter(({ port }) => port !== 0);
  return all.flatMap((each, i) => {
    const other = all.slice(0, i).find((before) => isSame(before, each));
    return other === undefined ? [] : [`${each.path}: ${other.path} is ${each.port} too, on the same address`];
  });
}

function listening({ sip, http, metrics, asterisk }: Config): readonly Listening[] {
  const ofSip = sip.engine === "drachtio" ? [] : listeners(sip);
  const sources = (["agi", "audioSocket", "mediaWebSocket"] as const).filter((name) => asterisk[name].enabled);
  return [
    ...ofSip.map(({ keys, protocol, address, port }): Listening => {
      return { path: keys?.[1] ?? "sip.listenPort", by: protocol === "udp" ? "udp" : "tcp", address, port };
    }),
    tcp("http.listenPort", http),
    tcp("metrics.listenPort", metrics),
    ...sources.map((name) => tcp(`asterisk.${name}.listenPort`, asterisk[name])),
  ];
}

const tcp = (path: string, { listenAddress, listenPort }: Config["http"] | Config["metrics"]): Listening => ({
  path,
  by: "tcp",
  address: listenAddress === "localhost" ? "127.0.0.1" : listenAddress,
  port: listenPort,
});

const isSame = (a: Listening, b: Listening): boolean =>
  a.by === b.by && a.port === b.port && (covers(a.address, b.address) || covers(b.address, a.address));

/** Who listens on every address takes those of his family. */
const covers = (a: string, b: string): boolean =>
  a === b || (a === "0.0.0.0" && isIPv4(b)) || (a === "::" && !isIPv4(b));
