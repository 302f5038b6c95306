// Compiles gateway/ and detection/ to dist/, copies what is not TypeScript, and builds the native engines.
//   --if-changed   only what has changed since the last build. Run so by `npm ci` (prepare), and by each first `npx ringfence`:
//                  what is up to date is not replaced under a gateway or a command that runs from it.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";

const ENTRY = "gateway/cli/ringfence.js";
/** In dist/: what it was made from. */
const STAMP = "build-stamp.json";
const SOURCES = ["gateway", "detection", "tsconfig.json", "tsconfig.build.json", "scripts/build.mjs"];
const ENGINE_SOURCES = [
  "engines/relay/build.mjs",
  "engines/relay/datagrams.c",
  "engines/whisper/CMakeLists.txt",
  "engines/whisper/package-lock.json",
  "engines/whisper/src",
  "scripts/build-engine-whisper.mjs",
];
const ENGINES = ["engines/relay/build/datagrams.node", "engines/whisper/build/ringfence_whisper.node"];
/** One that is installed later may build what could not be built before. */
const TOOLS = ["cc", "gcc", "clang", "c++", "g++", "clang++", "cmake", "make", "ninja"];

const { resolve } = createRequire(import.meta.url);
const versionIn = (manifest) => JSON.parse(readFileSync(manifest, "utf8")).version;
const versionOf = (dependency) => {
  const manifest = join("node_modules", dependency, "package.json");
  return existsSync(manifest) ? versionIn(manifest) : "not here";
};

/** All files at or below the paths, in one order everywhere. */
function filesOf(paths) {
  const files = paths.flatMap((path) => {
    if (!existsSync(path)) return [];
    if (!statSync(path).isDirectory()) return [path];
    const entries = readdirSync(path, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, path: parent, name }) => join(parentPath ?? parent, name));
  });
  return files.sort();
}

/** Of contents: times change with every checkout and copy. A third of a second for all of it. */
function hashOf(paths, facts) {
  const hash = createHash("sha256").update(JSON.stringify(facts));
  for (const file of filesOf(paths)) {
    const content = readFileSync(file);
    hash.update(`\n${file} ${content.length}\n`).update(content);
  }
  return hash.digest("hex");
}

const distHash = () =>
  hashOf(SOURCES, {
    version: versionIn("package.json"),
    compiler: versionOf("typescript7"),
    // The packed empty database is made with it.
    database: versionOf("@electric-sql/pglite"),
  });

function enginesHash() {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const tools = TOOLS.filter((tool) => folders.some((folder) => existsSync(join(folder, tool))));
  return hashOf(ENGINE_SOURCES, {
    node: process.version,
    tools,
    built: ENGINES.filter((engine) => existsSync(engine)),
  });
}

function readStamp() {
  try {
    return JSON.parse(readFileSync(join("dist", STAMP), "utf8"));
  } catch {
    return {};
  }
}

const writeStamp = (folder, stamp) => writeFileSync(join(folder, STAMP), `${JSON.stringify(stamp)}\n`);

async function buildDist(made) {
  const tsc = join(dirname(resolve("typescript7/package.json")), "bin", "tsc");
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
  chmodSync(`${next}/${ENTRY}`, 0o755);

  // An empty database, packed: the first start of the gateway takes 1 s with it instead of 4 s.
  const { buildTemplate } = await import("../dist.next/gateway/adapters/store/pglite-database.js");
  writeFileSync(`${next}/gateway/adapters/store/pglite-template.tar.gz`, await buildTemplate());
  writeStamp(next, { dist: made });
  rmSync("dist", { recursive: true, force: true });
  renameSync(next, "dist");
}

/** Native engines: without a compiler there is a message and the gateway does without. */
async function buildEngines() {
  const { buildRelayEngine } = await import("../engines/relay/build.mjs");
  console.error(buildRelayEngine());
  execFileSync(process.execPath, ["scripts/build-engine-whisper.mjs", "--if-possible"], { stdio: "inherit" });
}

const ifChanged = process.argv.includes("--if-changed");
// Before it is built: what changes meanwhile is built the next time.
const made = distHash();
const last = readStamp();
const isCurrent = ifChanged && last.dist === made && existsSync(join("dist", ENTRY));
if (isCurrent) console.error("dist/ is up to date, not built again (npm run build does that always)");
else await buildDist(made);

if (existsSync("engines") && !(isCurrent && last.engines === enginesHash())) {
  await buildEngines();
  writeStamp("dist", { dist: made, engines: enginesHash() });
}
