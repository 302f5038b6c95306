/** What chan_websocket tells in its text messages. Asterisk: channels/chan_websocket.c, `_create_event_*` */
export type MediaEvent =
  | { readonly event: "MEDIA_START"; readonly format: string; readonly optimalFrameBytes: number }
  /** Its queue is nearly full: send nothing more; or it has room again. */
  | { readonly event: "MEDIA_XOFF" }
  | { readonly event: "MEDIA_XON" }
  | { readonly event: "QUEUE_DRAINED" }
  | { readonly event: "MEDIA_BUFFERING_COMPLETED"; readonly id: string }
  | { readonly event: "MEDIA_MARK_PROCESSED"; readonly id: string }
  | { readonly event: "DTMF_END"; readonly digit: string }
  | { readonly event: "STATUS" }
  /** It could not do what it was told. */
  | { readonly event: "ERROR"; readonly text: string };

export interface ReadMediaEvent {
  readonly told: MediaEvent;
  /** It speaks JSON, and wants to be spoken to so (`control_message_format`, or `f(json)`). */
  readonly json: boolean;
}

/** What chan_websocket does. `handle_command` of the same file; it takes 128 characters at most. */
export type MediaCommand =
  | { readonly command: "ANSWER" | "HANGUP" | "FLUSH_MEDIA" | "GET_STATUS" | "REPORT_QUEUE_DRAINED" }
  | { readonly command: "PAUSE_MEDIA" | "CONTINUE_MEDIA" | "START_MEDIA_BUFFERING" }
  | { readonly command: "STOP_MEDIA_BUFFERING" | "MARK_MEDIA"; readonly id: string };

const MOST_TEXT = 65_536;

/** @returns Undefined: none of its events. May be fed anything. */
export function readMediaEvent(text: string): ReadMediaEvent | undefined {
  if (text.length > MOST_TEXT) return undefined;
  const json = text.trimStart().startsWith("{");
  const fields = json ? fieldsOfJson(text) : fieldsOfText(text);
  const told = fields && eventOf(fields);
  return told && { told, json };
}

type Fields = ReadonlyMap<string, string>;

function fieldsOfJson(text: string): Fields | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const fields = new Map<string, string>();
  for (const [name, each] of Object.entries(value)) {
    if (typeof each === "string" || typeof each === "number") fields.set(name, String(each));
  }
  return fields;
}

/** `NAME key:value key:value`, or `NAME id`. */
function fieldsOfText(text: string): Fields {
  const [event = "", ...words] = text.trim().split(" ");
  const fields = new Map([["event", event]]);
  if (event.endsWith("_COMPLETED") || event.endsWith("_PROCESSED")) {
    return fields.set("correlation_id", words.join(" "));
  }
  for (const word of words) {
    const colon = word.indexOf(":");
    if (colon > 0) fields.set(word.slice(0, colon), word.slice(colon + 1));
  }
  const saidAt = text.indexOf("error_text:");
  if (saidAt >= 0) fields.set("error_text", text.slice(saidAt + "error_text:".length));
  return fields;
}

function eventOf(fields: Fields): MediaEvent | undefined {
  const event = fields.get("event");
  switch (event) {
    case "MEDIA_START":
      return { event, format: fields.get("format") ?? "", optimalFrameBytes: sizeOf(fields.get("optimal_frame_size")) };
    case "MEDIA_XOFF":
    case "MEDIA_XON":
    case "QUEUE_DRAINED":
    case "STATUS":
      return { event };
    case "MEDIA_BUFFERING_COMPLETED":
    case "MEDIA_MARK_PROCESSED":
      return { event, id: fields.get("correlation_id") ?? "" };
    case "DTMF_END": {
      const digit = fields.get("digit") ?? "";
      return digit.length === 1 ? { event, digit } : undefined;
    }
    case "ERROR":
      return { event, text: fields.get("error_text") ?? "" };
    default:
      return undefined;
  }
}

const sizeOf = (text: string | undefined): number => (/^\d{1,6}$/.test(text ?? "") ? Number(text) : 0);

export function writeMediaCommand(told: MediaCommand, json: boolean): string {
  const id = "id" in told ? told.id : undefined;
  if (json) return JSON.stringify({ command: told.command, ...(id === undefined ? {} : { correlation_id: id }) });
  return id === undefined ? told.command : `${told.command} ${id}`;
}
