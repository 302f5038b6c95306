import type { Command } from "commander";
import { printable } from "../core/printable.js";
import {
  askGateway,
  asksGateway,
  runAtGateway,
  type Connection,
  type ConnectionOptions,
  type Print,
} from "./gateway-http.js";

interface CaseRow {
  readonly case_id: string;
  readonly state: string;
  readonly severity: string;
  readonly rule: string;
  readonly b_number: string;
  readonly updated_at: string;
  readonly alert_count: number;
  readonly acknowledged_by?: string;
  readonly suppressed_by?: string;
  readonly closed_why?: string;
  readonly closed_by?: string;
  readonly message: string;
  readonly recommended: string;
}

interface WholeCase extends CaseRow {
  readonly explanation: string;
  readonly comments: readonly { readonly at: string; readonly author: string; readonly text: string }[];
  readonly deliveries: readonly (Omit<DeliveryRow, "case_id"> & { readonly state: string })[];
}

interface DeliveryRow {
  readonly delivery_id: string;
  readonly case_id: string;
  readonly route: string;
  readonly event: string;
  readonly attempts: number;
  readonly created_at: string;
  readonly last_error?: string;
}

interface CommonOptions extends ConnectionOptions {
  readonly json?: boolean;
}

interface ListOptions extends CommonOptions {
  readonly state?: string;
  readonly limit: string;
}

interface FalsePositiveOptions extends CommonOptions {
  readonly reason: string;
  readonly guardCalled?: string;
  readonly guardCaller?: string;
}

interface RouteOptions extends CommonOptions {
  readonly route?: string;
}

/** `ringfence alerts …`, over the HTTP API of a running gateway. */
export function registerAlerts(program: Command): void {
  const alerts = program.command("alerts").description("alerts by incident, and what became of their deliveries");
  asksGateway(alerts.command("list").description("the newest first"))
    .option("--state <state>", "open, acknowledged, closed or false-positive")
    .option("--limit <rows>", "most rows", "50")
    .action((options: ListOptions) => at(options, (gateway, print) => listCases(gateway, options, print)));
  asksGateway(alerts.command("show").description("one case, with what was said about it and where it was told"))
    .argument("<id>", "of a case or of one of its alerts")
    .action((id: string, options: CommonOptions) => at(options, (gateway, print) => show(gateway, id, options, print)));
  asksGateway(alerts.command("ack").description("you look after it: it is not escalated any more"))
    .argument("<id>", "of a case or of one of its alerts")
    .action((id: string, options: CommonOptions) =>
      at(options, (gateway, print) => change(gateway, id, "ack", undefined, options, print)),
    );
  asksGateway(alerts.command("close").description("it is over, and was real"))
    .argument("<id>", "of a case or of one of its alerts")
    .action((id: string, options: CommonOptions) =>
      at(options, (gateway, print) => change(gateway, id, "close", undefined, options, print)),
    );
  asksGateway(alerts.command("comment").description("say something about it"))
    .argument("<id>", "of a case or of one of its alerts")
    .argument("<text>", "what you have to say")
    .action((id: string, text: string, options: CommonOptions) =>
      at(options, (gateway, print) => comment(gateway, id, text, options, print)),
    );
  asksGateway(alerts.command("false-positive").description("it was no fraud: what was done is undone"))
    .argument("<id>", "of a case or of one of its alerts")
    .option("--reason <text>", "why, for the audit log", "no fraud")
    .option(
      "--guard-called <number>",
      "and nothing about this called number, or prefix with *, is told or cut any more",
    )
    .option("--guard-caller <number>", "the same for a caller")
    .action((id: string, options: FalsePositiveOptions) =>
      at(options, (gateway, print) => falsePositive(gateway, id, options, print)),
    );
  asksGateway(alerts.command("test").description("send a test by a route now"))
    .argument("<route>", "its name in alerts.routes")
    .action((route: string, options: CommonOptions) =>
      at(options, (gateway, print) => test(gateway, route, options, print)),
    );
  asksGateway(alerts.command("dead").description("dead letters, the newest first"))
    .option("--route <name>", "of one route")
    .action((options: RouteOptions) => at(options, (gateway, print) => dead(gateway, options, print)));
  asksGateway(alerts.command("replay").description("dead letters are tried again"))
    .argument("[ids...]", "these deliveries")
    .option("--route <name>", "all of one route")
    .action((ids: string[], options: RouteOptions) =>
      at(options, (gateway, print) => replay(gateway, ids, options, print)),
    );
}

const at = (options: CommonOptions, act: (gateway: Connection, print: Print) => Promise<void>): Promise<void> =>
  runAtGateway("alerts", options, act);

async function listCases(gateway: Connection, { state, limit, json }: ListOptions, print: Print): Promise<void> {
  const query = new URLSearchParams({ limit, ...(state === undefined ? {} : { state }) });
  const cases = (await askGateway(gateway, "GET", `/api/v1/alerts/cases?${query.toString()}`)) as readonly CaseRow[];
  if (json === true) print(JSON.stringify(cases, undefined, 2));
  else if (cases.length === 0) print("no alerts");
  else for (const line of lines(cases)) print(line);
}

/** With whose word it is. */
function stateOf({ state, acknowledged_by: taker, closed_by: closer }: CaseRow): string {
  const by = state === "acknowledged" ? taker : closer;
  return by === undefined ? state : `${state} by ${by}`;
}

const lines = (cases: readonly CaseRow[]): string[] =>
  cases.map((row) =>
    [
      row.case_id,
      row.updated_at,
      row.severity.toUpperCase(),
      row.rule,
      row.b_number,
      stateOf(row),
      `${row.alert_count} alerts`,
      ...(row.suppressed_by === undefined ? [] : [`(${row.suppressed_by})`]),
      ...(row.closed_why === undefined ? [] : [`(${row.closed_why})`]),
    ]
      .map(printable)
      .join("  "),
  );

const pathOf = (id: string): string => `/api/v1/alerts/cases/${encodeURIComponent(id)}`;

async function show(gateway: Connection, id: string, { json }: CommonOptions, print: Print): Promise<void> {
  const of = (await askGateway(gateway, "GET", pathOf(id))) as WholeCase;
  if (json === true) {
    print(JSON.stringify(of, undefined, 2));
    return;
  }
  print(lines([of])[0] ?? "");
  for (const text of [of.message, of.explanation, of.recommended]) print(`  ${printable(text)}`);
  for (const { at: saidAt, author, text } of of.comments) print(`  ${saidAt}  ${printable(`${author}: ${text}`)}`);
  for (const { created_at: madeAt, route, event, state, last_error: why } of of.deliveries)
    print(`  ${madeAt}  ${printable([route, event, state, ...(why === undefined ? [] : [`(${why})`])].join("  "))}`);
}

async function change(
  gateway: Connection,
  id: string,
  verb: "ack" | "close" | "false-positive",
  body: object | undefined,
  { json }: CommonOptions,
  print: Print,
): Promise<void> {
  const row = (await askGateway(gateway, "POST", `${pathOf(id)}/${verb}`, body)) as CaseRow;
  if (json === true) print(JSON.stringify(row, undefined, 2));
  else print(lines([row])[0] ?? "");
}

function falsePositive(gateway: Connection, id: string, options: FalsePositiveOptions, print: Print): Promise<void> {
  const { reason, guardCalled, guardCaller } = options;
  const body = {
    reason,
    ...(guardCalled === undefined ? {} : { guard_called: guardCalled }),
    ...(guardCaller === undefined ? {} : { guard_caller: guardCaller }),
  };
  return change(gateway, id, "false-positive", body, options, print);
}

async function comment(
  gateway: Connection,
  id: string,
  text: string,
  { json }: CommonOptions,
  print: Print,
): Promise<void> {
  const made = (await askGateway(gateway, "POST", `${pathOf(id)}/comments`, { text })) as { readonly id: string };
  print(json === true ? JSON.stringify(made, undefined, 2) : `kept as ${made.id}`);
}

/** @throws Error when the route did not take it. */
async function test(gateway: Connection, route: string, { json }: CommonOptions, print: Print): Promise<void> {
  const path = `/api/v1/alerts/routes/${encodeURIComponent(route)}/test`;
  const answer = (await askGateway(gateway, "POST", path)) as { readonly outcome: string; readonly why?: string };
  if (json === true) print(JSON.stringify(answer, undefined, 2));
  if (answer.outcome !== "sent") throw new Error(`${route}: ${answer.outcome}: ${answer.why ?? "unknown"}`);
  if (json !== true) print(`${route}: sent`);
}

async function dead(gateway: Connection, { route, json }: RouteOptions, print: Print): Promise<void> {
  const query = new URLSearchParams({ state: "dead", limit: "1000", ...(route === undefined ? {} : { route }) });
  const rows = (await askGateway(
    gateway,
    "GET",
    `/api/v1/alerts/deliveries?${query.toString()}`,
  )) as readonly DeliveryRow[];
  if (json === true) print(JSON.stringify(rows, undefined, 2));
  else if (rows.length === 0) print("no dead letters");
  else
    for (const row of rows)
      print(
        [row.delivery_id, row.created_at, row.route, row.event, `${row.attempts} tries`, row.last_error ?? ""]
          .map(printable)
          .join("  "),
      );
}

/** @throws Error when nothing is named. */
async function replay(
  gateway: Connection,
  ids: readonly string[],
  { route, json }: RouteOptions,
  print: Print,
): Promise<void> {
  if (ids.length === 0 && route === undefined)
    throw new Error("name deliveries, as `alerts dead` shows them, or --route");
  const body = { ...(ids.length === 0 ? {} : { ids }), ...(route === undefined ? {} : { route }) };
  const answer = (await askGateway(gateway, "POST", "/api/v1/alerts/deliveries/replay", body)) as { replayed: number };
  print(json === true ? JSON.stringify(answer) : `${answer.replayed} are tried again`);
}
