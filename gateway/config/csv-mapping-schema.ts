import { z } from "zod";
import { RECORD_FIELDS, type RecordField } from "../core/record-fields.js";
import { fail, ok, type Result } from "../core/result.js";

const name = z.string().min(1).max(128);

function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}

const source = z
  .strictObject({
    column: z.union([name, z.array(name).min(1).max(8)]).optional(),
    join: z.boolean().optional(),
    value: z.string().max(256).optional(),
    values: z.record(z.string().max(256), z.string().max(256)).optional(),
    format: z.string().min(4).max(64).optional(),
    unit: z.enum(["s", "ms", "min"]).optional(),
    extract: z.string().max(256).refine(isPattern, "not a regular expression").optional(),
  })
  .refine(({ column, value }) => column !== undefined || value !== undefined, "needs column or value")
  .transform(({ column, ...rest }) => ({
    ...rest,
    columns: column === undefined ? [] : typeof column === "string" ? [column] : column,
  }));

const field = z.union([name.transform((column) => ({ columns: [column] })), source]);

const csvMappingSchema = z.strictObject({
  name: name.default("mapping"),
  columns: z.array(z.string().max(128)).min(1).max(512).optional(),
  delimiter: z.string().length(1).optional(),
  timeZone: z.string().max(64).optional(),
  decimal: z.enum([".", ","]).optional(),
  shortRows: z.boolean().optional(),
  source: z.enum(["csv", "asterisk", "webex"]).default("csv"),
  skip: z.record(name, z.array(z.string().max(256)).max(64)).optional(),
  fields: z.strictObject(Object.fromEntries(RECORD_FIELDS.map((each) => [each, field.optional()])) as Fields),
});

type Fields = Record<RecordField, z.ZodOptional<typeof field>>;

export type ReadMapping = z.output<typeof csvMappingSchema>;

/** A mapping file's content. @returns Every problem with its path. */
export function readMapping(content: unknown): Result<ReadMapping, readonly string[]> {
  const read = csvMappingSchema.safeParse(content);
  if (read.success) return ok(read.data);
  return fail(
    read.error.issues.map((issue) => {
      const path = issue.path.map(String).join(".");
      if (issue.code === "unrecognized_keys")
        return `${path === "" ? "" : `${path}: `}unknown: ${issue.keys.join(", ")}`;
      return `${path === "" ? "(root)" : path}: ${issue.message}`;
    }),
  );
}
