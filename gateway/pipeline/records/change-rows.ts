import {
  FORWARD_KINDS,
  NUMBER_CLASSES,
  type ForwardKind,
  type NumberClass,
  type SettingChange,
  type SiteCalendar,
  type UnixMs,
} from "../../../detection/index.js";
import { csvCell, unguarded } from "../../core/cdr-format.js";
import { fail, ok, type Result } from "../../core/result.js";
import { columnKey } from "./csv-mapping.js";
import type { RecordNormaliser } from "./normaliser.js";
import type { RowError } from "./raw-call.js";
import { timeReader, type TimeReader } from "./read-time.js";

interface ChangeColumn {
  readonly name: string;
  /** For the guide. */
  readonly meaning: string;
  readonly write: (change: SettingChange) => string | boolean | undefined;
}

/** Changed settings as CSV: written by the generator, read by imports and reports. */
export const CHANGE_COLUMNS: readonly ChangeColumn[] = [
  { name: "id", meaning: "unique for ever; user, kind and time where it is missing", write: ({ id }) => id },
  { name: "user", meaning: "whose setting it is; must be there", write: ({ user }) => user },
  { name: "site", meaning: "of the user, as in `records.sites`", write: ({ site }) => site },
  {
    name: "changed_at",
    meaning: "when it was changed, as times above; must be there",
    write: ({ at }) => new Date(at).toISOString(),
  },
  { name: "setting", meaning: "`call-forwarding`, which is also what an empty cell means", write: (c) => c.setting },
  {
    name: "kind",
    meaning: "when calls are sent on: as `forward_kind` above; must be there",
    write: ({ kind }) => kind,
  },
  { name: "enabled", meaning: "`true` where there is a target, unless it says otherwise", write: (c) => c.enabled },
  { name: "target", meaning: "where calls go; empty: nowhere any more", write: ({ target }) => target },
  { name: "country", meaning: "of the target, ISO 3166-1 alpha-2", write: ({ country }) => country },
  { name: "number_class", meaning: "of the target", write: ({ numberClass }) => numberClass },
  {
    name: "international",
    meaning: "`true`: the target is in another country than the site",
    write: ({ international }) => international,
  },
  { name: "external", meaning: "`true`: the target is none of our own numbers", write: ({ external }) => external },
  { name: "by", meaning: "who changed it", write: ({ by }) => by },
];

/** The header line, with its line end. RFC 4180 §2 */
export const CHANGE_HEADER = `${CHANGE_COLUMNS.map(({ name }) => name).join(",")}\r\n`;

/** One change as a line, with its line end. */
export const changeLine = (change: SettingChange): string =>
  `${CHANGE_COLUMNS.map(({ write }) => csvCell(write(change))).join(",")}\r\n`;

/** Is it a file of changed settings, by its first row? */
export function isChangeHeader(firstRow: readonly string[]): boolean {
  const names = new Set(firstRow.map(columnKey));
  return ["user", "changed_at", "kind"].every((name) => names.has(name));
}

const KINDS = new Set<string>(FORWARD_KINDS);
const CLASSES = new Set<string>(NUMBER_CLASSES);
const MAX_CELL = 256;

const bad = (code: RowError["code"], field: string, found = ""): Result<never, RowError> =>
  fail({ code, field, found: found.slice(0, 60) });

/** Reads rows of changed settings. What the row does not say of the target is worked out from its number. */
export class ChangeRows {
  readonly #places: ReadonlyMap<string, number>;
  readonly #width: number;
  readonly #normaliser: RecordNormaliser;
  readonly #readTime: TimeReader;

  /** @param zone Of times that name none. */
  constructor(header: readonly string[], normaliser: RecordNormaliser, zone: SiteCalendar | undefined) {
    this.#places = new Map(header.map((name, index) => [columnKey(name), index]));
    this.#width = header.length;
    this.#normaliser = normaliser;
    this.#readTime = timeReader(zone);
  }

  read(cells: readonly string[]): Result<SettingChange, RowError> {
    if (cells.length !== this.#width) return bad("record.columns", "", `${cells.length} cells, not ${this.#width}`);
    const text = (name: string): string =>
      unguarded((cells[this.#places.get(name) ?? -1] ?? "").trim().slice(0, MAX_CELL));
    const [user, changedAt, kind, site] = [text("user"), text("changed_at"), text("kind"), text("site")];
    if (user === "") return bad("record.missing", "user");
    if (changedAt === "") return bad("record.missing", "changed_at");
    const at = this.#readTime(changedAt);
    if (at === undefined)
      return bad(/^\d{1,2}[./-]\d/.test(changedAt) ? "record.date" : "record.field", "changed_at", changedAt);
    if (!KINDS.has(kind)) return bad(kind === "" ? "record.missing" : "record.field", "kind", kind);
    const setting = text("setting");
    if (setting !== "" && setting !== "call-forwarding") return bad("record.field", "setting", setting);
    const numberClass = text("number_class");
    if (numberClass !== "" && !CLASSES.has(numberClass)) return bad("record.field", "number_class", numberClass);
    return ok(this.#change(text, { user, site, kind: kind as ForwardKind, at, numberClass }));
  }

  #change(
    text: (name: string) => string,
    read: {
      readonly user: string;
      readonly site: string;
      readonly kind: ForwardKind;
      readonly at: UnixMs;
      readonly numberClass: string;
    },
  ): SettingChange {
    const { user, site, kind, at, numberClass } = read;
    const [id, country, by] = [text("id"), text("country"), text("by")];
    const facts = this.#normaliser.target(text("target"), site === "" ? undefined : site);
    return {
      id: id === "" ? this.#normaliser.idOf(`${user}|${kind}|${at}`) : id,
      user,
      ...(site === "" ? {} : { site }),
      at,
      setting: "call-forwarding",
      kind,
      enabled: flag(text("enabled"), facts.target !== undefined),
      ...facts,
      ...(/^[A-Z]{2}$/.test(country) ? { country } : {}),
      ...(numberClass === "" ? {} : { numberClass: numberClass as NumberClass }),
      international: flag(text("international"), facts.international),
      external: flag(text("external"), facts.external),
      ...(by === "" ? {} : { by }),
    };
  }
}

function flag(text: string, otherwise: boolean): boolean {
  const word = text.toLowerCase();
  if (word === "true" || word === "1" || word === "yes" || word === "y") return true;
  return word === "false" || word === "0" || word === "no" || word === "n" ? false : otherwise;
}

/** One change as the store and older generators have it. */
export function changeOfJson(line: string): Result<SettingChange, RowError> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return bad("record.field", "JSON", line);
  }
  if (typeof value !== "object" || value === null) return bad("record.field", "JSON", line);
  const { id, user, site, at, setting, kind, enabled, target, country, numberClass, international, external, by } =
    value as Readonly<Record<string, unknown>>;
  if (!isText(id) || !isText(user)) return bad("record.missing", isText(id) ? "user" : "id");
  if (typeof at !== "number" || !(at >= 0 && at <= 8.64e15)) return bad("record.field", "at", String(at));
  if (setting !== "call-forwarding") return bad("record.field", "setting", String(setting));
  if (typeof kind !== "string" || !KINDS.has(kind)) return bad("record.field", "kind", String(kind));
  if (typeof numberClass !== "string" || !CLASSES.has(numberClass))
    return bad("record.field", "numberClass", String(numberClass));
  for (const [name, each] of Object.entries({ enabled, international, external }))
    if (typeof each !== "boolean") return bad("record.field", name, String(each));
  return ok({
    id,
    user,
    ...(isText(site) ? { site } : {}),
    at: at as UnixMs,
    setting,
    kind: kind as ForwardKind,
    enabled: enabled === true,
    ...(isText(target) ? { target } : {}),
    ...(typeof country === "string" && /^[A-Z]{2}$/.test(country) ? { country } : {}),
    numberClass: numberClass as NumberClass,
    international: international === true,
    external: external === true,
    ...(isText(by) ? { by } : {}),
  });
}

const isText = (value: unknown): value is string =>
  typeof value === "string" && value.length > 0 && value.length <= MAX_CELL;
