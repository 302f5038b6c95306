import { unixMs, type UnixMs } from "../../../core/time.js";
import type { AriChannel } from "../ari-contracts.js";
import { isOwnId } from "../own-marks.js";

/** Channels that Asterisk makes for itself: no party is behind them. */
const INNER = /^(?:Snoop|UnicastRTP|MulticastRTP|CBAnn|CBRec|Announcer|Recorder|ConfBridgeRecorder|Bridge|Message)\//;
/** `Local/200@context-00000001;1` and `;2` are the two halves of one. */
const LOCAL = /^(Local\/.+);[12]$/;
/** Asterisk moves a call into a channel named after the one that had it: redirects, transfers of bridged channels. */
const MOVED = /^(?:AsyncGoto|Surrogate|Transfered|Bridge)\/(.+)$/;
/** What runs on the channels that somebody else dialled. */
const DIALLED = new Set(["AppDial", "AppDial2", "AppQueue"]);
/** Subroutines of dialplan/extensions.conf: their extensions are words of ours. Those of `ringfence-refuse` are the numbers dialled. */
const OWN_SUBROUTINE = /^ringfence-(?:check|identity|report|screen|listen(?:-audiosocket|-callee)?|fork|tag)$/;
/** Extensions that are no number: the start, and what a dialplan goes to by itself. */
const NO_NUMBER = new Set(["", "s", "i", "t", "h", "o", "a", "e", "T"]);

/** @returns What both halves of a Local channel have in common; undefined: it is none. */
export const localPair = (name: string): string | undefined => LOCAL.exec(name)?.[1];

/** @returns The name of the channel whose call this one takes over. */
export const movedFrom = (name: string): string | undefined => MOVED.exec(name)?.[1];

/** Nobody calls by it and nobody is called by it. */
export const isInner = ({ id, name }: Pick<AriChannel, "id" | "name">): boolean => isOwnId(id) || INNER.test(name);

/** Somebody calls in by it: a channel that comes into being like this was not made by us or by Dial. */
export const callsIn = (channel: AriChannel): boolean =>
  channel.state === "Ring" && !isInner(channel) && localPair(channel.name) === undefined;

/** The same of one that has been there for some time. What others dialled runs nothing of its own. */
export const calledIn = (channel: AriChannel): boolean =>
  !isInner(channel) &&
  localPair(channel.name) === undefined &&
  movedFrom(channel.name) === undefined &&
  !DIALLED.has(channel.dialplan.app_name ?? "") &&
  channel.state !== "Down";

/** The number that was dialled; undefined: the extension is none. */
export const dialledNumber = ({ dialplan }: AriChannel): string | undefined =>
  NO_NUMBER.has(dialplan.exten) || OWN_SUBROUTINE.test(dialplan.context) ? undefined : dialplan.exten;

/** The number under which it ended; undefined: what a dialplan goes to by itself has names as often as numbers. */
export const numberAtEnd = (channel: AriChannel): string | undefined => {
  const exten = dialledNumber(channel);
  return exten !== undefined && /^[+*#\d]+$/.test(exten) ? exten : undefined;
};

/** The number in what was given to Dial: `12025550102@trunk`, `trunk/12025550102`, `sip:12025550102@host`. */
export function numberOfDialString(text: string): string | undefined {
  const user = text
    .split("@", 1)[0]
    ?.split("/")
    .at(-1)
    ?.replace(/^sips?:/i, "");
  return user === undefined || user === "" ? undefined : user;
}

/** @returns Undefined where it is no time. */
export function timeOf(text: string | undefined): UnixMs | undefined {
  const at = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isFinite(at) ? unixMs(at) : undefined;
}
