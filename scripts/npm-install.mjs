// npm, tried again where the network failed it: node scripts/npm-install.mjs ci [OPTION...]
// npm itself repeats a request that got no answer, not one whose answer broke off ("ECONNRESET network aborted").
import { spawn } from "node:child_process";
import { pathToFileURL } from "node:url";

/** Waits before the second, third … attempt, ms. What came is in npm's cache: a repetition only fetches the rest. */
const WAITS = [2_000, 10_000, 30_000, 60_000];
/** Of npm itself, for requests without an answer. */
const PATIENCE = ["--fetch-retries=4", "--fetch-retry-mintimeout=2000", "--fetch-timeout=60000"];
/** What npm says of registries and networks; a lock file out of date or a full disk stays as it is. */
const OF_THE_NETWORK =
  /npm (?:error|ERR!) (?:network|code (?:E5\d\d|E429|E408|ECONN\w+|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EPIPE|EINTEGRITY|ERR_SOCKET_TIMEOUT|EIDLETIMEOUT|ERR_STREAM_\w+|Z_\w+)\b)/;

/**
 * Runs npm to its end, at most five times. Its stderr is passed on; its stdout too, unless quiet.
 * @param {readonly string[]} args
 * @param {{ cwd?: string, quiet?: boolean, waits?: readonly number[] }} [options]
 * @throws {Error} naming the command, when npm has failed for good.
 */
export async function npmInstall(args, { cwd = ".", quiet = false, waits = WAITS } = {}) {
  for (let attempt = 0; ; attempt += 1) {
    const { code, said } = await once([...args, ...PATIENCE], cwd, quiet);
    if (code === 0) return;
    const wait = OF_THE_NETWORK.test(said) ? waits[attempt] : undefined;
    if (wait === undefined) throw new Error(`npm ${args.join(" ")} in ${cwd} failed with status ${code}`);
    console.error(`the network failed npm ${args[0]} in ${cwd}: once more in ${wait / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

/** @returns {Promise<{ code: number | string, said: string }>} */
function once(args, cwd, quiet) {
  return new Promise((resolve, reject) => {
    const child = spawn("npm", args, { cwd, stdio: ["ignore", quiet ? "ignore" : "inherit", "pipe"] });
    let said = "";
    child.stderr.on("data", (bytes) => {
      process.stderr.write(bytes);
      said = (said + bytes.toString("latin1")).slice(-65_536);
    });
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code: code ?? signal ?? "unknown", said }));
  });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await npmInstall(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
