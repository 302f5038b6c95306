// Compiles gateway/ and detection/ to dist/ and copies what is not TypeScript. Run by `npm ci` (prepare).
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, rmSync } from "node:fs";
import { createRequire } from "node:module";

const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
rmSync("dist", { recursive: true, force: true });
execFileSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], { stdio: "inherit" });
if (existsSync("gateway/dashboard")) cpSync("gateway/dashboard", "dist/gateway/dashboard", { recursive: true });
chmodSync("dist/gateway/cli/ringfence.js", 0o755);
