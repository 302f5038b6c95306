import { existsSync } from "node:fs";
import type { Config } from "../../config/schema.js";
import { SCREENING_PROMPTS } from "../../pipeline/screening/screening-options.js";
import { promptPath, recordingOf, screeningLanguages, telephoneSound } from "./screening-prompts.js";

/** What would make screening a silence. One line each, `path: what`. */
export function screeningProblems({ asterisk, speech }: Config): string[] {
  const { screening, servers } = asterisk;
  if (!screening.enabled) return [];
  const path = "asterisk.screening";
  const languages = screeningLanguages(screening);
  return [
    ...(speech.engine === "none" ? [`${path}.enabled: nobody would hear the answer: speech.engine is none`] : []),
    ...(servers.length === 0 ? [`${path}.enabled: only with asterisk.servers: calls come over ARI`] : []),
    ...(languages.has(screening.defaultLanguage)
      ? []
      : [`${path}.defaultLanguage: there are no words in ${screening.defaultLanguage}`]),
    ...[...languages.values()].flatMap(({ language, texts }) => {
      const missing = SCREENING_PROMPTS.filter((prompt) => texts[prompt] === "");
      return missing.length === 0 ? [] : [`${path}.languages.${language}.texts: ${missing.join(", ")} missing`];
    }),
    ...recordingProblems(screening.promptFolder, [...languages.keys()]),
  ];
}

function recordingProblems(folder: string | undefined, languages: readonly string[]): string[] {
  if (folder === undefined) return [];
  if (!existsSync(folder)) return [`${promptPath}: ${folder} is not there`];
  return languages.flatMap((language) =>
    SCREENING_PROMPTS.flatMap((prompt) => {
      const file = recordingOf(folder, language, prompt);
      if (!existsSync(file)) return [];
      try {
        telephoneSound(promptPath, file);
        return [];
      } catch (error) {
        return [error instanceof Error ? error.message : `${promptPath}: ${file} cannot be read`];
      }
    }),
  );
}
