// Compiles the relay's socket engine: `node engines/relay/build.mjs`, also part of `npm run build`. Needs Linux, a C compiler and
// Node's headers, which come with Node; without them the relay works through node:dgram, at about twice the CPU a packet.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const folder = dirname(fileURLToPath(import.meta.url));
const source = join(folder, "datagrams.c");
const target = join(folder, "build", "datagrams.node");
const FLAGS = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-fPIC", "-shared", "-fstack-protector-strong"];

function headers() {
  const beside = resolve(dirname(process.execPath), "..", "include", "node");
  return [
    process.env.npm_config_nodedir && join(process.env.npm_config_nodedir, "include", "node"),
    beside,
    "/usr/include/node",
  ]
    .filter(Boolean)
    .find((path) => existsSync(join(path, "node_api.h")) && existsSync(join(path, "uv.h")));
}

/** @returns What was done, for people; never throws: the engine is optional. */
export function buildRelayEngine() {
  if (process.platform !== "linux") return "relay engine: not built, it is for Linux; node:dgram is used";
  const include = headers();
  if (include === undefined)
    return "relay engine: not built, Node's headers (include/node/node_api.h) are missing; node:dgram is used";
  if (existsSync(target) && statSync(target).mtimeMs > statSync(source).mtimeMs) return "relay engine: up to date";
  mkdirSync(dirname(target), { recursive: true });
  const next = `${target}.${process.pid}`;
  for (const compiler of [process.env.CC, "cc", "gcc", "clang"].filter(Boolean)) {
    try {
      execFileSync(compiler, [...FLAGS, "-I", include, source, "-o", next], { stdio: ["ignore", "pipe", "pipe"] });
      renameSync(next, target);
      return "relay engine: built";
    } catch (error) {
      rmSync(next, { force: true });
      if (error.code !== "ENOENT")
        return `relay engine: not built, ${compiler} failed; node:dgram is used\n${error.stderr ?? error.message}`;
    }
  }
  return "relay engine: not built, no C compiler (Debian: apt-get install gcc); node:dgram is used";
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) console.log(buildRelayEngine());
