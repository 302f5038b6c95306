import type { GatewayControl, EventVerdict, SwitchEvent } from "../../ports/gateway-control.js";
import { answers, zodApp, type ApiContext, type Routes } from "../api-context.js";
import { ApiError } from "../errors.js";
import { switchEvent } from "../event-reader.js";
import { batchAnswer, batchBody, eventAnswer, eventBody, type EventAnswer } from "../schemas/switch-contract.js";
import { verdictView } from "../views.js";

/** Events a message to the SIP thread: a large batch must not hold up calls there. */
const EVENTS_PER_MESSAGE = 200;
const EVENTS = { permission: "events.report", events: true } as const;

/** Where a switch reports calls and gets the verdict back: `/event`, `/events/batch` and their `/api/v1/fraud` twins. */
export const eventRoutes: Routes = (app, context) => {
  for (const url of ["/event", "/api/v1/fraud/events"]) {
    zodApp(app).post(
      url,
      {
        config: EVENTS,
        schema: {
          tags: ["switch"],
          summary: "Report one call, get the verdict",
          body: eventBody,
          response: answers(eventAnswer),
        },
      },
      async (request) => {
        const [verdict] = await context.control.reportEvents([switchEvent(request.body)]);
        if (verdict === undefined) throw new ApiError(500, "internal", "no verdict came back");
        return verdictView(verdict);
      },
    );
  }
  for (const url of ["/events/batch", "/api/v1/fraud/events/batch"]) {
    zodApp(app).post(
      url,
      {
        config: EVENTS,
        bodyLimit: context.options.limits.maxBodyBytes,
        schema: {
          tags: ["switch"],
          summary: "Report several calls; a bare array is taken too. One verdict each, a bad event is rejected alone",
          body: batchBody,
          response: answers(batchAnswer),
        },
        // Each event is judged by itself below: one bad event must not cost the verdicts of the others.
        validatorCompiler: () => (data: unknown) => ({ value: data }),
      },
      async (request) => {
        const results = await reportBatch(context, readEnvelope(request.body, context.options.limits.maxBatchEvents));
        return { processed: results.filter((result) => result.status === "processed").length, results };
      },
    );
  }
};

function readEnvelope(body: unknown, most: number): readonly unknown[] {
  const holder = typeof body === "object" && body !== null && "events" in body ? body.events : undefined;
  const events: unknown = Array.isArray(body) ? body : holder;
  if (!Array.isArray(events)) throw new ApiError(400, "request.invalid", "expected an array of events", "events");
  if (events.length > most)
    throw new ApiError(413, "request.too-many-events", `at most ${most} events in one batch`, "events");
  return events as readonly unknown[];
}

async function reportBatch(context: ApiContext, raw: readonly unknown[]): Promise<readonly EventAnswer[]> {
  const results = new Array<EventAnswer | undefined>(raw.length);
  const good: { readonly index: number; readonly event: SwitchEvent }[] = [];
  for (const [index, each] of raw.entries()) {
    const read = eventBody.safeParse(each);
    if (read.success) good.push({ index, event: switchEvent(read.data) });
    else results[index] = rejected(each, index, read.error.issues[0]);
  }
  for (let from = 0; from < good.length; from += EVENTS_PER_MESSAGE) {
    const part = good.slice(from, from + EVENTS_PER_MESSAGE);
    const verdicts = await verdictsOf(
      context.control,
      part.map(({ event }) => event),
    );
    for (const [offset, { index }] of part.entries()) {
      const verdict = verdicts[offset];
      if (verdict !== undefined) results[index] = verdictView(verdict);
    }
  }
  return results.map((result, index) => result ?? rejected(raw[index], index, { message: "no verdict came back" }));
}

async function verdictsOf(control: GatewayControl, events: readonly SwitchEvent[]): Promise<readonly EventVerdict[]> {
  const verdicts = await control.reportEvents(events);
  if (verdicts.length !== events.length) throw new ApiError(500, "internal", "verdicts are missing");
  return verdicts;
}

interface Issue {
  readonly message: string;
  readonly path?: readonly PropertyKey[];
}

function rejected(raw: unknown, index: number, issue: Issue | undefined): EventAnswer {
  const given: unknown = typeof raw === "object" && raw !== null && "call_id" in raw ? raw.call_id : undefined;
  const path = ["events", index, ...(issue?.path ?? [])].join(".");
  return {
    status: "rejected",
    detected: false,
    call_id: typeof given === "string" ? given.slice(0, 512) : "",
    verdict: "allow",
    reason: `${path}: ${issue?.message ?? "not valid"}`,
  };
}
