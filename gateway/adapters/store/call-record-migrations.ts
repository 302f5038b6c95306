/** One entry of `MIGRATIONS`: call records of all sources. Never edit what has been released, append an entry there. */
export const CALL_RECORDS: readonly string[] = [
  `create table call_records (
    source text not null, id text not null, user_name text not null, direction text not null, caller text not null,
    called text not null, country text, site text, outcome text not null, started_at bigint not null,
    duration_ms bigint not null, international boolean not null, record jsonb not null, primary key (source, id))`,
  `create index call_records_by_start on call_records (started_at, id)`,
  `create index call_records_by_user on call_records (user_name, started_at)`,
  `create index call_records_by_caller on call_records (caller, started_at)`,
  `create index call_records_by_called on call_records (called, started_at)`,
  `create table findings (
    id text primary key, rule text not null, mode text not null, severity text not null, subject text not null,
    state text not null, first_at bigint not null, at bigint not null, record_count integer not null,
    finding jsonb not null)`,
  `create index findings_by_time on findings (first_at, id)`,
  `create index findings_by_subject on findings (subject, first_at)`,
  `create table intake_positions (name text primary key, at bigint not null, value jsonb not null)`,
  `alter table alerts add column finding jsonb`,
];

/** One entry of `MIGRATIONS`: settings that were changed. */
export const SETTING_CHANGES: readonly string[] = [
  `create table setting_changes (
    id text primary key, user_name text not null, site text, at bigint not null, setting text not null,
    target text, change jsonb not null)`,
  `create index setting_changes_by_time on setting_changes (at, id)`,
  `create index setting_changes_by_user on setting_changes (user_name, at)`,
];

/** One entry: records that no detector saw yet. The others, also those of before, have null. */
export const UNJUDGED_RECORDS: readonly string[] = [
  `alter table call_records add column unjudged boolean`,
  `create index call_records_unjudged on call_records (started_at, id, source) where unjudged`,
];

/**
 * Another entry: what a call's recordings and its journey are looked up by, and cases of alerts by reports. Cut, as a Call-ID may be
 * longer than an index takes: whoever looks compares the whole as well.
 */
export const CALL_RECORD_LINKS: readonly string[] = [
  `create index call_records_by_call on call_records (left(record ->> 'callId', 256))`,
  ...["correlation", "related", "transfer"].map(
    (link) => `create index call_records_by_${link} on call_records (left(record -> 'links' ->> '${link}', 256))
      where record -> 'links' ->> '${link}' is not null`,
  ),
  `create index alert_cases_by_opening on alert_cases (opened_at, id)`,
];
