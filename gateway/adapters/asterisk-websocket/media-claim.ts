import type { Speaker } from "../../../detection/index.js";
import type { MediaClaim } from "../../ports/media-connections.js";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MOST_TEXT = 256;
const SPEAKERS: ReadonlySet<string> = new Set(["caller", "callee", "agent"] satisfies Speaker[]);

/**
 * What the dialplan wrote into the URI: `v(uuid=…)`, announced before; or `v(call=…,speaker=caller,caller=…,called=…)`, optionally `trunk`
 * and `language`.
 *
 * @returns Undefined: neither; `bad`: something of it makes no sense.
 */
export function claimOf(query: URLSearchParams): MediaClaim | "bad" | undefined {
  const uuid = query.get("uuid")?.toLowerCase();
  if (uuid !== undefined) return UUID.test(uuid) ? { kind: "uuid", uuid } : "bad";
  const callId = query.get("call");
  if (callId === null) return undefined;
  const speaker = query.get("speaker") ?? "caller";
  const caller = numberOf(query.get("caller"));
  const called = numberOf(query.get("called"));
  const trunk = query.get("trunk") ?? undefined;
  const language = query.get("language") ?? undefined;
  const isSane =
    callId !== "" &&
    SPEAKERS.has(speaker) &&
    [callId, caller, called, trunk ?? ""].every((each) => each.length <= MOST_TEXT && !hasControls(each)) &&
    (language === undefined || /^[a-z]{2}$/.test(language));
  if (!isSane) return "bad";
  return { kind: "named", callId, speaker: speaker as Speaker, caller, called, trunk, language };
}

/** A plus that was not escaped has become a space. */
const numberOf = (text: string | null): string => (text ?? "").replaceAll(" ", "+");

const hasControls = (text: string): boolean => /[\u0000-\u001f\u007f]/.test(text);
