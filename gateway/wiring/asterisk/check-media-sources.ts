import { isIP } from "node:net";
import type { Config } from "../../config/schema.js";

/** What is wrong with the servers that take audio from Asterisks; see `configProblems`. */
export function mediaSourceProblems({ asterisk, speech }: Config): string[] {
  const { audioSocket, mediaWebSocket } = asterisk;
  const servers = [
    ["asterisk.audioSocket", audioSocket] as const,
    ["asterisk.mediaWebSocket", mediaWebSocket] as const,
  ];
  const problems = servers.flatMap(([path, { enabled, listenAddress }]) => {
    if (!enabled) return [];
    return [
      ...(speech.engine === "none" ? [`${path}.enabled: speech.engine is none: nobody would listen`] : []),
      ...(isIP(listenAddress) === 0 && listenAddress !== "localhost"
        ? [`${path}.listenAddress: ${JSON.stringify(listenAddress)} is no IPv4 or IPv6 address`]
        : []),
    ];
  });
  const { username, password } = mediaWebSocket;
  if ((username === undefined) !== (password === undefined)) {
    problems.push("asterisk.mediaWebSocket: username and password go together");
  }
  return problems;
}
