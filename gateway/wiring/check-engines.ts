import { existsSync } from "node:fs";
import { verifyModel } from "../adapters/whisper/model-file.js";
import { findEngine } from "../adapters/whisper/whisper-engine.js";
import type { Config } from "../config/schema.js";
import { GatewayError } from "../core/errors.js";
import { languageProblems } from "./check-language.js";
import { LLAMA_ENTRY } from "./threat.js";

/**
 * What those who listen and judge would miss on this machine: engines that are not built, models that are not there or spoiled.
 * Reads whole model files, so it is asked by `config check` only; `serve` finds the same as it opens them.
 * @param llamaEntry Where the language model engine is when it is installed.
 * @returns One line each, with what to do.
 */
export async function engineProblems(config: Config, llamaEntry = LLAMA_ENTRY): Promise<readonly string[]> {
  const { speech } = config;
  const { engine, whisper, voiceActivity, modelFolder: folder } = speech;
  const problems = [...fileProblems(config), ...judgeProblems(config, llamaEntry)];
  const check = async (path: string, look: () => unknown): Promise<void> => {
    try {
      await look();
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      problems.push(`${path}: ${error.message}`);
    }
  };
  const usesWhisper = engine === "whisper";
  const usesSilero = engine !== "none" && voiceActivity.engine === "silero";
  if (usesWhisper || usesSilero) await check("speech.engine", findEngine);
  if (usesWhisper)
    await check("speech.whisper.model", async () => {
      const { path: name, multilingual } = await verifyModel(choice(whisper, folder));
      // Where its name tells, `configProblems` has said so.
      if (languageProblems(config).length === 0) problems.push(...languageProblems(config, { name, multilingual }));
    });
  if (usesSilero) await check("speech.voiceActivity.model", () => verifyModel(choice(voiceActivity, folder)));
  return problems;
}

interface NamedModel {
  readonly model: string;
  readonly sha256?: string | undefined;
}

const choice = ({ model, sha256 }: NamedModel, folder: string): Parameters<typeof verifyModel>[0] => ({
  model,
  folder,
  ...(sha256 === undefined ? {} : { sha256 }),
});

function fileProblems({ speech, threat }: Config): readonly string[] {
  const { engine, modelPath } = threat.judge;
  const files = [
    ["threat.judge.modelPath", engine === "llama" ? modelPath : undefined],
    ["speech.module.path", speech.engine === "module" ? speech.module.path : undefined],
  ] as const;
  return files.flatMap(([path, file]) =>
    file === undefined || existsSync(file) ? [] : [`${path}: ${JSON.stringify(file)} is not there`],
  );
}

function judgeProblems({ threat }: Config, llamaEntry: string): readonly string[] {
  if (threat.judge.engine !== "llama" || existsSync(llamaEntry)) return [];
  return ["threat.judge.engine: llama is not installed: run `node scripts/engine-llama.mjs`"];
}
