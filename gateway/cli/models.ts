import { stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pauseOf } from "node:timers/promises";
import type { Command } from "commander";
import { findKnownModel, KNOWN_MODELS, modelUrl } from "../adapters/whisper/known-models.js";
import { verifyModel } from "../adapters/whisper/model-file.js";
import { findEngine } from "../adapters/whisper/whisper-engine.js";
import { GatewayError } from "../core/errors.js";
import { ok } from "../core/result.js";
import { allowedHostsOf } from "../wiring/strict-data.js";
import { downloadModel } from "./model-download.js";
import { readConfig, refuseConfig } from "./read-config.js";

export interface ModelsOptions {
  readonly folder: string;
  readonly mirror: string;
  readonly print: (line: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Strict-data mode: which hosts may be asked; default: all. */
  readonly allows?: ((host: string) => boolean) | undefined;
}

const ATTEMPTS = 5;
/** Between the first two tries; then twice, three times as long. */
const PAUSE_MS = 1_000;
const IDLE_MS = 30_000;
const MAX_REDIRECTS = 5;
/** A line of progress each so many parts of a model. */
const PROGRESS_STEPS = 10;

interface GivenOptions {
  readonly config?: string;
  readonly folder?: string;
  readonly mirror?: string;
}

/** `ringfence models list | pull | verify`. */
export function registerModels(program: Command): void {
  const models = program.command("models").description("models of the speech recogniser");
  const withOptions = (command: Command): Command =>
    command
      .option("-c, --config <file>", "configuration file, YAML or JSON: speech.modelFolder and speech.modelMirror")
      .option("--folder <path>", "where models lie, instead")
      .option("--mirror <url>", "where they are fetched from, instead");
  const run = async (given: GivenOptions, action: (options: ModelsOptions) => Promise<number>): Promise<void> => {
    const config = readConfig({ file: given.config });
    if (!config.ok) refuseConfig(config.error);
    const { modelFolder, modelMirror } = config.value.speech;
    const { folder = modelFolder, mirror = modelMirror } = given;
    const allows = config.value.privacy.strict ? allowedHostsOf(config.value) : ok(undefined);
    if (!allows.ok) refuseConfig([allows.error]);
    const print = (line: string): void => console.log(line);
    process.exitCode = await action({ folder, mirror, env: process.env, print, allows: allows.value });
  };
  withOptions(models.command("list").description("which there are, and which are here")).action((given: GivenOptions) =>
    run(given, listModels),
  );
  withOptions(models.command("pull").description("fetch models; what broke off goes on"))
    .argument("<names...>", "`tiny.en`, `silero-v6.2.0` …")
    .action((names: string[], given: GivenOptions) => run(given, (options) => pullModels(names, options)));
  withOptions(models.command("verify").description("check size, form and hash of models"))
    .argument("<models...>", "names, or paths of files")
    .action((names: string[], given: GivenOptions) => run(given, (options) => verifyModels(names, options)));
}

/** @returns The exit status. */
export async function listModels({ folder, mirror, print }: ModelsOptions): Promise<number> {
  for (const model of KNOWN_MODELS) {
    const path = join(folder, model.file);
    const size = await stat(path).then(
      (found) => found.size,
      () => undefined,
    );
    const state = size === undefined ? "" : size === model.sizeBytes ? "here" : "here, of the wrong size";
    const size10 = `${Math.ceil(model.sizeBytes / 1_048_576)} MiB`.padStart(9);
    print(
      `${model.name.padEnd(20)}${size10}  ${(model.multilingual ? "all languages" : "English").padEnd(14)} ${state}`.trimEnd(),
    );
  }
  print(`folder: ${folder}; fetched from ${mirror}; or copy a file of that name there yourself`);
  try {
    const { stamp } = findEngine();
    print(`engine: whisper.cpp ${stamp.version}, built for ${stamp.cpu}`);
  } catch (error) {
    print(`engine: ${error instanceof Error ? error.message : String(error)}`);
  }
  return 0;
}

/** @returns The exit status: 1 when one of them could not be had. */
export async function pullModels(names: readonly string[], options: ModelsOptions): Promise<number> {
  let status = 0;
  for (const name of names) {
    const model = findKnownModel(name);
    if (model === undefined) {
      options.print(`model.missing: no known model is called ${name}; \`ringfence models list\` shows them`);
      status = 1;
    } else if (!(await said(options.print, () => pull(name, options)))) status = 1;
  }
  return status;
}

async function pull(name: string, { folder, mirror, env, print, allows }: ModelsOptions): Promise<void> {
  const model = findKnownModel(name);
  if (model === undefined) throw new GatewayError("model.missing", `no known model is called ${name}`);
  const path = join(folder, model.file);
  const url = modelUrl(model, mirror);
  if (await isHere(name, folder)) {
    print(`${path}: here already, and whole`);
    return;
  }
  print(`${name}: ${url}`);
  let told = 0;
  const onProgress = (done: number, total: number): void => {
    const step = Math.floor((done / total) * PROGRESS_STEPS);
    if (step <= told) return;
    told = step;
    print(`  ${Math.round((done / total) * 100)} %`);
  };
  const { sizeBytes, sha256 } = model;
  const pause = (attempt: number): Promise<void> => pauseOf(attempt * PAUSE_MS);
  const how = { attempts: ATTEMPTS, pause, idleMs: IDLE_MS, maxRedirects: MAX_REDIRECTS, env, allows };
  await downloadModel({ url, path, sizeBytes, sha256, onProgress, ...how });
  print(`${path}: ${sizeBytes} bytes, SHA-256 as published`);
}

const isHere = (model: string, folder: string): Promise<boolean> =>
  verifyModel({ model, folder }).then(
    () => true,
    () => false,
  );

/** @returns The exit status: 1 when one of them is not as it should be. */
export async function verifyModels(models: readonly string[], { folder, print }: ModelsOptions): Promise<number> {
  let status = 0;
  for (const model of models) {
    const isWell = await said(print, async () => {
      const { path, sizeBytes, sha256, known } = await verifyModel({ model, folder });
      print(`${path}: ${known?.name ?? "unknown"}, ${sizeBytes} bytes, SHA-256 ${sha256}`);
    });
    if (!isWell) status = 1;
  }
  return status;
}

/** Runs it; says in a line what went wrong. */
async function said(print: (line: string) => void, run: () => Promise<void>): Promise<boolean> {
  try {
    await run();
    return true;
  } catch (error) {
    const code = error instanceof GatewayError ? `${error.code}: ` : "";
    print(`${code}${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}
