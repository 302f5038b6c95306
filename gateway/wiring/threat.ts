import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ThreatPolicy, type Action } from "../../detection/index.js";
import { DEFAULT_LLAMA, LlamaModel } from "../adapters/llama/llama-model.js";
import { ChatModel } from "../adapters/openai-compatible/chat-model.js";
import { AesVault } from "../adapters/vault/aes-vault.js";
import { readKeyFile } from "../adapters/vault/key-file.js";
import { warningBeeps } from "../call/call-hands.js";
import { DEFAULT_THREAT_DESK, ThreatDesk } from "../call/threat-desk.js";
import { TranscriptKeeper } from "../call/transcript-keeper.js";
import type { Config } from "../config/schema.js";
import type { Clock } from "../core/clock.js";
import { GatewayError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import type { Metrics } from "../core/metrics.js";
import type { Random } from "../core/random.js";
import type { PcmAudio } from "../media/audio.js";
import { mixedDown, openWav, readWav } from "../media/wav/read-wav.js";
import { DEFAULT_MODEL_JUDGE, ModelJudge } from "../pipeline/judge/model-judge.js";
import type { ComponentHealth } from "../ports/gateway-control.js";
import type { LanguageModel } from "../ports/language-model.js";
import type { Listening } from "../ports/listening.js";
import type { RecordSink } from "../ports/records.js";

interface Services {
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
}

export interface ThreatDeps extends Services {
  readonly listening: Listening;
  readonly sink: RecordSink;
  readonly carryOut: (actions: readonly Action[]) => void;
}

/** A prompt is at most this long on disk. */
const MOST_PROMPT_BYTES = 8_388_608;
const MOST_PROMPT_SECONDS = 60;

/** The judge, the policy and the desk that joins them with what is heard. */
export class ThreatSide {
  readonly desk: ThreatDesk;
  readonly policy: ThreatPolicy;
  readonly #model: LanguageModel | undefined;

  constructor(config: Config, deps: ThreatDeps) {
    const { threat, detection, speech } = config;
    const { clock, metrics, log, random, listening, carryOut } = deps;
    this.policy = new ThreatPolicy(threat, detection.guard, detection.shadow, random);
    this.#model = languageModel(config, deps);
    const judge = this.#model && new ModelJudge(this.#model, DEFAULT_MODEL_JUDGE, metrics);
    const keeper = transcriptKeeper(config, deps);
    const { everyMs: judgeEveryMs, timeoutMs: judgeTimeoutMs, maxJudging } = threat.judge;
    this.desk = new ThreatDesk(
      { ...DEFAULT_THREAT_DESK, judgeEveryMs, judgeTimeoutMs, maxJudging, lastWordsMs: speech.lastWordsMs },
      {
        policy: this.policy,
        listening,
        carrier: { carryOut },
        clock,
        metrics,
        log,
        ...(judge === undefined ? {} : { judge }),
        ...(keeper === undefined ? {} : { onClosed: (view, call) => keeper.keep(view, call) }),
      },
    );
  }

  reconfigure({ threat, detection }: Config): void {
    this.policy.reconfigure(threat, detection.guard, detection.shadow);
  }

  health(): readonly ComponentHealth[] {
    if (this.#model === undefined) return [];
    const { name, ok, detail } = this.#model;
    return [{ name: "judge", ok, vital: false, detail: `${name}: ${detail}` }];
  }

  async close(): Promise<void> {
    this.desk.stop();
    await this.#model?.close();
  }
}

function languageModel({ threat }: Config, { clock, log }: Services): LanguageModel | undefined {
  const { engine, modelPath, modelSha256, contextTokens, threads, gpu, url, model, apiKey, timeoutMs } = threat.judge;
  if (engine === "llama" && modelPath !== undefined) {
    const hash = modelSha256 === undefined ? {} : { modelSha256 };
    const options = { ...DEFAULT_LLAMA, enginePath: LLAMA_ENTRY, modelPath, contextTokens, threads, gpu, ...hash };
    return new LlamaModel(options, { clock, log });
  }
  if (engine === "openai" && url !== undefined) {
    return new ChatModel({ url, model, timeoutMs, ...(apiKey === undefined ? {} : { apiKey }) });
  }
  return undefined;
}

/** Installed apart by scripts/engine-llama.mjs. From source and from dist/ the way there differs. */
export const LLAMA_ENTRY = fileURLToPath(
  new URL(
    `${import.meta.url.endsWith(".ts") ? "../../" : "../../../"}engines/llama/node_modules/node-llama-cpp/dist/index.js`,
    import.meta.url,
  ),
);

/** @throws GatewayError `crypto.key` */
function transcriptKeeper(config: Config, { sink, clock, metrics }: ThreatDeps): TranscriptKeeper | undefined {
  if (!config.privacy.keepTranscripts) return undefined;
  const vault = new AesVault(readKeyFile(keyFileOf(config), false));
  return new TranscriptKeeper({ vault, sink, clock, metrics });
}

export const keyFileOf = ({ privacy, store }: Config): string => privacy.keyFile ?? join(store.folder, "keys.json");

/** What the called side hears as a warning. @throws GatewayError `audio.invalid` */
export const warningOf = ({ threat }: Config): PcmAudio =>
  threat.warningFile === undefined ? warningBeeps() : readPrompt("threat.warningFile", threat.warningFile);

/** @throws GatewayError `audio.invalid`: the file cannot be read, or is no WAV file that we can play. */
export function readPrompt(path: string, file: string): PcmAudio {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new GatewayError("audio.invalid", `${path}: ${file} cannot be read`, { cause });
  }
  if (bytes.byteLength > MOST_PROMPT_BYTES) {
    throw new GatewayError("audio.invalid", `${path}: ${file} is larger than ${MOST_PROMPT_BYTES} bytes`);
  }
  const wav = openWav(bytes);
  if (wav.ok && wav.value.frames > MOST_PROMPT_SECONDS * wav.value.sampleRateHz) {
    throw new GatewayError("audio.invalid", `${path}: ${file} is longer than ${MOST_PROMPT_SECONDS} seconds`);
  }
  const read = readWav(bytes);
  if (!read.ok)
    throw new GatewayError("audio.invalid", `${path}: ${file} is no WAV file that can be played: ${read.error.code}`);
  return mixedDown(read.value);
}
