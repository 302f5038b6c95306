import { z } from "zod";
import type { TranscriptRecord } from "../../ports/records.js";
import type { Principal } from "../access/permissions.js";
import { mayLookAt, trunksOf } from "../access/scope.js";
import { answers, zodApp, type ApiContext, type Routes } from "../api-context.js";
import { ApiError } from "../errors.js";
import { forgetCalls } from "../forget-calls.js";
import { pageOf } from "../page.js";
import { isoTime, pageQuery } from "../schemas/common.js";
import { nameOf, refuseHeld } from "./subjects.js";
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
  const { store, settle, trail } = context;
  zodApp(app).get(
    "/api/v1/transcripts",
    {
      config: { permission: "read", scoped: true },
      schema: {
        tags: ["transcripts"],
        summary: "Calls whose text is kept, newest first; without the text",
        querystring: z.strictObject({ ...pageQuery, ...transcriptFilter }),
        response: answers(z.array(transcriptAnswer)),
      },
    },
    async ({ query, principal }) => {
      await settle();
      const { a_number: caller, b_number: called, state } = query;
      const filter = {
        ...(caller === undefined ? {} : { caller }),
        ...(called === undefined ? {} : { called }),
        ...(state === undefined ? {} : { state }),
      };
      const found = await trail.list(principal, "transcript", query, () =>
        store.transcripts({ ...pageOf(query), ...filter, ...trunksOf(principal) }),
      );
      return found.map(transcriptView);
    },
  );
  textRoutes(app, context);
};

const textRoutes: Routes = (app, context) => {
  const { trail, settle } = context;
  zodApp(app).get(
    "/api/v1/transcripts/:id",
    {
      config: { permission: "calls.hear", scoped: true },
      schema: {
        tags: ["transcripts"],
        summary: "The text of one call",
        params: idParams,
        response: answers(transcriptTextAnswer),
      },
    },
    async ({ params, principal }) => {
      const answer = await trail.attempt(principal, "transcript.read", params.id, () =>
        read(context, principal, params.id),
      );
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
        summary: "Delete transcripts, audio and recordings of every call from or to a number",
        params: subjectParams,
        response: answers(forgottenAnswer),
      },
    },
    async ({ params, principal }) => {
      await settle();
      const number = await context.control.canonical(params.number);
      const name = nameOf(context, number);
      await trail.attempt(principal, "subject.forget", name, () => refuseHeld(context, number));
      await trail.attempt(principal, "subject.forget", name, () => refuseUnread(context));
      const calls = await trail.attempt(principal, "subject.forget", name, () => forgetCalls(context, number));
      const { recordings: desk } = context;
      const recordings = await trail.attempt(principal, "subject.forget", name, async () => desk?.forget(number));
      const destroy = async (): Promise<boolean> => (await context.subjects?.destroy(number)) ?? false;
      const keyDestroyed = await trail.attempt(principal, "subject.forget", name, destroy);
      const gone = {
        ...calls,
        ...(recordings === undefined ? {} : { recordings: recordings.deleted }),
      };
      const kept = { ...(await keptOf(context, number)), ...(recordings && { recordings_held: recordings.held }) };
      trail.action(principal, "subject.forget", name, "done", { ...gone, keyDestroyed, cdrsKept: kept.cdrs });
      return { number, ...gone, key_destroyed: keyDestroyed, kept };
    },
  );
};

/**
 * What waits on disk is in no table yet: it would come to the store when the deletion is over, and what is held of it under a key that is gone.
 * @throws ApiError 503
 */
async function refuseUnread({ allStored }: ApiContext): Promise<void> {
  if ((await allStored?.()) === false)
    throw new ApiError(503, "store.unavailable", "records wait for the database: nothing was deleted, try again later");
}

/** What the deletion does not reach, so that nobody believes it did: records that the law wants kept, and what is held. */
async function keptOf({ store, callRecords, cdrDays, recordDays }: ApiContext, number: string) {
  const most = { limit: 1_000 };
  const of = [{ caller: number }, { called: number }];
  const cdrs = await Promise.all(of.map((side) => store.cdrs({ ...most, ...side })));
  const records = await Promise.all(of.map(async (side) => (await callRecords?.records({ ...most, ...side })) ?? []));
  const held = await Promise.all(of.map((side) => store.transcripts({ ...most, ...side })));
  return {
    cdrs: cdrs.flat().length,
    ...(cdrDays === undefined ? {} : { cdr_days: cdrDays }),
    ...(callRecords === undefined ? {} : { call_records: records.flat().length }),
    ...(recordDays === undefined ? {} : { call_record_days: recordDays }),
    transcripts_held: held.flat().length,
  };
}

async function read({ store, settle, openTranscript }: ApiContext, principal: Principal, callId: string) {
  await settle();
  const record = await store.transcript(callId);
  if (record === undefined || !mayLookAt(principal, record.trunk)) return undefined;
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
