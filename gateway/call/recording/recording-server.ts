import { CidrTable } from "../../core/cidr.js";
import { sensitiveAddress, sensitiveUri } from "../../core/log.js";
import type { Counter } from "../../core/metrics.js";
import type {
  HeaderEntries,
  IncomingInvite,
  IncomingRequest,
  SipSource,
  TurnedAway,
} from "../../ports/sip-endpoint.js";
import type { SipHeaders } from "../../sip/message/sip-headers.js";
import type { SipRequest } from "../../sip/message/sip-message.js";
import { allValues, firstValue } from "../../sip/message/split-values.js";
import { ownText } from "../../sip/message/text.js";
import { parseSipUri } from "../../sip/message/uri.js";
import { readCiscoForking, type CiscoForking } from "../../sip/siprec/cisco-forking.js";
import { readSipSessionId } from "../../sip/siprec/read-metadata.js";
import { isRecordingClient, recordingMark } from "../../sip/siprec/recognise-recording.js";
import type { CallIdentifier } from "../../sip/siprec/recording-metadata.js";
import { ownAnswer } from "../answers.js";
import type { Refusal } from "../contracts.js";
import { turnAway, turnedAway } from "../turn-away.js";
import { RecordedConversation } from "./recorded-conversation.js";
import type { RecordingDeps, RecordingEnd, RecordingOptions } from "./recording-contracts.js";
import { TOO_SHORT, tooShort } from "./recording-life.js";
import { RECORDING_HEADERS, RecordingSession, type SessionOwner } from "./recording-session.js";
import { SparingWarnings } from "./sparing-warnings.js";

/** Option tags in Require that we can do. 100rel: we send no provisional answer that could be reliable. */
const KNOWN_TAGS: ReadonlySet<string> = new Set(["siprec", "timer", "100rel"]);

type Refused = "source" | "full" | "draining" | "too-large" | "extension" | "timer" | "media";

/**
 * The recording server: takes the recording sessions of session border controllers, call managers and phones (RFC 7866, and the
 * ways of those who do not keep to it), and hands what they bring to the listening side. They bypass the hop: nothing is passed on.
 *
 * Memory: at most `maxSessions` sessions of `maxLines` lines each.
 */
export class RecordingServer implements SessionOwner {
  readonly #deps: RecordingDeps;
  readonly #refused: Readonly<Record<Refused, Counter>>;
  readonly #ended: Counter;
  readonly #warnings: Counter;
  readonly #accepted: Counter;
  readonly #refusals = new SparingWarnings();
  readonly #sessions = new Set<RecordingSession>();
  /** By the id under which they are heard. */
  readonly #conversations = new Map<string, { readonly conversation: RecordedConversation; readonly pair: string }>();
  /** Of which one half is there, or both. */
  readonly #pairs = new Map<string, RecordedConversation>();
  #options: RecordingOptions;
  #sources: CidrTable<true>;
  #users: ReadonlySet<string>;
  #draining = false;
  #closing: Promise<void> | undefined;

  /** @throws RangeError when a network of `sources` is none: check the configuration before. */
  constructor(options: RecordingOptions, deps: RecordingDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#sources = networks(options.sources);
    this.#users = userSet(options.users);
    const { metrics } = deps;
    const refused = metrics.counter("ringfence_recordings_refused_total", "Recording sessions refused", ["why"]);
    const refusals = ["source", "full", "draining", "too-large", "extension", "timer", "media"] as const;
    this.#refused = Object.fromEntries(refusals.map((why) => [why, refused.labels(why)])) as Record<Refused, Counter>;
    this.#accepted = metrics.counter(
      "ringfence_recordings_total",
      "Recording sessions answered: siprec, or fork (of one side of a call)",
      ["kind"],
    );
    this.#ended = metrics.counter("ringfence_recordings_ended_total", "Recording sessions that are over", ["why"]);
    this.#warnings = metrics.counter(
      "ringfence_recording_warnings_total",
      "What was odd about recording sessions that were heard",
      ["warning"],
    );
    const live = metrics.gauge("ringfence_recordings_live", "Recording sessions now");
    const lines = metrics.gauge("ringfence_recording_lines", "Lines of recording sessions that are heard now");
    metrics.onScrape(() => {
      live.set(this.#sessions.size);
      lines.set([...this.#sessions].reduce((sum, session) => sum + session.lines, 0));
    });
  }

  /** Recording sessions now. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Limits hold at once; sessions that are up keep what they began with. @throws RangeError as the constructor. */
  reconfigure(options: RecordingOptions): void {
    this.#sources = networks(options.sources);
    this.#users = userSet(options.users);
    this.#options = options;
  }

  /** Whether that INVITE is ours to answer: it asks to record, whoever sends it. */
  takes({ request }: Pick<IncomingRequest, "request" | "source">): boolean {
    return this.#options.enabled && recordingMark(request, this.#users) !== undefined;
  }

  turnAway({ method }: SipRequest, source: SipSource): TurnedAway | undefined {
    if (method !== "INVITE" || this.#sources.has(source.address)) return undefined;
    return turnedAway(this.#refuseStranger(source), this.#options.serverName);
  }

  onInvite(invite: IncomingInvite): void {
    const { request, source } = invite;
    if (!this.#sources.has(source.address)) {
      turnAway(invite, this.#refuseStranger(source), this.#options.serverName);
      return;
    }
    const refusal = this.#refusalOf(request);
    if (refusal !== undefined) {
      this.#refuse(invite, ...refusal);
      return;
    }
    const forking = readCiscoForking(request.headers.get("from") ?? "");
    const conversation = this.#conversationOf(invite, forking);
    const session = new RecordingSession(this, this.#options, this.#deps, invite, conversation, forking);
    this.#sessions.add(session);
    session.start();
  }

  /** An OPTIONS by which a recording client looks whether we are there. */
  takesRequest({ request, source }: Pick<IncomingRequest, "request" | "source">): boolean {
    if (request.method !== "OPTIONS" || !this.#options.enabled || !this.#sources.has(source.address)) return false;
    const { headers } = request;
    const contact = headers.get("contact");
    return (
      (contact !== undefined && isRecordingClient(firstValue(contact))) ||
      this.#users.has((parseSipUri(request.uri)?.user ?? "").toLowerCase()) ||
      tags(headers, "require").includes("siprec") ||
      this.#deps.hopKnows?.(source.address) === false
    );
  }

  onRequest(request: IncomingRequest): void {
    const { serverName } = this.#options;
    if (this.#draining) request.respond(ownAnswer(503, serverName, [["Retry-After", "60"]]));
    else
      request.respond({ ...ownAnswer(200, serverName, RECORDING_HEADERS), reason: "OK", contactParams: ";+sip.srs" });
  }

  /** Ends a recording, not the call that is recorded. @returns False: no such recording. */
  async endRecording(recordingCallId: string): Promise<boolean> {
    const sessions = [...this.#sessions].filter(({ conversation }) => conversation.callId === recordingCallId);
    await Promise.all(sessions.map((session) => session.end("order")));
    return sessions.length > 0;
  }

  /** New sessions get 503 from now on: their clients turn to another server. Those that are up go on. */
  drain(): void {
    this.#draining = true;
  }

  /** Ends every session with BYE and frees their ports. Safe to call twice. */
  close(): Promise<void> {
    this.#draining = true;
    this.#closing ??= Promise.all([...this.#sessions].map((session) => session.end("close"))).then(() => undefined);
    return this.#closing;
  }

  // What follows is for the sessions.

  sessionUp(session: RecordingSession): void {
    const { conversation, lines, forking } = session;
    this.#accepted.labels(forking === undefined ? "siprec" : "fork").inc();
    this.#countWarnings(conversation);
    this.#deps.log.info("recording.started", {
      call: sensitiveUri(conversation.callId),
      lines,
      warnings: [...conversation.warnings].join(" "),
    });
  }

  sessionOver(session: RecordingSession, end: RecordingEnd | "refused"): void {
    const { conversation } = session;
    this.#sessions.delete(session);
    this.#countWarnings(conversation);
    if (conversation.isOver) {
      const known = this.#conversations.get(conversation.callId);
      this.#conversations.delete(conversation.callId);
      if (known !== undefined && this.#pairs.get(known.pair) === conversation) this.#pairs.delete(known.pair);
    }
    if (end === "refused") this.#refused.media.inc();
    else this.#ended.labels(end).inc();
    this.#deps.log.info("recording.ended", { call: sensitiveUri(conversation.callId), why: end });
  }

  #countWarnings(conversation: RecordedConversation): void {
    for (const warning of conversation.takeNewWarnings()) this.#warnings.labels(warning).inc();
  }

  #refusalOf({ headers, body }: SipRequest): readonly [Refused, number, HeaderEntries?] | undefined {
    if (this.#draining) return ["draining", 503, [["Retry-After", "60"]]];
    if (this.#sessions.size >= this.#options.maxSessions) {
      // Spread, so that those who were refused together do not come back together.
      return ["full", 503, [["Retry-After", String(1 + Math.floor(this.#deps.random.next() * 5))]]];
    }
    if (body.byteLength > this.#options.maxBodyBytes) return ["too-large", 413];
    const unknown = tags(headers, "require").filter((tag) => !KNOWN_TAGS.has(tag));
    if (unknown.length > 0) return ["extension", 420, [["Unsupported", unknown.join(", ")]]];
    return tooShort(headers) ? ["timer", 422, TOO_SHORT.headers] : undefined;
  }

  #refuse(invite: IncomingInvite, why: Refused, status: number, headers: HeaderEntries = []): void {
    this.#note(invite.source, why);
    invite.respond(ownAnswer(status, this.#options.serverName, headers));
  }

  #refuseStranger(source: SipSource): Refusal {
    this.#note(source, "source");
    return this.#deps.refuseStranger?.(source) ?? { status: 403, reason: "Forbidden" };
  }

  #note({ address }: SipSource, why: Refused): void {
    const { clock, log } = this.#deps;
    this.#refused[why].inc();
    const untold = this.#refusals.take(why, clock.mono());
    if (untold !== undefined) log.warn("recording.refused", { source: sensitiveAddress(address), why, untold });
  }

  /** The other half's, where a phone forks each side by itself; else a new one. */
  #conversationOf({ request, source }: IncomingInvite, forking: CiscoForking | undefined): RecordedConversation {
    const pair = forking?.pair ?? "";
    const half = forking === undefined ? undefined : this.#pairs.get(pair);
    if (half?.join(forking?.end) === true) return half;
    const sessionCallId = ownText(request.headers.get("call-id") ?? "");
    const identifiers = identifiersIn(request.headers);
    const conversation = new RecordedConversation(
      { recordingCallId: this.#freeId(sessionCallId), sessionCallId, source, identifiers, forking },
      this.#options,
      this.#deps,
    );
    conversation.join(forking?.end);
    this.#conversations.set(conversation.callId, { conversation, pair });
    if (forking !== undefined) this.#pairs.set(pair, conversation);
    return conversation;
  }

  /** Some clients give the recording session the Call-ID of the call that it records, which the hop may carry. */
  #freeId(callId: string): string {
    const isFree = !this.#conversations.has(callId) && this.#deps.isTaken?.(callId) !== true;
    return isFree ? callId : `${callId}~${this.#deps.random.token(4)}`;
  }
}

/** Names of the recorded call that stand in headers of the recording session. */
function identifiersIn(headers: SipHeaders): readonly CallIdentifier[] {
  const value = (key: string): string => (headers.get(key) ?? "").trim();
  const found: CallIdentifier[] = readSipSessionId(value("session-id")).filter(({ kind }) => kind === "session-id");
  found.push({ kind: "guid", value: value("cisco-guid") });
  found.push({ kind: "ucid", value: (value("user-to-user").split(";", 1)[0] ?? "").trim() });
  found.push({ kind: "tracking", value: value("x-broadworks-correlation-info") });
  return found.filter((each) => each.value !== "" && each.value.length <= MOST_IDENTIFIER);
}

const MOST_IDENTIFIER = 256;

const tags = (headers: SipHeaders, key: string): readonly string[] =>
  headers.has(key) ? allValues(headers, key).map((tag) => tag.toLowerCase()) : [];

const userSet = (users: readonly string[]): ReadonlySet<string> => new Set(users.map((user) => user.toLowerCase()));

function networks(sources: readonly string[]): CidrTable<true> {
  const table = CidrTable.of(sources.map((source) => [source, true] as const));
  if (!table.ok) throw new RangeError(`recording.sources: ${table.error.text} is no network`);
  return table.value;
}
