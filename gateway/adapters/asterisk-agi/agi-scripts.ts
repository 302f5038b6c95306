import { asteriskCallId } from "../../core/asterisk-call-id.js";
import { GatewayError } from "../../core/errors.js";
import type { AnnouncedMedia, AnnouncedStream } from "../../ports/announced-media.js";
import type { AskedCall, CallVerdict, CallVerdicts, EndedCall } from "../../ports/call-verdict.js";
import { setVariable, verbose } from "./agi-command.js";
import type { AgiReply } from "./agi-conversation.js";
import { readAgiCall, type AgiCall, type AgiOption } from "./agi-options.js";
import type { AgiRequest } from "./agi-request.js";
import { callerProof } from "./caller-proof.js";

/** The Asterisk that a request comes from. */
export interface AskingServer {
  readonly id: string;
  /** Of its calls, where the dialplan names none. */
  readonly trunk?: string;
}

export interface AgiScriptDeps {
  readonly verdicts: CallVerdicts;
  /** @param named What the dialplan says, if anything. @param address Of the connection. */
  readonly serverOf: (named: string | undefined, address: string) => AskingServer;
  /** Takes the audio of calls. Absent: nobody listens to audio that Asterisk brings. */
  readonly media?: Pick<AnnouncedMedia, "announce">;
}

export interface AgiScriptReply extends AgiReply {
  /** Known scripts by name, the rest as `other`. */
  readonly script: "check" | "report" | "listen" | "other";
  /** Options that nobody reads. */
  readonly unread: readonly string[];
}

/** What may be asked over AGI. `check`: shall this call go on? `report`: it is over. `listen`: its audio is about to come. Never throws. */
export function replyTo(request: AgiRequest, address: string, deps: AgiScriptDeps): AgiScriptReply {
  const call = readAgiCall(request);
  const { unread } = call;
  if (call.script === "check") return { ...check(request, call, address, deps), script: "check", unread };
  if (call.script === "report") return { ...report(request, call, address, deps), script: "report", unread };
  if (call.script === "listen") return { ...listen(request, call, address, deps), script: "listen", unread };
  const message = `ringfence: no such AGI script ${call.script.slice(0, 64)}; there are: check, report, listen`;
  return { commands: [verbose(message, 1)], outcome: "unknown-script", script: "other", unread };
}

type Reply = Pick<AgiScriptReply, "commands" | "outcome">;

function check(request: AgiRequest, call: AgiCall, address: string, { verdicts, serverOf }: AgiScriptDeps): Reply {
  const server = serverOf(call.options.get("server"), address);
  const callId = callIdOf(request, call, server);
  if (callId === undefined) return { commands: verdictCommands(NO_VERDICT, undefined), outcome: "unavailable" };
  const verdict = verdicts.ask({ callId, ...asked(request, call, server) });
  return {
    commands: verdictCommands(verdict, call.options.get("language")),
    outcome: verdict.reason === "unavailable" ? "unavailable" : "answered",
  };
}

function report(request: AgiRequest, call: AgiCall, address: string, { verdicts, serverOf }: AgiScriptDeps): Reply {
  const server = serverOf(call.options.get("server"), address);
  const callId = callIdOf(request, call, server);
  if (callId === undefined) return { commands: [], outcome: "unavailable" };
  verdicts.ended({ callId, ...factsOf(call) });
  return { commands: [], outcome: "answered" };
}

const LISTENING = "RINGFENCE_LISTENING";
const SPEAKERS = ["caller", "callee", "agent"] as const;
const CODECS = ["slin", "ulaw", "alaw", "g722"] as const;

/** The dialplan is told whether the audio will be taken: `RINGFENCE_LISTENING` is `yes` or `no`. */
function listen(request: AgiRequest, call: AgiCall, address: string, deps: AgiScriptDeps): Reply {
  const server = deps.serverOf(call.options.get("server"), address);
  const callId = callIdOf(request, call, server);
  const uuid = call.options.get("uuid");
  const no: Reply = { commands: [setVariable(LISTENING, "no")], outcome: "unavailable" };
  if (callId === undefined || uuid === undefined || deps.media === undefined) return no;
  try {
    deps.media.announce(uuid, { callId, ...streamOf(request, call, server) });
  } catch (error) {
    // Announced already, no UUID, too many: the call goes on unheard.
    if (error instanceof GatewayError) return no;
    throw error;
  }
  return { commands: [setVariable(LISTENING, "yes")], outcome: "answered" };
}

function streamOf(request: AgiRequest, call: AgiCall, server: AskingServer): Omit<AnnouncedStream, "callId"> {
  const { caller, called, trunk } = asked(request, call, server);
  const { options } = call;
  const language = /^[a-z]{2}/i.exec(options.get("language") ?? "")?.[0].toLowerCase();
  const codec = CODECS.find((each) => each === options.get("codec"));
  return {
    speaker: SPEAKERS.find((each) => each === options.get("speaker")) ?? "caller",
    caller,
    called,
    ...(trunk === undefined ? {} : { trunk }),
    ...(language === undefined ? {} : { language }),
    ...(codec === undefined ? {} : { codec }),
  };
}

const NO_VERDICT: CallVerdict = { callId: "", verdict: "allow", score: 0, reason: "unavailable" };

/** The verdict last: when it is there, all of it is. */
function verdictCommands(
  { callId, score, reason, verdict }: CallVerdict,
  language: string | undefined,
): readonly string[] {
  return [
    ...(language === undefined ? [] : [setVariable("RINGFENCE_LANGUAGE", language)]),
    setVariable("RINGFENCE_CALL_ID", callId),
    setVariable("RINGFENCE_SCORE", score.toFixed(2)),
    setVariable("RINGFENCE_REASON", reason),
    setVariable("RINGFENCE_VERDICT", verdict),
  ];
}

/** Longest unique id of Asterisk, and its channel names, are 149 characters. */
const MAX_UNIQUE_ID = 149;

function callIdOf({ fields }: AgiRequest, { options }: AgiCall, server: AskingServer): string | undefined {
  const told = options.get("callid");
  if (told !== undefined) return told;
  const uniqueId = options.get("uniqueid") ?? fields.get("uniqueid") ?? "";
  return uniqueId === "" || uniqueId.length > MAX_UNIQUE_ID ? undefined : asteriskCallId(server.id, uniqueId);
}

function asked({ fields }: AgiRequest, { options }: AgiCall, server: AskingServer): Omit<AskedCall, "callId"> {
  const trunk = options.get("trunk") ?? server.trunk;
  const known = yesOrNo(options.get("known"));
  const sipCallId = options.get("sipcallid");
  const legMark = options.get("leg");
  const proof = callerProof(options.get("identity"), options.get("attestation"));
  return {
    caller: options.get("caller") ?? told(fields.get("callerid")) ?? "",
    called: options.get("called") ?? told(fields.get("dnid")) ?? told(fields.get("extension")) ?? "",
    server: server.id,
    withheld: isWithheld(options.get("presentation") ?? fields.get("callingpres") ?? ""),
    ...(trunk === undefined ? {} : { trunk }),
    ...(sipCallId === undefined ? {} : { sipCallId }),
    ...(legMark === undefined ? {} : { legMark }),
    ...(known === undefined ? {} : { known }),
    ...(proof === undefined ? {} : { proof }),
  };
}

/** Asterisk writes `unknown` for what it does not know. */
const told = (value: string | undefined): string | undefined =>
  value === undefined || value === "" || value === "unknown" ? undefined : value;

/** `prohib…`, or Q.931 §4.5.10 in decimal as `agi_callingpres` has it: bits 7–6 are 01, presentation restricted. */
const isWithheld = (presentation: string): boolean =>
  /^prohib/i.test(presentation) || (/^\d{1,3}$/.test(presentation) && (Number(presentation) & 0x60) === 0x20);

function yesOrNo(text: string | undefined): boolean | undefined {
  const word = text?.toLowerCase();
  if (word === "yes" || word === "1" || word === "true") return true;
  return word === "no" || word === "0" || word === "false" ? false : undefined;
}

function factsOf({ options }: AgiCall): Omit<EndedCall, "callId"> {
  const cause = wholeNumber(options, "cause", 127);
  const duration = wholeNumber(options, "seconds", MAX_SECONDS);
  const talked = wholeNumber(options, "talkseconds", MAX_SECONDS);
  return {
    ...(cause === undefined || cause === 0 ? {} : { cause }),
    ...(duration === undefined ? {} : { durationMs: duration * 1_000 }),
    ...(talked === undefined ? {} : { talkedMs: talked * 1_000 }),
  };
}

/** A year. */
const MAX_SECONDS = 31_536_000;

function wholeNumber(options: AgiCall["options"], name: AgiOption, most: number): number | undefined {
  const text = options.get(name) ?? "";
  const value = /^\d{1,9}$/.test(text) ? Number(text) : -1;
  return value >= 0 && value <= most ? value : undefined;
}
