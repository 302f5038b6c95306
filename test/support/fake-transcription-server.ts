import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { readWav } from "../../gateway/media/wav/read-wav.js";
import { decodeTones } from "./modem/decode-tones.js";

/** What the server does with the next request instead of answering it. */
export type Fault =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  | "hang"
  | "drop";

export interface HeardRequest {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly fields: Readonly<Record<string, readonly string[]>>;
  readonly fileName: string;
  readonly seconds: number;
}

/**
 * A transcription server that hears the tone modem: answers as OpenAI's API reference (`POST /v1/audio/transcriptions`) and
 * whisper.cpp's server (`POST /inference`) document it, and refuses what those would refuse.
 */
export class FakeTranscriptionServer {
  readonly requests: HeardRequest[] = [];
  readonly faults: Fault[] = [];
  /** The key that `/v1` asks for; undefined: none. */
  apiKey: string | undefined;
  /** Requests that have been at work at the same time. */
  mostAtOnce = 0;
  /** How long an answer takes, ms. */
  delayMs = 0;
  #atOnce = 0;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  static async start(): Promise<FakeTranscriptionServer> {
    const fake = new FakeTranscriptionServer();
    await new Promise<void>((resolve) => fake.#server.listen(0, "127.0.0.1", resolve));
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const fault = this.faults.shift();
    if (fault === "hang") return;
    if (fault === "drop") {
      response.destroy();
      return;
    }
    if (fault !== undefined) {
      response.writeHead(fault.status, fault.headers).end(fault.body ?? "");
      return;
    }
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#atOnce);
    const body = Buffer.concat(chunks);
    const { status, json } = await this.#answer(request, body);
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
    this.#atOnce--;
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(json));
  }

  async #answer(request: IncomingMessage, body: Buffer): Promise<{ status: number; json: object }> {
    const { url: path = "", headers, method } = request;
    const isOpenAi = path === "/v1/audio/transcriptions";
    const refuse = (status: number, message: string): { status: number; json: object } => ({
      status,
      json: isOpenAi
        ? { error: { message, type: "invalid_request_error", param: null, code: null } }
        : { error: message },
    });
    if (method !== "POST" || (!isOpenAi && path !== "/inference")) return refuse(404, "not found");
    if (isOpenAi && this.apiKey !== undefined && headers.authorization !== `Bearer ${this.apiKey}`) {
      return refuse(401, "Incorrect API key provided");
    }
    const contentType = headers["content-type"] ?? "";
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- a fake on loopback; what it reads is what our own client sent
    const form = await new Response(new Uint8Array(body), { headers: { "content-type": contentType } }).formData();
    const file = form.get("file");
    if (!(file instanceof File)) return refuse(400, "no 'file' field in the request");
    if (isOpenAi && typeof form.get("model") !== "string") return refuse(400, "you must provide a model parameter");
    if (form.get("response_format") !== "verbose_json") return refuse(400, "this fake speaks verbose_json");
    const wav = readWav(new Uint8Array(await file.arrayBuffer()));
    if (!wav.ok) return refuse(400, "failed to read WAV file");
    const samples = wav.value.channels[0] ?? new Float32Array();
    const seconds = samples.length / wav.value.sampleRateHz;
    const fields: Record<string, string[]> = {};
    form.forEach((value, name) => {
      if (typeof value === "string") (fields[name] ??= []).push(value);
    });
    const { authorization } = headers;
    this.requests.push({ path, authorization, fields, fileName: file.name, seconds });
    const bursts = decodeTones(samples, wav.value.sampleRateHz);
    return { status: 200, json: isOpenAi ? openAiAnswer(bursts, seconds, fields) : whisperCppAnswer(bursts, seconds) };
  }
}

type Bursts = ReturnType<typeof decodeTones>;

const textOf = (bursts: Bursts): string => bursts.map(({ text }) => text).join(" ");
const wordsOf = (bursts: Bursts): { word: string; start: number; end: number }[] =>
  bursts.flatMap(({ text, startMs, endMs }) => {
    const words = text.split(" ");
    const step = (endMs - startMs) / words.length;
    return words.map((word, i) => ({
      word,
      start: (startMs + i * step) / 1_000,
      end: (startMs + (i + 1) * step) / 1_000,
    }));
  });

/** CreateTranscriptionResponseVerboseJson: the language is a name, the words lie beside the segments. */
function openAiAnswer(bursts: Bursts, duration: number, fields: Readonly<Record<string, readonly string[]>>): object {
  const wantsWords = fields["timestamp_granularities[]"]?.includes("word") === true;
  return {
    task: "transcribe",
    language: fields["language"]?.[0] === "es" ? "spanish" : "english",
    duration,
    text: textOf(bursts),
    ...(wantsWords ? { words: wordsOf(bursts) } : {}),
    segments: bursts.map(({ text, startMs, endMs }, id) => ({
      ...{ id, seek: 0, start: startMs / 1_000, end: endMs / 1_000, text, tokens: [50_364, 50_257], temperature: 0 },
      ...{ avg_logprob: -0.25, compression_ratio: 1.1, no_speech_prob: 0.01 },
    })),
    usage: { type: "duration", seconds: Math.ceil(duration) },
  };
}

/** whisper.cpp's server: the words lie within their segment and have probabilities. */
function whisperCppAnswer(bursts: Bursts, duration: number): object {
  return {
    task: "transcribe",
    language: "english",
    duration,
    text: ` ${textOf(bursts)}\n`,
    segments: bursts.map((burst, id) => ({
      ...{ id, text: ` ${burst.text}`, start: burst.startMs / 1_000, end: burst.endMs / 1_000, tokens: [1] },
      words: wordsOf([burst]).map((word) => ({ ...word, word: ` ${word.word}`, t_dtw: -1, probability: 0.9 })),
      ...{ temperature: 0, avg_logprob: -0.3, no_speech_prob: 0.01 },
    })),
  };
}
