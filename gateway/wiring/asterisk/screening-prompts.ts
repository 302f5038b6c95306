import { existsSync } from "node:fs";
import { join } from "node:path";
import { EspeakNg } from "../../adapters/speech-synthesis/espeak-ng.js";
import { SoundStore } from "../../adapters/speech-synthesis/sound-store.js";
import type { Config } from "../../config/schema.js";
import type { ScreeningConfig } from "../../config/asterisk/screening-schema.js";
import type { Clock } from "../../core/clock.js";
import { GatewayError } from "../../core/errors.js";
import type { Log } from "../../core/log.js";
import type { Random } from "../../core/random.js";
import { monoMs } from "../../core/time.js";
import type { PcmAudio } from "../../media/audio.js";
import { resampleAll } from "../../media/resample/resampler.js";
import { wordsOf, type AnswerMeasure } from "../../pipeline/screening/judge-answer.js";
import { SCREENING_LANGUAGES, type ScreeningLanguage } from "../../pipeline/screening/screening-languages.js";
import { SCREENING_PROMPTS, type ScreeningPrompt } from "../../pipeline/screening/screening-options.js";
import type { ComponentHealth } from "../../ports/gateway-control.js";
import type { SpeechSynthesis } from "../../ports/speech-synthesis.js";
import { readPrompt, warningOf } from "../threat.js";

const RATE_HZ = 8_000;
export const promptPath = "asterisk.screening.promptFolder";
const MIB = 1_048_576;
const MEMORY_BYTES = 32 * MIB;
const MAX_WAITING = 100;
const RETRY_MS = 60_000;
const REMEDY =
  "install espeak-ng (Debian: apt-get install espeak-ng), name it in asterisk.screening.synthesiser.program, or put recordings into asterisk.screening.promptFolder";

/** What there are words for: ours, and those of the configuration on top. */
export function screeningLanguages({ languages }: ScreeningConfig): ReadonlyMap<string, ScreeningLanguage> {
  const all = new Map(SCREENING_LANGUAGES.map((each) => [each.language, each]));
  for (const [language, { voice, texts, fillers }] of Object.entries(languages)) {
    const known = all.get(language);
    const said = Object.fromEntries(SCREENING_PROMPTS.map((each) => [each, texts[each] ?? known?.texts[each] ?? ""]));
    all.set(language, {
      language,
      voice: voice ?? known?.voice ?? language,
      texts: said as Record<ScreeningPrompt, string>,
      fillers: [...(known?.fillers ?? []), ...fillers],
    });
  }
  return all;
}

/**
 * A recording at the rate of telephones: resampled when it is read, not in the middle of a call.
 *
 * @throws GatewayError `audio.invalid`
 */
export const telephoneSound = (path: string, file: string): PcmAudio =>
  atTelephoneRate(readPrompt(path, file), `${path}: ${file}`);

/** What the called side hears as a warning. @throws GatewayError `audio.invalid` */
export const telephoneWarning = (config: Config): PcmAudio =>
  atTelephoneRate(warningOf(config), `threat.warningFile: ${config.threat.warningFile ?? ""}`);

function atTelephoneRate(sound: PcmAudio, what: string): PcmAudio {
  const resampled = resampleAll(sound, RATE_HZ);
  if (resampled !== undefined) return resampled;
  throw new GatewayError("audio.invalid", `${what}: its rate cannot be changed to ${RATE_HZ} Hz`);
}

/** The path of an own recording. */
export const recordingOf = (folder: string, language: string, prompt: ScreeningPrompt): string =>
  join(folder, `${language}-${prompt}.wav`);

export interface PromptDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** What is said to callers who are screened, as sound: own recordings, else rendered once and kept. */
export class ScreeningPrompts {
  readonly #config: ScreeningConfig;
  readonly #deps: PromptDeps;
  readonly #languages: ReadonlyMap<string, ScreeningLanguage>;
  readonly #measures = new Map<string, AnswerMeasure>();
  readonly #sounds = new Map<string, PcmAudio>();
  readonly #synthesis: SpeechSynthesis | undefined;
  readonly #abort = new AbortController();
  #trouble: string | undefined;
  #cancelRetry: () => void = () => undefined;

  /** Reads the recordings, which takes a while: before any call is there. @throws GatewayError `audio.invalid` */
  constructor(config: ScreeningConfig, folder: string, deps: PromptDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#languages = screeningLanguages(config);
    if (config.promptFolder !== undefined) this.#read(config.promptFolder);
    const { engine, program, timeoutMs, diskMib } = config.synthesiser;
    if (engine === "espeak-ng") {
      const limits = { diskBytes: diskMib * MIB, memoryBytes: MEMORY_BYTES, maxWaiting: MAX_WAITING };
      const synthesis = new EspeakNg({ program, timeoutMs });
      this.#synthesis = new SoundStore({ folder: join(folder, "sounds"), ...limits }, { ...deps, synthesis });
    }
  }

  /** Renders what there are no recordings of. A synthesiser that is not there costs the voice, not the start. */
  async start(): Promise<void> {
    await this.#render();
  }

  #read(folder: string): void {
    for (const language of this.#languages.keys()) {
      for (const prompt of SCREENING_PROMPTS) {
        const file = recordingOf(folder, language, prompt);
        if (existsSync(file)) this.#sounds.set(keyOf(prompt, language), telephoneSound(promptPath, file));
      }
    }
  }

  /** @param asked As the dialplan has it: `es`, `es_MX`, empty. @returns One that there are prompts in. */
  language(asked: string): string {
    const short = asked.slice(0, 2).toLowerCase();
    return this.#languages.has(short) ? short : this.#config.defaultLanguage;
  }

  sound(prompt: ScreeningPrompt, language: string): PcmAudio | undefined {
    return this.#sounds.get(keyOf(prompt, language));
  }

  measure(language: string): AnswerMeasure {
    const known = this.#measures.get(language);
    if (known !== undefined) return known;
    const words = this.#languages.get(language);
    const measure = {
      fillers: new Set(words?.fillers ?? []),
      promptWords: new Set(words === undefined ? [] : Object.values(words.texts).flatMap(wordsOf)),
    };
    this.#measures.set(language, measure);
    return measure;
  }

  health(): ComponentHealth {
    const detail = this.#trouble ?? `${this.#sounds.size} prompts in ${this.#languages.size} languages`;
    return { name: "screening", ok: this.#trouble === undefined, vital: false, detail };
  }

  close(): void {
    this.#cancelRetry();
    this.#abort.abort();
  }

  async #render(): Promise<void> {
    const { wordsPerMinute } = this.#config.synthesiser;
    const synthesis = this.#synthesis;
    if (synthesis === undefined) return;
    try {
      for (const { language, voice, texts } of this.#languages.values()) {
        for (const prompt of SCREENING_PROMPTS) {
          const key = keyOf(prompt, language);
          if (this.#sounds.has(key)) continue;
          const spoken = { text: texts[prompt], voice, wordsPerMinute };
          this.#sounds.set(key, await synthesis.say(spoken, RATE_HZ, this.#abort.signal));
        }
      }
      this.#trouble = undefined;
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.#onFailed(error);
    }
  }

  /** Callers hear beeps where words should be, until it works. */
  #onFailed(error: unknown): void {
    const { clock, log } = this.#deps;
    const why = error instanceof GatewayError ? `${error.code}: ${error.message}` : "failed";
    const missing = this.#languages.size * SCREENING_PROMPTS.length - this.#sounds.size;
    const trouble = `callers hear beeps for ${missing} prompts: ${why}`;
    if (this.#trouble !== trouble)
      log.error("screening.no-voice", { why, missing, remedy: REMEDY, againInMs: RETRY_MS });
    this.#trouble = trouble;
    this.#cancelRetry = clock.callAt(monoMs(clock.mono() + RETRY_MS), () => void this.#render());
  }
}

const keyOf = (prompt: ScreeningPrompt, language: string): string => `${language}-${prompt}`;
