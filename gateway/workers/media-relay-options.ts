import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { workerFile } from "./worker-file.js";

/** The entry of the media relay's thread. */
export const mediaRelayEntry = (): URL => workerFile("media-relay");

/** The socket engine, where it was built (engines/relay/build.mjs); undefined: the relay works through node:dgram. */
export function relayEngineFile(): string | undefined {
  const root = import.meta.url.endsWith(".ts") ? "../../" : "../../../";
  const file = fileURLToPath(new URL(`${root}engines/relay/build/datagrams.node`, import.meta.url));
  return existsSync(file) ? file : undefined;
}
