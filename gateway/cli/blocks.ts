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

interface BlockRow {
  readonly block_id: string;
  readonly b_number: string;
  readonly a_number?: string;
  readonly a_prefix?: string;
  readonly trunk?: string;
  readonly incident_id?: string;
  readonly expires_at: string;
  readonly created_by: string;
  readonly reason: string;
  readonly warning?: string;
}

interface CommonOptions extends ConnectionOptions {
  readonly json?: boolean;
}

interface AddOptions extends CommonOptions {
  readonly caller?: string;
  readonly prefix?: string;
  readonly trunk?: string;
  readonly ttl: string;
  readonly reason: string;
}

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `ringfence blocks list|add|remove`, over the HTTP API of a running gateway. */
export function registerBlocks(program: Command): void {
  const blocks = program.command("blocks").description("who is refused at which number");
  asksGateway(blocks.command("list").description("blocks in force")).action((options: CommonOptions) =>
    runAtGateway("blocks", options, (gateway, print) => listBlocks(gateway, options.json === true, print)),
  );
  asksGateway(blocks.command("add").description("refuse some callers to one number for a time"))
    .argument(
      "<number>",
      "the called number that is protected; read by the number plan of --trunk, else of the default trunk",
    )
    .option("--caller <number>", "refuse this caller")
    .option("--prefix <digits>", "refuse callers that start with this")
    .option("--trunk <name>", "refuse calls of this trunk")
    .option("--ttl <duration>", "how long: 90s, 30m, 2h, 1d", "1h")
    .option("--reason <text>", "why, for the audit log", "operator")
    .action((number: string, options: AddOptions) =>
      runAtGateway("blocks", options, (gateway, print) => addBlock(gateway, number, options, print)),
    );
  asksGateway(blocks.command("remove").description("lift a block"))
    .argument("<id>", "the block's id, as `blocks list` shows it")
    .action((id: string, options: CommonOptions) =>
      runAtGateway("blocks", options, (gateway, print) => removeBlock(gateway, id, options.json === true, print)),
    );
}

export async function listBlocks(gateway: Connection, json: boolean, print: Print): Promise<void> {
  const blocks = (await askGateway(gateway, "GET", "/api/v1/blocks")) as readonly BlockRow[];
  if (json) print(JSON.stringify(blocks, undefined, 2));
  else if (blocks.length === 0) print("no blocks in force");
  else for (const line of table(blocks)) print(line);
}

/** @throws Error when the options name no callers or no duration, or the gateway refuses. */
export async function addBlock(gateway: Connection, number: string, options: AddOptions, print: Print): Promise<void> {
  const { caller, prefix, trunk, ttl, reason } = options;
  if (caller === undefined && prefix === undefined && trunk === undefined) {
    throw new Error("name the callers: --caller, --prefix or --trunk");
  }
  const ttlMs = readDuration(ttl);
  if (ttlMs === undefined) throw new Error(`--ttl is a number with s, m, h or d, not ${ttl}`);
  const block = (await askGateway(gateway, "POST", "/api/v1/blocks", {
    b_number: number,
    ...(caller === undefined ? {} : { a_number: caller }),
    ...(prefix === undefined ? {} : { a_prefix: prefix }),
    ...(trunk === undefined ? {} : { trunk }),
    ttl_ms: ttlMs,
    reason,
  })) as BlockRow;
  if (options.json === true) print(JSON.stringify(block, undefined, 2));
  else print(`added ${block.block_id}: ${whoOf(block)} → ${block.b_number} until ${block.expires_at}`);
  if (options.json !== true && block.warning !== undefined) print(`warning: ${block.warning}`);
}

export async function removeBlock(gateway: Connection, id: string, json: boolean, print: Print): Promise<void> {
  const block = (await askGateway(gateway, "DELETE", `/api/v1/blocks/${encodeURIComponent(id)}`)) as BlockRow;
  if (json) print(JSON.stringify(block, undefined, 2));
  else print(`removed ${block.block_id}: ${whoOf(block)} → ${block.b_number}`);
}

/** `90s`, `30m`, `2h`, `1d` in ms. */
function readDuration(text: string): number | undefined {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  const unitMs = UNITS_MS[match?.[2] ?? ""];
  return match === null || unitMs === undefined ? undefined : Number(match[1]) * unitMs;
}

const whoOf = (block: BlockRow): string =>
  [
    block.a_number,
    block.a_prefix === undefined ? undefined : `${block.a_prefix}…`,
    block.trunk === undefined ? undefined : `trunk ${block.trunk}`,
  ]
    .filter((part) => part !== undefined)
    .join(", ");

function table(blocks: readonly BlockRow[]): string[] {
  const rows = [
    ["ID", "CALLERS", "TO", "UNTIL", "BY", "REASON"],
    ...blocks.map((block) => [
      block.block_id,
      whoOf(block),
      block.b_number,
      block.expires_at,
      block.created_by,
      block.reason,
    ]),
  ].map((row) => row.map(printable));
  const widths = rows.reduce<number[]>((most, row) => row.map((cell, i) => Math.max(most[i] ?? 0, cell.length)), []);
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
