// Compiles gateway/ and detection/ to dist/ and copies what is not TypeScript. Run by `npm ci` (prepare).
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
rmSync("dist", { recursive: true, force: true });
execFileSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], { stdio: "inherit" });
if (existsSync("gateway/dashboard")) cpSync("gateway/dashboard", "dist/gateway/dashboard", { recursive: true });
chmodSync("dist/gateway/cli/ringfence.js", 0o755);

// An empty database, packed: the first start of the gateway takes 1 s with it instead of 4 s.
const { buildTemplate } = await import("../dist/gateway/adapters/store/pglite-database.js");
writeFileSync("dist/gateway/adapters/store/pglite-template.tar.gz", await buildTemplate());
