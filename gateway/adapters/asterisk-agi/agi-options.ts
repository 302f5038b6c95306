import type { AgiRequest } from "./agi-request.js";

/** What the dialplan may say beside what Asterisk says by itself. Case does not count. */
export const AGI_OPTIONS = [
  /** `asterisk.servers[].id`. */
  "server",
  "trunk",
  /** Numbers, where the dialplan knows better than the channel. */
  "caller",
  "called",
  /** `${CALLERID(num-pres)}` */
  "presentation",
  /** Unique id of the channel that called in, where another one asks. */
  "uniqueid",
  /** `${RINGFENCE_CALL_ID}`: as it was told before; wins over the unique id. */
  "callid",
  /** `${CHANNEL(pjsip,call-id)}` */
  "sipcallid",
  /** `${PJSIP_HEADER(read,X-Ringfence-Leg)}`: a Call-ID that a caller chose makes no call the hop's. */
  "leg",
  /** `yes`: the house knows the caller. */
  "known",
  /** `${STIR_SHAKEN(0,verify_result)}`, `${STIR_SHAKEN(0,attestation)}`; a verstat value will do. */
  "identity",
  "attestation",
  /** Of the prompts and of what is said. `check` hands it back in RINGFENCE_LANGUAGE. */
  "language",
  /** `report`: Q.850 cause, seconds from start and from answer to the end. */
  "cause",
  "seconds",
  "talkseconds",
  /** `listen`: what the audio connection says to be recognised, whose sound it brings, and in which coding. */
  "uuid",
  "speaker",
  "codec",
] as const;
export type AgiOption = (typeof AGI_OPTIONS)[number];

export interface AgiCall {
  /** `check`, `report`; whatever stands in front of the `?`, without slashes around it. */
  readonly script: string;
  readonly options: ReadonlyMap<AgiOption, string>;
  /** Names that nobody reads: a slip in the dialplan. */
  readonly unread: readonly string[];
}

const MAX_VALUE = 256;
const MAX_UNREAD = 8;

/**
 * Script and options: `agi://host/check?server=pbx1&trunk=north,known=yes`. An argument wins over the query. What is empty, as an unset
 * variable of the dialplan is, counts as not given; what is too long is cut.
 */
export function readAgiCall({ fields, args }: AgiRequest): AgiCall {
  const whole = fields.get("network_script") ?? "";
  const mark = whole.indexOf("?");
  const path = mark < 0 ? whole : whole.slice(0, mark);
  const query = mark < 0 ? [] : whole.slice(mark + 1).split("&");
  const options = new Map<AgiOption, string>();
  const unread = new Set<string>();
  const take = (text: string): void => {
    const equals = text.indexOf("=");
    const name = (equals < 0 ? text : text.slice(0, equals)).trim().toLowerCase();
    const value = equals < 0 ? "" : text.slice(equals + 1).trim();
    if (isOption(name)) {
      if (value !== "") options.set(name, value.slice(0, MAX_VALUE));
    } else if (name !== "" && unread.size < MAX_UNREAD) unread.add(name.slice(0, 32));
  };
  for (const part of query) take(decoded(part));
  for (const argument of args) take(argument);
  return { script: path.replace(/^\/+|\/+$/g, ""), options, unread: [...unread] };
}

const isOption = (name: string): name is AgiOption => (AGI_OPTIONS as readonly string[]).includes(name);

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
