import { withoutControls, type AgiRequest } from "./agi-request.js";

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
  /** `no`: the dialplan gives none, so that what looks like one was smuggled in with a value. */
  "arguments",
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
 * Script and options: `agi://host/check?server=pbx1&trunk=north,known=yes`. What the query names, empty or not, no argument changes: the
 * query comes before all that a caller can reach, an argument may have been smuggled in. What is empty, as an unset variable of the
 * dialplan is, counts as not given; what is too long is cut.
 */
export function readAgiCall({ fields, args }: AgiRequest): AgiCall {
  const whole = fields.get("network_script") ?? "";
  const mark = whole.indexOf("?");
  const path = mark < 0 ? whole : whole.slice(0, mark);
  const query = mark < 0 ? [] : whole.slice(mark + 1).split("&");
  const options = new Map<AgiOption, string>();
  const unread = new Set<string>();
  const named = new Set<string>();
  const take = (text: string, isArgument: boolean): void => {
    const equals = text.indexOf("=");
    const name = (equals < 0 ? text : text.slice(0, equals)).trim().toLowerCase();
    const value = equals < 0 ? "" : withoutControls(text.slice(equals + 1)).trim();
    if (isOption(name)) {
      if (!isArgument) named.add(name);
      else if (named.has(name)) return;
      if (value !== "") options.set(name, value.slice(0, MAX_VALUE));
    } else if (name !== "" && unread.size < MAX_UNREAD) unread.add(name.slice(0, 32));
  };
  for (const part of query) take(decoded(part), false);
  if (options.get("arguments")?.toLowerCase() !== "no") for (const argument of args) take(argument, true);
  return { script: path.replace(/^\/+|\/+$/g, ""), options, unread: [...unread] };
}

const isOption = (name: string): name is AgiOption => (AGI_OPTIONS as readonly string[]).includes(name);

/** Byte by byte: what is not UTF-8, or no escape, does not keep the rest from being read. */
function decoded(text: string): string {
  const bytes = Buffer.from(text, "utf8").toString("latin1");
  const plain = bytes.replace(/%([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(plain, "latin1").toString("utf8");
}
