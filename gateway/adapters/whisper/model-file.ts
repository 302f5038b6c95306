import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { GatewayError } from "../../core/errors.js";
import { inspectGgml, type GgmlFacts, type GgmlProblem } from "./ggml-file.js";
import { findKnownModel, KNOWN_MODELS, modelUrl, type KnownModel } from "./known-models.js";

/** What the operator says of a model file. */
export interface ModelChoice {
  /** A known name (`tiny.en`), looked for in `folder`, or a path. */
  readonly model: string;
  /** Where models lie. */
  readonly folder: string;
  /** SHA-256 in hex, for a file that is none of the known ones. */
  readonly sha256?: string;
  /** Of the calls, ISO 639-1: a model that does not know it makes English of it, word for word nonsense. */
  readonly language?: string;
}

export interface ModelFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Undefined: vouched for by the operator's hash alone. */
  readonly known: KnownModel | undefined;
  readonly kind: GgmlFacts["kind"];
  /** Knows other languages than English. */
  readonly multilingual: boolean;
}

const IN_WORDS: Readonly<Record<GgmlProblem["code"], string>> = {
  "ggml.not-one": "is no model of whisper.cpp",
  "ggml.cut-off": "is cut off",
  "ggml.no-tensors": "has no weights",
  "ggml.head": "is no model of whisper.cpp",
  "ggml.tensor": "is spoiled, or of a kind that is not known",
};

/** Where the file of a choice is, whether it is there or not. */
export function modelPath({ model, folder }: Pick<ModelChoice, "model" | "folder">): string {
  const known = findKnownModel(model);
  return known === undefined || model.includes("/") ? model : join(folder, known.file);
}

/**
 * Checks a model before anything is loaded from it: there, of the right kind and size, with the SHA-256 that its makers or the
 * operator promise, and for the language. Reads all of it: a second or two for a large one.
 *
 * @throws GatewayError `model.missing` (with how to get it), `model.invalid` (cut off, another file, nobody vouches for it, or another language).
 */
export async function verifyModel(choice: ModelChoice): Promise<ModelFile> {
  const path = modelPath(choice);
  const named = findKnownModel(choice.model);
  const sizeBytes = await sizeOf(path, named);
  const expected = choice.sha256?.toLowerCase();
  if (named !== undefined && expected === undefined && sizeBytes !== named.sizeBytes) {
    throw new GatewayError("model.invalid", `${path} has ${sizeBytes} bytes, ${named.name} has ${named.sizeBytes}`);
  }
  const facts = await inspectGgml(path);
  if (!facts.ok) throw new GatewayError("model.invalid", `${path} ${IN_WORDS[facts.error.code]}`);
  const { kind, multilingual } = facts.value;
  const sha256 = await hashFile(path);
  const found = findByHash(sha256);
  if (expected !== undefined && sha256 !== expected) {
    throw new GatewayError("model.invalid", `${path} has SHA-256 ${sha256}, not the one that is configured`);
  }
  if (expected === undefined && named !== undefined && sha256 !== named.sha256) {
    throw new GatewayError("model.invalid", `${path} has SHA-256 ${sha256}, ${named.name} has ${named.sha256}`);
  }
  if (expected === undefined && found === undefined) {
    throw new GatewayError(
      "model.invalid",
      `${path} is none of the known models: to use it, set its SHA-256 in the configuration (${sha256})`,
    );
  }
  if (kind === "whisper" && !multilingual && choice.language !== undefined && choice.language !== "en") {
    throw new GatewayError(
      "model.invalid",
      `${path} knows English only, and the language is ${choice.language}: take a model of all languages (\`ringfence models list\`)`,
    );
  }
  return { path, sizeBytes, sha256, known: found, kind, multilingual };
}

/** SHA-256 in hex. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

const findByHash = (sha256: string): KnownModel | undefined => KNOWN_MODELS.find((model) => model.sha256 === sha256);

async function sizeOf(path: string, known: KnownModel | undefined): Promise<number> {
  try {
    const found = await stat(path);
    if (found.isFile()) return found.size;
  } catch (cause) {
    throw new GatewayError("model.missing", `${path} is not there: ${howToGet(known)}`, { cause });
  }
  throw new GatewayError("model.missing", `${path} is no file: ${howToGet(known)}`);
}

function howToGet(known: KnownModel | undefined): string {
  if (known === undefined) return "`ringfence models list` shows what can be had";
  return `\`ringfence models pull ${known.name}\` gets it, or copy ${modelUrl(known)} there`;
}
