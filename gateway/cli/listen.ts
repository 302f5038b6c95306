import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import type { Speaker } from "../../detection/index.js";
import { speechSchema, type SpeechConfig } from "../config/speech-schema.js";
import { fail, ok, type Result } from "../core/result.js";
import { listenToFile } from "./listen-file.js";
import { readConfig } from "./read-config.js";

/** As commander hands them over. */
export interface ListenOptions {
  readonly json?: boolean;
  readonly channels?: string;
  readonly model?: string;
  readonly sha256?: string;
  readonly folder: string;
  readonly language?: string;
  readonly realtime?: boolean;
  readonly config?: string;
}

/** `ringfence listen FILE.wav`. */
export function registerListen(program: Command): void {
  program
    .command("listen")
    .description("listen to a recording as to a call: stretches of speech, text and verdicts as they come")
    .argument("<file>", "a WAV file; two channels are two speakers")
    .option("--json", "print one JSON object a line")
    .option("--channels <names>", "who speaks on which channel: caller,callee or caller,agent")
    .option("--model <model>", "whisper.cpp model: a known name, or the path of a file")
    .option("--sha256 <hash>", "of a model file that is none of the known ones")
    .option("--folder <path>", "where models lie", speechSchema.parse({}).modelFolder)
    .option("--language <code>", "ISO 639-1; default: the recogniser finds out")
    .option("--realtime", "not faster than it was spoken")
    .option("--config <file>", "use the speech engine of this configuration")
    .action(async (path: string, options: ListenOptions) => {
      process.exitCode = await listen(
        path,
        options,
        (line) => console.log(line),
        (line) => console.error(line),
      );
    });
}

/** @returns The exit status: 0 all of it became text, 1 the file cannot be read, there is no recogniser (what to install is told), or it failed, 2 it is no recording, or the options are wrong. */
export async function listen(
  path: string,
  options: ListenOptions,
  print: (line: string) => void,
  complain: (line: string) => void,
): Promise<number> {
  const settings = settingsOf(options);
  const speakers = speakersOf(options.channels);
  if (!settings.ok || !speakers.ok) {
    complain(settings.ok ? (speakers.ok ? "" : speakers.error) : settings.error);
    return 2;
  }
  let wav: Uint8Array;
  try {
    wav = await readFile(path);
  } catch (error) {
    complain(`${path}: ${(error as NodeJS.ErrnoException).code ?? "cannot be read"}`);
    return 1;
  }
  return listenToFile(wav, {
    ...settings.value,
    speakers: speakers.value,
    json: options.json === true,
    realTime: options.realtime === true,
    print,
    complain,
  });
}

function speakersOf(channels: string | undefined): Result<readonly Speaker[] | undefined, string> {
  if (channels === undefined) return ok(undefined);
  const names = channels.split(",").map((name) => name.trim());
  const isSpeaker = (name: string): name is Speaker => ["caller", "callee", "agent"].includes(name);
  const speakers = names.filter(isSpeaker);
  return speakers.length === names.length
    ? ok(speakers)
    : fail(`--channels ${channels}: caller, callee and agent are known`);
}

/** The recogniser is asked whether its model knows it. */
const inLanguage = (speech: SpeechConfig, language: string | undefined): SpeechConfig =>
  language === undefined ? speech : { ...speech, language };

interface Settings {
  readonly speech: SpeechConfig;
  readonly redactPhones: boolean;
}

/** What the configuration says, or whisper with the model named. */
function settingsOf({ config, model, sha256, folder, language }: ListenOptions): Result<Settings, string> {
  if (language !== undefined && !/^[a-z]{2}$/.test(language)) return fail(`--language ${language}: two letters, as en`);
  if (config !== undefined) {
    const read = readConfig({ file: config });
    if (!read.ok) return fail(`config.invalid: ${read.error.join("; ")}`);
    return ok({ speech: inLanguage(read.value.speech, language), redactPhones: read.value.privacy.redactPhones });
  }
  const whisper = { ...(model === undefined ? {} : { model }), ...(sha256 === undefined ? {} : { sha256 }) };
  const parsed = speechSchema.safeParse({ engine: "whisper", modelFolder: folder, whisper });
  return parsed.success
    ? ok({ speech: inLanguage(parsed.data, language), redactPhones: false })
    : fail(parsed.error.issues.map(({ path, message }) => `--${String(path.at(-1))}: ${message}`).join("; "));
}
