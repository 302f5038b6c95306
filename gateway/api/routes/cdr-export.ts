import { z } from "zod";
import type { Cdr } from "../../../detection/index.js";
import { CDR_CSV_HEADER, cdrCsvLine, cdrJsonLine } from "../../core/cdr-format.js";
import { askedFor } from "../access/audit-trail.js";
import { trunksOf } from "../access/scope.js";
import { answers, zodApp, type Routes } from "../api-context.js";
import { rangeOf } from "../page.js";
import { rangeQuery, text } from "../schemas/common.js";

const name = text(256).min(1).optional();
export const cdrFilter = {
  caller: name.describe("Canonical caller"),
  called: name.describe("Canonical called number"),
  trunk: name,
  cause: name.describe("normal, refused, fraud, …"),
};

const FORMATS = { csv: "text/csv; charset=utf-8", jsonl: "application/x-ndjson; charset=utf-8" } as const;

/** `GET /api/v1/cdrs/export`: everything that matches, oldest first, streamed a page at a time. */
export const exportCdrs: Routes = (app, { store, settle, trail, log }) => {
  zodApp(app).get(
    "/api/v1/cdrs/export",
    {
      config: { permission: "read", scoped: true },
      // The answer is a stream: its time is bounded by the connection's, not by the handler's.
      handlerTimeout: 24 * 3_600_000,
      schema: {
        tags: ["records"],
        summary: "Call detail records as CSV or JSON lines, oldest first",
        querystring: z.strictObject({ ...rangeQuery, ...cdrFilter, format: z.enum(["csv", "jsonl"]).default("csv") }),
        response: answers(z.string()),
      },
    },
    async ({ query, principal }, reply) => {
      const { format, since, before, ...filter } = query;
      await settle();
      const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
      const pages = store.exportCdrs({ ...given, ...trunksOf(principal), ...rangeOf({ since, before }) });
      // The first page is awaited, so that a store that is down answers 503 and not a cut stream.
      const iterator = pages[Symbol.asyncIterator]();
      const first = await trail.attempt(principal, "cdr.export", format, () => iterator.next());
      trail.action(principal, "cdr.export", format, "done", { format, ...askedFor({ since, before, ...filter }) });
      const onFailure = (cause: unknown): void => log.error("api.export-cut", {}, cause);
      return reply
        .type(FORMATS[format])
        .header("content-disposition", `attachment; filename="cdrs.${format}"`)
        .send(streamOf(lines(first, iterator, format), onFailure));
    },
  );
};

async function* lines(
  first: IteratorResult<readonly Cdr[], unknown>,
  rest: AsyncIterator<readonly Cdr[], unknown>,
  format: keyof typeof FORMATS,
): AsyncGenerator<string> {
  try {
    const line = format === "csv" ? cdrCsvLine : cdrJsonLine;
    if (format === "csv") yield CDR_CSV_HEADER;
    for (let page = first; page.done !== true; page = await rest.next()) {
      yield page.value.map(line).join("");
    }
  } finally {
    await rest.return?.();
  }
}

/** Pulled by the client's reading, so a slow reader costs no memory. */
function streamOf(source: AsyncGenerator<string>, onFailure: (cause: unknown) => void): ReadableStream {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      try {
        const next = await source.next();
        if (next.done === true) controller.close();
        else controller.enqueue(encoder.encode(next.value));
      } catch (error) {
        onFailure(error);
        controller.error(error);
      }
    },
    async cancel() {
      await source.return(undefined);
    },
  });
}
