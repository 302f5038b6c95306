import { spawn, type ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Ready } from "./story.js";

/** Nobody waits so long where all is well; the first start of a busy machine may. */
const READY_MS = 120_000;
const END_MS = 10_000;

/**
 * Starts the gateway with this configuration and waits for its ready line.
 *
 * @param entry Node's arguments that run the `ringfence` command.
 * @throws Error when it ends or does not get ready in two minutes. It is not running then.
 */
export async function startGateway(
  entry: readonly string[],
  folder: string,
  config: unknown,
): Promise<{ readonly child: ChildProcess; readonly ready: Ready }> {
  const file = join(folder, "ringfence.json");
  writeFileSync(file, JSON.stringify(config, null, 2));
  const child = spawn(process.execPath, [...entry, "serve", "--config", file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    return { child, ready: await readyLine(child) };
  } catch (error) {
    await endGateway(child);
    throw error;
  }
}

function readyLine(child: ChildProcess): Promise<Ready> {
  return new Promise((resolve, reject) => {
    let text = "";
    const late = (): void => reject(new Error(`the gateway did not get ready in ${READY_MS / 1_000} s`));
    const timer = setTimeout(late, READY_MS);
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const end = text.indexOf("\n");
      if (end < 0) return;
      clearTimeout(timer);
      resolve(JSON.parse(text.slice(0, end)) as Ready);
    });
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`the gateway ended with ${code}`));
    });
  });
}

/** SIGTERM, then SIGKILL. Resolves when it has ended; undefined: there is none. */
export async function endGateway(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), END_MS);
  await exited;
  clearTimeout(timer);
}
