import { z } from "zod";
import type { TranscriptRecord } from "../../ports/records.js";
import { answers, zodApp, type ApiContext, type Routes } from "../api-context.js";
import { ApiError } from "../errors.js";
import { pageOf } from "../page.js";
import { isoTime, pageQuery } from "../schemas/common.js";
import { idParams } from "../schemas/records.js";
import {
  forgottenAnswer,
  subjectParams,
  transcriptAnswer,
  transcriptFilter,
  transcriptTextAnswer,
} from "../schemas/transcripts.js";

interface KeptLine {
  readonly speaker: string;
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly confidence?: number;
  readonly language?: string;
}

/** Kept transcripts: which there are, their text (every reading is audited), and deletion by subject. */
export const transcriptRoutes: Routes = (app, context) => {
  const { store, settle } = context;
  zodApp(app).get(
    "/api/v1/transcripts",
    {
      config: { permission: "read" },
      schema: {
        tags: ["transcripts"],
        summary: "Calls whose text is kept, newest first; without the text",
        querystring: z.strictObject({ ...pageQuery, ...transcriptFilter }),
        response: answers(z.array(transcriptAnswer)),
      },
    },
    async ({ query }) => {
      await settle();
      const { a_number: caller, b_number: called, state } = query;
      const filter = {
        ...(caller === undefined ? {} : { caller }),
        ...(called === undefined ? {} : { called }),
        ...(state === undefined ? {} : { state }),
      };
      return (await store.transcripts({ ...pageOf(query), ...filter })).map(transcriptView);
    },
  );
  textRoutes(app, context);
};

const textRoutes: Routes = (app, context) => {
  const { store, trail, settle } = context;
  zodApp(app).get(
    "/api/v1/transcripts/:id",
    {
      config: { permission: "calls.hear" },
      schema: {
        tags: ["transcripts"],
        summary: "The text of one call",
        params: idParams,
        response: answers(transcriptTextAnswer),
      },
    },
    async ({ params, principal }) => {
      const answer = await trail.attempt(principal, "transcript.read", params.id, () => read(context, params.id));
      trail.action(principal, "transcript.read", params.id, answer === undefined ? "failed" : "done");
      if (answer === undefined)
        throw new ApiError(404, "transcript.unknown", "no transcript of that call is kept", "id");
      return answer;
    },
  );
  zodApp(app).delete(
    "/api/v1/subjects/:number",
    {
      config: { permission: "administer" },
      schema: {
        tags: ["transcripts"],
        summary: "Delete transcripts and audio of every call from or to a number",
        params: subjectParams,
        response: answers(forgottenAnswer),
      },
    },
    async ({ params, principal }) => {
      await settle();
      const number = await context.control.canonical(params.number);
      const callIds = await trail.attempt(principal, "subject.forget", number, () => store.forgetSubject(number));
      const forgetAudio = async (): Promise<number> => (await context.forgetAudio?.(callIds)) ?? 0;
      const audio = await trail.attempt(principal, "subject.forget", number, forgetAudio);
      trail.action(principal, "subject.forget", number, "done", { transcripts: callIds.length, audio });
      return { number, transcripts: callIds.length, audio };
    },
  );
};

async function read({ store, settle, openTranscript }: ApiContext, callId: string) {
  await settle();
  const record = await store.transcript(callId);
  if (record === undefined) return undefined;
  if (openTranscript === undefined) throw new ApiError(409, "transcript.sealed", "the keys are not here", "id");
  const { lines } = JSON.parse(openTranscript(record)) as { readonly lines: readonly KeptLine[] };
  return {
    ...transcriptView(record),
    lines: lines.map(({ speaker, text, startMs, endMs, ...rest }) => ({
      speaker,
      text,
      start_ms: startMs,
      end_ms: endMs,
      ...rest,
    })),
  };
}

const transcriptView = (record: TranscriptRecord) => ({
  call_id: record.callId,
  a_number: record.caller,
  b_number: record.called,
  trunk: record.trunk,
  ended_at: isoTime(record.endedAt),
  state: record.state,
  score: record.score,
  kind: record.kind,
  stage: record.stage,
});
