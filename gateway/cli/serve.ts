import type { Command } from "commander";
import type { Config } from "../config/schema.js";
import { GatewayError } from "../core/errors.js";
import { ok, type Result } from "../core/result.js";
import { startRingfence, type Ringfence } from "../main.js";
import { readConfig, refuseConfig } from "./read-config.js";
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
    const read = readConfig({ file: options.config });
    if (!read.ok || options.shadow !== true) return read;
    return ok({ ...read.value, detection: { ...read.value.detection, shadow: true } });
  };
  const read = reread();
  if (!read.ok) refuseConfig(read.error);
  try {
    const ringfence = await startRingfence(read.value, { version: packageVersion(), reread });
    console.log(JSON.stringify(ringfence.ready));
    handleSignals(ringfence);
  } catch (error) {
    const code = error instanceof GatewayError ? `${error.code}: ` : "";
    console.error(`${code}${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}

function handleSignals(ringfence: Ringfence): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) {
      ringfence.hurry();
      return;
    }
    stopping = true;
    void ringfence
      .drain()
      .then(() => ringfence.close())
      .then(
        () => process.exit(0),
        (error: unknown) => {
          console.error(error instanceof Error ? error.message : String(error));
          process.exit(1);
        },
      );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  process.on("SIGHUP", () => {
    ringfence.reload().catch((error: unknown) => {
      console.error(error instanceof Error ? error.message : String(error));
    });
  });
}
