import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * The worker's entry: the compiled file, or, when this runs from source, a line that teaches the new thread TypeScript first
 * (tsx does not reach into threads by itself).
 */
export function mediaRelayEntry(): URL {
  if (!import.meta.url.endsWith(".ts")) return new URL("./media-relay.js", import.meta.url);
  const tsx = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  const entry = JSON.stringify(new URL("./media-relay.ts", import.meta.url).href);
  const code = `const { register } = await import(${tsx}); register(); await import(${entry});`;
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}

/** The socket engine, where it was built (engines/relay/build.mjs); undefined: the relay works through node:dgram. */
export function relayEngineFile(): string | undefined {
  const root = import.meta.url.endsWith(".ts") ? "../../" : "../../../";
  const file = fileURLToPath(new URL(`${root}engines/relay/build/datagrams.node`, import.meta.url));
  return existsSync(file) ? file : undefined;
}
