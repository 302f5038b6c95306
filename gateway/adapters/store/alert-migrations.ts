/**
 * Cases and the outbox. `alerts.taken_at` is what makes the outbox safe: an alert is written with it empty, and it is set in the
 * transaction that makes the alert's case and its deliveries. Alerts of before this version count as taken.
 */
export const ALERT_CASES: readonly string[] = [
  `alter table alerts add column taken_at bigint, add column case_id text`,
  `update alerts set taken_at = detected_at`,
  `create index alerts_untaken on alerts (detected_at, id) where taken_at is null`,
  `create table alert_cases (
    id text primary key, key text not null, state text not null, severity text not null, opened_at bigint not null,
    updated_at bigint not null, closed_at bigint, incident_ids jsonb not null, deadline_at bigint, data jsonb not null)`,
  `create index alert_cases_by_key on alert_cases (key, updated_at)`,
  `create index alert_cases_by_time on alert_cases (updated_at, id)`,
  `create index alert_cases_due on alert_cases (deadline_at) where deadline_at is not null`,
  `create index alert_cases_going_on on alert_cases (updated_at) where closed_at is null`,
  `create table alert_deliveries (
    id text primary key, case_id text not null, route text not null, state text not null, attempts integer not null,
    created_at bigint not null, next_at bigint not null, sent_at bigint, last_error text, notice jsonb not null)`,
  `create index alert_deliveries_waiting on alert_deliveries (route, next_at) where state = 'waiting'`,
  `create index alert_deliveries_dead on alert_deliveries (created_at, id) where state = 'dead'`,
  `create index alert_deliveries_by_case on alert_deliveries (case_id, created_at)`,
  `create index alert_deliveries_by_time on alert_deliveries (created_at, id)`,
  `create table alert_comments (
    id text primary key, case_id text not null, at bigint not null, author text not null, body text not null)`,
  `create index alert_comments_by_case on alert_comments (case_id, at)`,
  `create table alert_guards (
    id text primary key, side text not null, number text not null, case_id text not null, created_at bigint not null,
    expires_at bigint, created_by text not null, reason text not null)`,
];

/** When the first try of a delivery failed that no success followed: it is given up by time. */
export const ALERT_RETRIES: readonly string[] = [`alter table alert_deliveries add column failing_since bigint`];

/** The most severe first: those behind a backlog do not wait for it. */
export const SEVEREST_FIRST = `case severity when 'critical' then 0 when 'high' then 1 when 'medium' then 2 else 3 end`;
export const ALERT_URGENCY: readonly string[] = [
  `drop index alerts_untaken`,
  `create index alerts_untaken on alerts ((${SEVEREST_FIRST}), detected_at, id) where taken_at is null`,
];

/**
 * Cases follow their incidents: from those that are open, or were closed of late, to the cases that speak of them. What these say is
 * in columns, as `data` is long and kept apart from its row.
 */
export const ALERT_COUNTS: readonly string[] = [
  `alter table alert_cases
    add column latest_incident text generated always as (data -> 'latest' ->> 'incidentId') stored,
    add column said_calls bigint generated always as ((data -> 'latest' ->> 'callCount')::bigint) stored,
    add column said_callers bigint generated always as ((data -> 'latest' ->> 'callerCount')::bigint) stored`,
  `create index alert_cases_by_incident on alert_cases (latest_incident)`,
  `create index incidents_by_close on incidents (closed_at) where closed_at is not null`,
];
