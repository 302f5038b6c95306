// Builds engines/whisper: whisper.cpp as a Node add-on, from sources that come in an npm package. Needs cmake, make and a C++
// compiler (Debian: cmake make g++), two minutes and more of two cores, and 1 GB.
//   --if-possible   without a compiler, or without its sources: say so and end well (npm ci)
//   --cpu NAME      native (default) or a value of -march such as x86-64-v3, for machines other than this one
//   --peers         also whisper.cpp's own command and server, peers of the speech bench and of contract tests
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { npmInstall } from "./npm-install.mjs";

const ROOT = fileURLToPath(new URL("../engines/whisper/", import.meta.url));
const BUILD = join(ROOT, "build");
const ADDON = "ringfence_whisper.node";
const STAMP = join(BUILD, "stamp.json");
/** CPU flags that a compiler may make use of. */
const INSTRUCTION_SETS = /^(s?sse|avx|amx|fma|f16c|bmi|abm$|popcnt|movbe|adx|v?aes|gfni|v?pclmul|sha|sse4a|xop|tbm)/;
/** What -march=x86-64-v3 asks for, in the words of ggml's options and of /proc/cpuinfo. */
const KNOWN_LEVELS = {
  "x86-64-v3": {
    ggml: ["AVX", "AVX2", "FMA", "F16C", "BMI2"],
    flags: ["avx", "avx2", "fma", "f16c", "bmi1", "bmi2", "movbe", "abm"],
  },
  "x86-64-v2": { ggml: ["SSE42"], flags: ["ssse3", "sse4_1", "sse4_2", "popcnt"] },
};

const args = process.argv.slice(2);
const ifPossible = args.includes("--if-possible");
const withPeers = args.includes("--peers");
const cpu = args.includes("--cpu") ? (args[args.indexOf("--cpu") + 1] ?? "native") : "native";

/** Ends: as success where the caller can do without. */
function giveUp(message) {
  console.error(`engine whisper: ${message}`);
  process.exit(ifPossible ? 0 : 1);
}

function run(command, commandArgs, options = {}) {
  const log = join(BUILD, "build.log");
  const done = spawnSync(command, commandArgs, { encoding: "utf8", maxBuffer: 1 << 28, ...options });
  mkdirSync(BUILD, { recursive: true });
  writeFileSync(log, `${command} ${commandArgs.join(" ")}\n${done.stdout ?? ""}${done.stderr ?? ""}\n`, { flag: "a" });
  if (done.status !== 0) {
    const tail = `${done.stdout ?? ""}${done.stderr ?? ""}`.trim().split("\n").slice(-15).join("\n");
    giveUp(`${command} ${commandArgs[0]} failed; the end of ${log}:\n${tail}`);
  }
}

const has = (tool) => spawnSync(tool, ["--version"], { stdio: "ignore" }).error === undefined;

function cpuFlags() {
  try {
    const line = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "";
    const flags = line.split(/\s+/);
    return process.arch === "x64" ? flags.filter((flag) => INSTRUCTION_SETS.test(flag)).sort() : flags.sort();
  } catch {
    return [];
  }
}

/** Changes when anything that the add-on is made of does. */
function sourcesHash() {
  const hash = createHash("sha256").update(readFileSync(join(ROOT, "CMakeLists.txt")));
  hash.update(readFileSync(join(ROOT, "package-lock.json")));
  for (const name of readdirSync(join(ROOT, "src")).sort()) hash.update(readFileSync(join(ROOT, "src", name)));
  return hash.digest("hex");
}

/** The packages that the lock file names, in their versions. Unpacked anew, everything would be compiled anew. */
function sourcesAreThere() {
  const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8"));
  return Object.keys(packages[""].dependencies).every((name) => {
    const manifest = join(ROOT, "node_modules", name, "package.json");
    const want = packages[`node_modules/${name}`]?.version;
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).version === want;
  });
}

function wasMadeElsewhere() {
  try {
    const cache = readFileSync(join(BUILD, "CMakeCache.txt"), "utf8");
    const home = /^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m.exec(cache)?.[1];
    return home !== undefined && join(home, "/") !== ROOT;
  } catch {
    return false;
  }
}

const flags = cpu === "native" ? cpuFlags() : (KNOWN_LEVELS[cpu]?.flags ?? []);
const PEERS = ["whisper-cli", "whisper-server"];
const wanted = { sources: sourcesHash(), cpu, arch: process.arch, flags };
const isCurrent = () => {
  try {
    const { sources, cpu: built, arch, flags: builtFlags } = JSON.parse(readFileSync(STAMP, "utf8"));
    return JSON.stringify({ sources, cpu: built, arch, flags: builtFlags }) === JSON.stringify(wanted);
  } catch {
    return false;
  }
};
if (
  isCurrent() &&
  existsSync(join(BUILD, ADDON)) &&
  (!withPeers || PEERS.every((peer) => existsSync(join(BUILD, "bin", peer))))
) {
  console.log("engine whisper: up to date");
  process.exit(0);
}

const compiler = process.env.CXX ?? ["c++", "g++", "clang++"].find(has);
const missing = [
  ...(has("cmake") ? [] : ["cmake"]),
  ...(has("make") || has("ninja") ? [] : ["make"]),
  ...(compiler !== undefined && has(compiler) ? [] : ["g++"]),
];
if (missing.length > 0) {
  giveUp(
    `not built: ${missing.join(", ")} missing. Speech recognition in the house needs it; everything else works without.\n` +
      `  Debian: apt-get install ${missing.join(" ")}, then: node scripts/build-engine-whisper.mjs`,
  );
}

rmSync(join(BUILD, "build.log"), { force: true });
// CMake refuses a folder that was copied or moved from where it was made.
if (wasMadeElsewhere()) rmSync(BUILD, { recursive: true, force: true });
if (!sourcesAreThere()) {
  // Nothing of theirs runs: only the sources are wanted.
  try {
    await npmInstall(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
      cwd: ROOT,
      quiet: true,
    });
  } catch (error) {
    giveUp(error instanceof Error ? error.message : String(error));
  }
}
const sources = join(ROOT, "node_modules", "nodejs-whisper", "cpp", "whisper.cpp");
const version = /project\("whisper\.cpp" VERSION ([\d.]+)\)/.exec(
  readFileSync(join(sources, "CMakeLists.txt"), "utf8"),
)?.[1];
const level = KNOWN_LEVELS[cpu];
const cpuOptions =
  cpu === "native"
    ? ["-DGGML_NATIVE=ON"]
    : [
        "-DGGML_NATIVE=OFF",
        `-DCMAKE_C_FLAGS=-march=${cpu}`,
        `-DCMAKE_CXX_FLAGS=-march=${cpu}`,
        ...["SSE42", "AVX", "AVX2", "FMA", "F16C", "BMI2"].map(
          (name) => `-DGGML_${name}=${level?.ggml.includes(name) === true ? "ON" : "OFF"}`,
        ),
      ];
console.log(
  `engine whisper: building whisper.cpp ${version ?? "?"} for ${cpu}; two to ten minutes, as fast as the machine is`,
);
run("cmake", [
  ...["-S", ROOT, "-B", BUILD, "-DCMAKE_BUILD_TYPE=Release"],
  `-DADDON_API=${join(ROOT, "node_modules", "node-addon-api")}`,
  `-DAPI_HEADERS=${join(ROOT, "node_modules", "node-api-headers", "include")}`,
  `-DWHISPER_SOURCES=${sources}`,
  `-DWHISPER_SOURCES_VERSION=${version ?? "unknown"}`,
  ...cpuOptions,
]);
const targets = ["ringfence_whisper", ...(withPeers ? PEERS : [])];
const jobs = String(Math.max(1, availableParallelism()));
run("nice", ["-n", "10", "cmake", "--build", BUILD, "-j", jobs, "--target", ...targets]);

// Does it load? In a process of its own, as it may not.
try {
  const script = `console.log(require(${JSON.stringify(join(BUILD, ADDON))}).systemInfo)`;
  const systemInfo = execFileSync(process.execPath, ["-e", script], { encoding: "utf8" }).trim();
  const next = `${STAMP}.next`;
  writeFileSync(
    next,
    `${JSON.stringify({ ...wanted, version, systemInfo, builtAt: new Date().toISOString() }, null, 2)}\n`,
  );
  renameSync(next, STAMP);
  console.log(`engine whisper: built; ${systemInfo}`);
} catch (error) {
  rmSync(STAMP, { force: true });
  giveUp(`the add-on was built but does not load: ${error.message}`);
}
