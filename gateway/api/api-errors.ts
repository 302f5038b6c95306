/**
 * What the HTTP API answers beside the codes of `ERRORS`: requests that cannot be done. docs/reference/errors.md is
 * generated from both tables.
 */
export const API_ERRORS = {
  "alert.unknown": { status: "404", meaning: "No case or alert has that id." },
  "auth.forbidden": { status: "403", meaning: "The role of the key or token may not do this, or its teams may not." },
  "auth.refused": {
    status: "401",
    meaning: "The secret or signature of a recordings webhook is missing, wrong or too old.",
  },
  "auth.required": { status: "401", meaning: "No key or token came, or one that is not taken; the message says why." },
  "block.unknown": { status: "404", meaning: "No block has that id." },
  "call.unheard": { status: "404", meaning: "Nobody listens to that call." },
  "case.closed": { status: "409", meaning: "The case is closed: nothing was changed." },
  "case.false-positive": { status: "409", meaning: "The case is marked as a false positive: nothing was changed." },
  "finding.unknown": { status: "404", meaning: "No finding of call records has that id." },
  "guard.full": { status: "409", meaning: "As many numbers are marked as honest as may be; nothing was marked." },
  "guard.unknown": { status: "404", meaning: "No number marked as honest has that id." },
  "hold.unknown": { status: "404", meaning: "There is no legal hold on that number." },
  "incident.unknown": { status: "404", meaning: "No incident has that id." },
  internal: { status: "500", meaning: "A fault of ours; the log has it (`api.failed`)." },
  "rate.limited": { status: "429", meaning: "Too many requests a minute of that key or source; see `Retry-After`." },
  "record.unknown": { status: "404", meaning: "No call record has that id." },
  "recording.not-failed": { status: "409", meaning: "Only a recording that has failed can be worked on again." },
  "recording.unknown": { status: "404", meaning: "No recording has that id, or it has no result (yet)." },
  "reports.off": { status: "503", meaning: "No reports are made here." },
  "request.content-length": { status: "400", meaning: "The body is not as long as its Content-Length says." },
  "request.invalid": { status: "400", meaning: "A field is missing or not valid; `path` names it." },
  "request.malformed": { status: "400, 431", meaning: "Not readable as HTTP, the URL cannot be read, or no JSON." },
  "request.malformed-json": { status: "400", meaning: "The body is no JSON." },
  "request.media-type": { status: "415", meaning: "The body is not of a type that this route reads." },
  "request.method": { status: "405", meaning: "Another method is needed here; `Allow` says which." },
  "request.not-found": { status: "404", meaning: "No such route, or what it is about is not switched on." },
  "request.refused": { status: "4xx", meaning: "The HTTP server refused the request; the message says why." },
  "request.timed-out": { status: "408, 503", meaning: "The request took too long to arrive, or its answer to make." },
  "request.too-large": { status: "413", meaning: "The body has more bytes than may be sent." },
  "request.too-many-events": { status: "413", meaning: "More events in one batch than may be sent." },
  "route.unknown": { status: "404", meaning: "No alert route (`alerts.routes`) has that name." },
  "subject.held": { status: "409", meaning: "A legal hold keeps what was to be deleted." },
  "trace.unknown": { status: "404", meaning: "No SIP trace has that id." },
  "transcript.sealed": { status: "409", meaning: "The transcript is there, the keys that open it are not." },
  "transcript.unknown": { status: "404", meaning: "No transcript of that call is kept." },
} as const satisfies Record<string, ApiErrorKind>;

interface ApiErrorKind {
  /** With which HTTP status it is answered. */
  readonly status: string;
  readonly meaning: string;
}

export type ApiErrorCode = keyof typeof API_ERRORS;
