// Installs the language model engine (node-llama-cpp) into engines/llama: its JavaScript, and one prebuilt binary for this machine.
// node scripts/engine-llama.mjs [cpu|cuda|vulkan]. A plain install would bring the binaries of every platform: 725 MB.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { npmInstall } from "./npm-install.mjs";

const folder = new URL("../engines/llama/", import.meta.url);
const VERSION = JSON.parse(readFileSync(new URL("package.json", folder), "utf8")).dependencies["node-llama-cpp"];
const CPU = {
  "linux-x64": "linux-x64",
  "linux-arm64": "linux-arm64",
  "darwin-arm64": "mac-arm64-metal",
  "darwin-x64": "mac-x64",
  "win32-x64": "win-x64",
};
const platform = `${process.platform}-${process.arch}`;
const base = CPU[platform];
const variant = process.argv[2] ?? "cpu";
const suffix = { cpu: "", cuda: "-cuda", vulkan: "-vulkan" }[variant];
if (base === undefined) fail(`node-llama-cpp has no binary for ${platform}`);
if (suffix === undefined) fail(`usage: engine-llama.mjs [cpu|cuda|vulkan], not ${JSON.stringify(variant)}`);

const npm = (...args) => npmInstall(args, { cwd: fileURLToPath(folder), quiet: true });
// Scripts are not run: node-llama-cpp's own would build or download what is missing.
await npm("ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund");
const binaries = [base, ...(suffix === "" ? [] : [`${base}${suffix}`])].map(
  (name) => `@node-llama-cpp/${name}@${VERSION}`,
);
await npm("install", "--no-save", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", ...binaries);
console.log(`installed node-llama-cpp ${VERSION} with ${binaries.join(", ")} in engines/llama`);

function fail(why) {
  console.error(why);
  process.exit(1);
}
