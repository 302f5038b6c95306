import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { explainThreat } from "../../../detection/index.js";
import { GatewayError } from "../../core/errors.js";
import { openWav, wavErrorText } from "../../media/wav/read-wav.js";
import type { AnalysisOrder, AudioAnalysis } from "../../ports/audio-analysis.js";
import type { Principal } from "../access/permissions.js";
import { answers, zodApp, type ApiContext, type Routes } from "../api-context.js";
import { bodiesAtATime } from "../bodies-at-a-time.js";
import { ApiError } from "../errors.js";
import { readMultipart } from "../read-multipart.js";
import { analyzeAnswer, analyzeJson, analyzeQuery, type AnalyzeAnswer } from "../schemas/analyze.js";

/** Media types of a recording that is the whole body. */
const SOUND_TYPES = ["audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave", "application/octet-stream"];
const FORM_TYPE = "multipart/form-data";
/** Base64 makes a third more of it; the rest of the body is small. */
const BODY_SHARE = 4 / 3;
const BODY_SPARE_BYTES = 65_536;

interface Upload {
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/**
 * `POST /analyze`: a recording → text → verdict, by the same recogniser and classifier as calls, after them. The body is JSON with the
 * file in base64, the file itself, or a form with it. Few at a time: what would have to wait is refused before it is read.
 */
export const analyzeRoutes: Routes = (app, context) => {
  void app.register((scope: FastifyInstance, _options: unknown, done: () => void) => {
    for (const type of [...SOUND_TYPES, FORM_TYPE]) {
      scope.addContentTypeParser(type, { parseAs: "buffer" }, (request, body, parsed) => {
        parsed(null, { contentType: request.headers["content-type"] ?? "", bytes: body as Buffer } satisfies Upload);
      });
    }
    route(scope, context);
    done();
  });
};

function route(app: FastifyInstance, context: ApiContext): void {
  const { analysisBytes, analysisRequests, analysisTimeoutMs } = context.options.limits;
  zodApp(app).post(
    "/analyze",
    {
      config: { permission: "audio.analyze", upload: true },
      bodyLimit: Math.ceil(analysisBytes * BODY_SHARE) + BODY_SPARE_BYTES,
      handlerTimeout: analysisTimeoutMs,
      preParsing: bodiesAtATime(
        analysisRequests,
        () => new ApiError(503, "stt.busy", `${analysisRequests} recordings are being analysed; try again later`),
      ),
      schema: {
        tags: ["analysis"],
        summary: "Listen to a recording (WAV): text of each speaker, and whether it sounds like a fraud",
        consumes: ["application/json", ...SOUND_TYPES, FORM_TYPE],
        querystring: analyzeQuery,
        body: z.union([analyzeJson, z.unknown()]).describe("JSON, or a WAV file as the whole body, or a form with one"),
        response: answers(analyzeAnswer),
      },
    },
    async (request) => {
      const order = readOrder(request, request.query, analysisBytes);
      const sizeBytes = order.wav.byteLength;
      const analysis = await analyze(context, request.principal, order);
      context.trail.action(request.principal, "audio.analyze", `${sizeBytes} bytes`, "done", {
        durationMs: analysis.durationMs,
        state: analysis.verdict?.state ?? "clear",
      });
      return analysisView(analysis);
    },
  );
}

type Query = z.output<typeof analyzeQuery>;

/** @throws ApiError */
function readOrder(request: FastifyRequest, query: Query, maxBytes: number): AnalysisOrder {
  const isUpload = request.body !== null && typeof request.body === "object" && "bytes" in request.body;
  const json = isUpload ? undefined : readJson(request.body);
  const bytes = json === undefined ? fileOf(request.body as Upload) : json.bytes;
  if (bytes.byteLength > maxBytes) {
    throw new ApiError(413, "request.too-large", `the recording may have ${maxBytes} bytes`, "audio");
  }
  const opened = openWav(bytes);
  if (!opened.ok)
    throw new ApiError(400, "audio.invalid", `the audio cannot be read: ${wavErrorText(opened.error)}`, "audio");
  const language = json?.language ?? query.language;
  const speakers = json?.speakers ?? query.speakers;
  return {
    // A buffer of its own: it is handed over to another thread whole.
    wav: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer,
    ...(language === undefined ? {} : { language }),
    ...(speakers === undefined ? {} : { speakers }),
  };
}

function readJson(
  body: unknown,
): { readonly bytes: Uint8Array } & Pick<z.output<typeof analyzeJson>, "language" | "speakers"> {
  const parsed = analyzeJson.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ApiError(400, "request.invalid", issue?.message ?? "not valid", issue?.path.map(String).join("."));
  }
  const { audio, language, speakers } = parsed.data;
  const text = audio.replace(/^data:[\w/+.-]*;base64,/, "");
  if (!/^[A-Za-z0-9+/_-]+={0,2}\s*$/.test(text.replaceAll(/[\r\n]/g, ""))) {
    throw new ApiError(400, "request.invalid", "not base64", "audio");
  }
  return { bytes: Buffer.from(text, "base64"), language, speakers };
}

function fileOf({ contentType, bytes }: Upload): Uint8Array {
  if (!contentType.toLowerCase().startsWith(FORM_TYPE)) return bytes;
  const file = readMultipart(contentType, bytes);
  if (!file.ok) throw new ApiError(400, "request.invalid", file.error, "audio");
  return file.value.bytes;
}

async function analyze(context: ApiContext, principal: Principal, order: AnalysisOrder): Promise<AudioAnalysis> {
  const target = `${order.wav.byteLength} bytes`;
  try {
    return await context.trail.attempt(principal, "audio.analyze", target, () => context.control.analyze(order));
  } catch (error) {
    if (error instanceof GatewayError) throw toldError(error);
    throw error;
  }
}

/** These say what is wrong in words that are meant for the client. */
function toldError(error: GatewayError): Error {
  switch (error.code) {
    case "audio.invalid":
      return new ApiError(400, error.code, error.message, "audio");
    case "stt.language":
      return new ApiError(400, error.code, error.message, "language");
    case "stt.busy":
    case "stt.unavailable":
      return new ApiError(503, error.code, error.message);
    case "stt.timeout":
      return new ApiError(504, error.code, error.message);
    default:
      return error;
  }
}

function analysisView(analysis: AudioAnalysis): AnalyzeAnswer {
  const { verdict, segments, turns, durationMs, truncated, recogniser, voiceActivity } = analysis;
  const { state = "clear", score = 0, kind = "none", stage = "none", evidence = [] } = verdict ?? {};
  const detected = state === "suspicious" || state === "scam";
  return {
    threat_detected: detected,
    threat_details: detected ? detailsOf(verdict) : null,
    ...{ state, score, kind, stage },
    evidence: evidence.map(({ turn, text, cue, weight }) => ({ turn, text, cue, weight })),
    segments: segments.map(({ segment, speaker, startMs, endMs, text, confidence, language }) => ({
      ...{ segment, speaker, start_ms: startMs, end_ms: endMs, text: text ?? null },
      ...(confidence === undefined ? {} : { confidence }),
      ...(language === undefined ? {} : { language }),
    })),
    transcript: turns.map(({ speaker, text, atMs }) => ({ speaker, text, at_ms: Math.round(atMs) })),
    duration_ms: durationMs,
    truncated,
    engine: { recogniser, voice_activity: voiceActivity },
  };
}

/** What it sounds like, and the pieces that count most. */
function detailsOf(verdict: AudioAnalysis["verdict"]): string {
  if (verdict === undefined) return "";
  const { explanation } = explainThreat(verdict.kind, verdict.stage, verdict.state === "scam");
  const quoted = verdict.evidence.filter(({ weight }) => weight > 0).slice(0, 3);
  const grounds = quoted.map(({ text }) => `“${text.slice(0, 120)}”`).join(", ");
  return grounds === "" ? explanation : `${explanation} Grounds: ${grounds}.`;
}
