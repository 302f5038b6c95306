import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { GatewayError } from "../../core/errors.js";
import type { RecordingDesk, RecordingJob, RecordingOrder, RecordingStage } from "../../ports/recordings.js";
import type { Principal } from "../access/permissions.js";
import { placesOf } from "../access/scope.js";
import { answers, zodApp, type ApiContext, type Routes } from "../api-context.js";
import { bodiesAtATime } from "../bodies-at-a-time.js";
import { ApiError } from "../errors.js";
import { signedRateLimit } from "../rate-limits.js";
import { isoTime } from "../schemas/common.js";
import {
  addedAnswer,
  jobParams,
  queueAnswer,
  recordingAnswer,
  recordingOrder,
  recordingsQuery,
  resultAnswer,
  uploadQuery,
} from "../schemas/recordings.js";

const MAX_WEBHOOK_BYTES = 65_536;
const TAGS = ["recordings"];
const GONE = "no such recording";

/** Recordings of other systems: taken in by webhook, by hand or as a file; their state, their text, their end. Absent where they are not enabled. */
export const recordingRoutes: Routes = (app, context) => {
  const { recordings } = context;
  if (recordings === undefined) return;
  webhookRoute(app, context, recordings);
  intakeRoutes(app, context, recordings);
  readRoutes(app, context, recordings);
  actRoutes(app, context, recordings);
};

/** The body counts byte for byte: it is read before it is JSON. */
function webhookRoute(app: FastifyInstance, context: ApiContext, desk: RecordingDesk): void {
  const count = signedRateLimit(app, context);
  void app.register((scope: FastifyInstance, _options: unknown, done: () => void) => {
    scope.removeContentTypeParser("application/json");
    scope.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, parsed) =>
      parsed(null, body),
    );
    zodApp(scope).post(
      "/api/v1/recordings/webhook",
      {
        config: { permission: "public", rateLimit: false },
        bodyLimit: MAX_WEBHOOK_BYTES,
        schema: {
          tags: TAGS,
          summary: "A recording is ready (signed, or with the webhook's token): {call_id, recording_url}",
          body: z.unknown().describe("call_id, recording_url and what POST /api/v1/recordings takes beside them"),
          response: answers(addedAnswer, { 202: addedAnswer }),
        },
      },
      async (request, reply) => {
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        const { authorization, "x-ringfence-signature": signature } = request.headers;
        const given = { authorization, "x-ringfence-signature": typeof signature === "string" ? signature : undefined };
        const refusal = desk.checkWebhook(given, body);
        await count(request, refusal === undefined, (seconds) => void reply.header("retry-after", seconds));
        if (refusal !== undefined) {
          const { id: actor, role } = request.principal;
          const target = "POST /api/v1/recordings/webhook";
          context.trail.refused({ action: "auth.refused", actor, role, target, source: request.ip, status: 401 });
          throw new ApiError(401, "auth.refused", refusal);
        }
        const added = await told(async () => desk.add(await orderOf(context, readJson(body), "webhook")));
        return reply.code(added.isNew ? 202 : 200).send(addedView(added));
      },
    );
    done();
  });
}

function readJson(body: Buffer): z.output<typeof recordingOrder> {
  let read: unknown;
  try {
    read = JSON.parse(body.toString("utf8"));
  } catch {
    throw new ApiError(400, "request.malformed", "the body is no JSON");
  }
  const parsed = recordingOrder.safeParse(read);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new ApiError(400, "request.invalid", issue?.message ?? "not valid", issue?.path.map(String).join("."));
}

function intakeRoutes(app: FastifyInstance, context: ApiContext, desk: RecordingDesk): void {
  const { trail } = context;
  zodApp(app).post(
    "/api/v1/recordings",
    {
      config: { permission: "audio.analyze" },
      schema: {
        tags: TAGS,
        summary: "Work on a recording that lies elsewhere",
        body: recordingOrder,
        response: answers(addedAnswer, { 202: addedAnswer }),
      },
    },
    async ({ body, principal }, reply) => {
      const added = await told(async () => desk.add(await orderOf(context, body, "api")));
      trail.action(principal, "recording.add", added.job.id, "done", { new: added.isNew });
      return reply.code(added.isNew ? 202 : 200).send(addedView(added));
    },
  );
  uploadRoute(app, context, desk);
}

function uploadRoute(app: FastifyInstance, context: ApiContext, desk: RecordingDesk): void {
  const { trail } = context;
  const { uploadTimeoutMs, uploads } = context.options.limits;
  void app.register((scope: FastifyInstance, _options: unknown, done: () => void) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, payload, parsed) => parsed(null, payload));
    zodApp(scope).post(
      "/api/v1/recordings/upload",
      {
        config: { permission: "audio.analyze", upload: true },
        handlerTimeout: uploadTimeoutMs,
        preParsing: bodiesAtATime(
          uploads,
          () => new ApiError(503, "recording.full", `${uploads} recordings are being received; try again later`),
        ),
        schema: {
          tags: TAGS,
          summary: "Work on a recording that is the body, in any format that ffmpeg reads",
          querystring: uploadQuery,
          response: answers(addedAnswer, { 202: addedAnswer }),
        },
      },
      async (request, reply) => {
        const { query, principal } = request;
        const body = request.body as AsyncIterable<Uint8Array> | undefined;
        if (body === undefined) throw new ApiError(400, "recording.invalid", "there is no body");
        // The desk makes the source of the bytes.
        const order = await orderOf(context, { ...query, recording_url: "" }, "upload");
        const added = await told(() => desk.upload(order, body));
        trail.action(principal, "recording.add", added.job.id, "done", { new: added.isNew });
        return reply.code(added.isNew ? 202 : 200).send(addedView(added));
      },
    );
    done();
  });
}

function readRoutes(app: FastifyInstance, context: ApiContext, desk: RecordingDesk): void {
  zodApp(app).get(
    "/api/v1/recordings",
    {
      config: { permission: "read", scoped: true },
      schema: {
        tags: TAGS,
        summary: "Jobs, newest first",
        querystring: recordingsQuery,
        response: answers(z.array(recordingAnswer)),
      },
    },
    async ({ query, principal }) => {
      const { limit, stage, call_id: callId } = query;
      const filter = {
        limit,
        ...placesOf(principal),
        ...(stage === undefined ? {} : { stage }),
        ...(callId === undefined ? {} : { callId }),
      };
      return (await context.trail.list(principal, "recording", query, () => desk.jobs(filter))).map(jobView);
    },
  );
  zodApp(app).get(
    "/api/v1/recordings/queue",
    {
      config: { permission: "read" },
      schema: { tags: TAGS, summary: "How many jobs there are of each stage", response: answers(queueAnswer) },
    },
    () => desk.count(),
  );
  zodApp(app).get(
    "/api/v1/recordings/:id",
    {
      config: { permission: "read", scoped: true },
      schema: { tags: TAGS, summary: "One job", params: jobParams, response: answers(recordingAnswer) },
    },
    async ({ params, principal }) => {
      const job = await seenJob(desk, params.id, principal);
      if (job === undefined) throw new ApiError(404, "recording.unknown", GONE, "id");
      return jobView(job);
    },
  );
  resultRoute(app, context, desk);
}

function resultRoute(app: FastifyInstance, { trail }: ApiContext, desk: RecordingDesk): void {
  zodApp(app).get(
    "/api/v1/recordings/:id/result",
    {
      config: { permission: "calls.hear", scoped: true },
      schema: {
        tags: TAGS,
        summary: "Text and summary; the reading is audited",
        params: jobParams,
        response: answers(resultAnswer),
      },
    },
    async ({ params, principal }) => {
      const payload = await trail.attempt(principal, "recording.read", params.id, async () =>
        (await seenJob(desk, params.id, principal)) === undefined ? undefined : desk.payload(params.id),
      );
      trail.action(principal, "recording.read", params.id, payload === undefined ? "failed" : "done");
      if (payload === undefined)
        throw new ApiError(404, "recording.unknown", "no result of that recording is here (yet)", "id");
      return payload;
    },
  );
}

/** A recording of another team's call is, to a team, none. */
async function seenJob(desk: RecordingDesk, id: string, { scope }: Principal): Promise<RecordingJob | undefined> {
  if (scope === undefined) return desk.job(id);
  const [job] = await desk.jobs({ limit: 1, id, scope });
  return job;
}

function actRoutes(app: FastifyInstance, { trail }: ApiContext, desk: RecordingDesk): void {
  zodApp(app).post(
    "/api/v1/recordings/:id/retry",
    {
      config: { permission: "act" },
      schema: { tags: TAGS, summary: "Try a failed one again", params: jobParams, response: answers(recordingAnswer) },
    },
    async ({ params, principal }) => {
      const again = await desk.retry(params.id);
      trail.action(principal, "recording.retry", params.id, again ? "done" : "failed");
      const job = await desk.job(params.id);
      if (job === undefined) throw new ApiError(404, "recording.unknown", GONE, "id");
      if (!again) throw new ApiError(409, "recording.not-failed", "it has not failed", "id");
      return jobView(job);
    },
  );
  zodApp(app).delete(
    "/api/v1/recordings/:id",
    {
      config: { permission: "administer" },
      schema: {
        tags: TAGS,
        summary: "Stop a job and delete all that is kept of it; 409 where a legal hold keeps it",
        params: jobParams,
        response: answers(z.object({ deleted: z.int() })),
      },
    },
    async ({ params, principal }) => {
      const deleted = await trail.attempt(principal, "recording.delete", params.id, async () => {
        const gone = await desk.remove([params.id]);
        if (gone === 0 && (await desk.job(params.id)) !== undefined)
          throw new ApiError(409, "subject.held", "a legal hold on a party of its call keeps it", "id");
        return gone;
      });
      trail.action(principal, "recording.delete", params.id, deleted > 0 ? "done" : "failed");
      if (deleted === 0) throw new ApiError(404, "recording.unknown", GONE, "id");
      return { deleted };
    },
  );
}

async function orderOf(
  { control }: ApiContext,
  body: z.output<typeof recordingOrder>,
  origin: RecordingOrder["origin"],
): Promise<RecordingOrder> {
  const { call_id: callId, recording_url: source, caller, called, language, speakers, priority } = body;
  const canonical = async (number: string | undefined): Promise<string | undefined> =>
    number === undefined ? undefined : control.canonical(number);
  const [from, to] = [await canonical(caller), await canonical(called)];
  return {
    ...{ callId, source, origin, priority },
    ...(from === undefined ? {} : { caller: from }),
    ...(to === undefined ? {} : { called: to }),
    ...(language === undefined ? {} : { language }),
    ...(speakers === undefined ? {} : { speakers }),
  };
}

const STATUS: Readonly<Record<string, number>> = {
  "recording.refused": 403,
  "recording.invalid": 400,
  "recording.deleted": 410,
  "recording.full": 503,
  "store.full": 507,
};

/** These say what is wrong in words that are meant for the client. */
async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const status = error instanceof GatewayError ? STATUS[error.code] : undefined;
    if (!(error instanceof GatewayError) || status === undefined) throw error;
    throw new ApiError(status, error.code, error.message);
  }
}

/** Where in a job each stage begins; pieces lie between `transcribe` and `summarize`. */
const BEGINS: Readonly<Record<Exclude<RecordingStage, "failed">, number>> = {
  download: 0,
  decode: 0.05,
  transcribe: 0.1,
  summarize: 0.9,
  deliver: 0.95,
  done: 1,
};

function progressOf({ stage, pieces, piecesDone }: RecordingJob): number {
  const isFailed = stage === "failed";
  const begun = isFailed ? BEGINS[pieces === 0 ? "download" : "transcribe"] : BEGINS[stage];
  if ((stage !== "transcribe" && !isFailed) || pieces === 0) return begun;
  return Math.round((begun + (BEGINS.summarize - begun) * (piecesDone / pieces)) * 1_000) / 1_000;
}

const jobView = (job: RecordingJob): z.output<typeof recordingAnswer> => ({
  id: job.id,
  call_id: job.callId,
  origin: job.origin,
  stage: job.stage,
  progress: progressOf(job),
  priority: job.priority,
  created_at: isoTime(job.createdAt),
  updated_at: isoTime(job.updatedAt),
  due_at: isoTime(job.dueAt),
  attempts: job.attempts,
  duration_ms: job.durationMs,
  error: job.error ?? null,
  detail: job.detail ?? null,
  state: job.state ?? null,
  score: job.score ?? null,
  kind: job.kind ?? null,
});

const addedView = ({ job, isNew }: { job: RecordingJob; isNew: boolean }) => ({ ...jobView(job), new: isNew });
