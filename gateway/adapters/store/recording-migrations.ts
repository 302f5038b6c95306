/** One entry of `MIGRATIONS`: jobs of recordings. Never edit what has been released, append an entry there. */
export const RECORDING_JOBS: readonly string[] = [
  `create table recording_jobs (
    id text primary key, home text not null, call_id text not null, origin text not null, caller text, called text,
    priority integer not null, stage text not null, created_at bigint not null, updated_at bigint not null,
    stage_since bigint not null, due_at bigint not null, attempts integer not null, pieces integer not null,
    pieces_done integer not null, duration_ms bigint not null, error text, detail text, state text,
    score double precision, kind text, sealed_order text not null, sealed_result text)`,
  `create index recording_jobs_work on recording_jobs (home, priority desc, created_at, id)
    where stage in ('download', 'decode', 'transcribe', 'summarize')`,
  `create index recording_jobs_work_due on recording_jobs (home, due_at)
    where stage in ('download', 'decode', 'transcribe', 'summarize')`,
  `create index recording_jobs_deliver on recording_jobs (home, priority desc, created_at, id) where stage = 'deliver'`,
  `create index recording_jobs_deliver_due on recording_jobs (home, due_at) where stage = 'deliver'`,
  `create index recording_jobs_by_time on recording_jobs (created_at, id)`,
  `create index recording_jobs_ended on recording_jobs (updated_at) where stage in ('done', 'failed')`,
  `create index recording_jobs_by_stage on recording_jobs (stage)`,
  `create index recording_jobs_by_call on recording_jobs (call_id)`,
  `create index recording_jobs_by_caller on recording_jobs (caller)`,
  `create index recording_jobs_by_called on recording_jobs (called)`,
];

/**
 * What was deleted is not made anew by the source that still lists it; time of failing is not time of waiting; what is begun goes before what is not.
 * An id is a hash of call id and source: nothing of the call is in it.
 */
export const RECORDING_ENDS: readonly string[] = [
  `create table recording_tombstones (id text primary key, at bigint not null)`,
  `create index recording_tombstones_by_time on recording_tombstones (at)`,
  `alter table recording_jobs add column failing_since bigint`,
  `create index recording_jobs_fetch on recording_jobs (home, priority desc, created_at, id) where stage = 'download'`,
  `create index recording_jobs_fetch_due on recording_jobs (home, due_at) where stage = 'download'`,
  `create index recording_jobs_begun on recording_jobs (home, priority desc, created_at, id)
    where stage in ('decode', 'transcribe', 'summarize')`,
  `create index recording_jobs_begun_due on recording_jobs (home, due_at)
    where stage in ('decode', 'transcribe', 'summarize')`,
  `drop index recording_jobs_work`,
  `drop index recording_jobs_work_due`,
];
