import type { Command } from "commander";
import type { Config } from "../config/schema.js";
import { GatewayError } from "../core/errors.js";
import { ok, type Result } from "../core/result.js";
import { startRingfence, type Ringfence } from "../main.js";
import { environmentNote, readConfig, refuseConfig } from "./read-config.js";
import { packageVersion } from "./version.js";

interface ServeOptions {
  readonly config?: string;
  readonly shadow?: boolean;
}

/** `ringfence serve`: runs the gateway until SIGTERM or SIGINT; SIGHUP reloads. */
export function registerServe(program: Command): void {
  program
    .command("serve")
    .description("run the gateway; stdout's first line tells where it listens, log lines go to stderr")
    .option("-c, --config <file>", "configuration file, YAML or JSON; without it: embedded defaults")
    .option("--shadow", "decide and report, but cut and refuse nothing")
    .action(serve);
}

async function serve(options: ServeOptions): Promise<void> {
  const reread = (): Result<Config, readonly string[]> => {
    const read = readConfig({ file: options.config, withFiles: true });
    if (!read.ok || options.shadow !== true) return read;
    return ok({ ...read.value, detection: { ...read.value.detection, shadow: true } });
  };
  const read = reread();
  if (!read.ok) refuseConfig(read.error);
  // Whoever read them may be gone (a log shipper that restarts): calls do not end for that.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  // Until it serves there is nothing to read again, and a hang-up must not end the start.
  const notYet = (): void => undefined;
  process.on("SIGHUP", notYet);
  try {
    const ringfence = await startRingfence(read.value, {
      version: packageVersion(),
      reread,
      fromEnvironment: environmentNote({ file: options.config }),
    });
    process.off("SIGHUP", notYet);
    handleSignals(ringfence);
    handleFaults(ringfence);
    console.log(JSON.stringify(ringfence.ready));
  } catch (error) {
    console.error(describe(error));
    process.exit(1);
  }
}

function describe(error: unknown): string {
  const code = error instanceof GatewayError ? `${error.code}: ` : "";
  return `${code}${error instanceof Error ? error.message : String(error)}`;
}

/** First signal: drain. Second: end the calls now. Third: leave at once; the journal knows the calls. */
function handleSignals(ringfence: Ringfence): void {
  let signals = 0;
  const stop = (): void => {
    signals++;
    if (signals === 2) ringfence.hurry();
    if (signals > 2) process.exit(1);
    if (signals > 1) return;
    void ringfence
      .drain()
      .then(() => ringfence.close())
      .then(
        () => process.exit(0),
        (error: unknown) => {
          console.error(describe(error));
          process.exit(1);
        },
      );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  process.on("SIGHUP", () => void ringfence.reloadBySignal());
}

/** How long the last writes may take when the process gives up, ms. */
const LAST_WRITES_MS = 3_000;

/** Exceptions and rejections that nothing caught: lived with while they are few; then what is queued is written and the process ends with 1. */
function handleFaults(ringfence: Ringfence): void {
  let isGivingUp = false;
  process.on("uncaughtException", (fault) => {
    if (isGivingUp || ringfence.surviveFault(fault)) return;
    isGivingUp = true;
    const leave = (): never => process.exit(1);
    setTimeout(leave, LAST_WRITES_MS);
    void ringfence.close().then(leave, leave);
  });
}
