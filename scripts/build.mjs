// Compiles gateway/ and detection/ to dist/ and copies what is not TypeScript. Run by `npm ci` (prepare).
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
// Beside the old one, and in its place only when all of it went well: a failing build leaves what worked.
const next = "dist.next";
rmSync(next, { recursive: true, force: true });
try {
  execFileSync(process.execPath, [tsc, "-p", "tsconfig.build.json", "--outDir", next, "--noEmitOnError"], {
    stdio: "inherit",
  });
} catch {
  rmSync(next, { recursive: true, force: true });
  process.exit(1);
}
if (existsSync("gateway/dashboard")) cpSync("gateway/dashboard", `${next}/gateway/dashboard`, { recursive: true });
chmodSync(`${next}/gateway/cli/ringfence.js`, 0o755);

// An empty database, packed: the first start of the gateway takes 1 s with it instead of 4 s.
const { buildTemplate } = await import("../dist.next/gateway/adapters/store/pglite-database.js");
writeFileSync(`${next}/gateway/adapters/store/pglite-template.tar.gz`, await buildTemplate());
rmSync("dist", { recursive: true, force: true });
renameSync(next, "dist");

// Native engines: without a compiler there is a message and the gateway does without.
if (existsSync("engines")) {
  const { buildRelayEngine } = await import("../engines/relay/build.mjs");
  console.error(buildRelayEngine());
  execFileSync(process.execPath, ["scripts/build-engine-whisper.mjs", "--if-possible"], { stdio: "inherit" });
}
