import { findKnownModel } from "../adapters/whisper/known-models.js";
import type { Config } from "../config/schema.js";

/** What is known of the recogniser's model: from its name, or from its file. */
interface ModelFacts {
  readonly name: string;
  readonly multilingual: boolean;
}

const ENGLISH = "en";

/**
 * Settings that name a language which the recogniser's model does not know: of speech in it an English-only model makes English,
 * word for word nonsense. What callers of the API and dialplans name is refused when it comes (`stt.language`).
 *
 * @param model Default: by its name, where that is one of the known models.
 * @returns One line each, `path: what`.
 */
export function languageProblems(config: Config, model = namedModel(config)): string[] {
  if (model === undefined || model.multilingual) return [];
  const { speech, asterisk } = config;
  const { enabled, defaultLanguage } = asterisk.screening;
  const named = [
    ["speech.language", speech.language],
    ["asterisk.screening.defaultLanguage", enabled ? defaultLanguage : undefined],
  ] as const;
  return named.flatMap(([path, language]) =>
    language === undefined || language === ENGLISH
      ? []
      : [`${path}: ${language}, but ${model.name} knows English only: take a model of all languages`],
  );
}

/** One with a hash of the operator's own may be anything. */
function namedModel({ speech: { engine, whisper } }: Config): ModelFacts | undefined {
  return engine === "whisper" && whisper.sha256 === undefined ? findKnownModel(whisper.model) : undefined;
}
