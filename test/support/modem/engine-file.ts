import { build } from "esbuild";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The tone modem as one JavaScript file that `speech.module.path` can name: the built gateway cannot read TypeScript.
 * @returns Its path, in `folder`.
 */
export async function modemEngineFile(folder: string): Promise<string> {
  const outfile = join(folder, "tone-modem.mjs");
  const entry = fileURLToPath(new URL("./speech-engine.ts", import.meta.url));
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    logLevel: "error",
  });
  return outfile;
}
