import type {
  HeaderEntries,
  IncomingInvite,
  IncomingRequest,
  SipDialog,
  SipDialogUser,
} from "../../ports/sip-endpoint.js";
import { srtpSuiteOf } from "../../media/srtp/srtp-suite.js";
import { NO_BODY, type SipRequest } from "../../sip/message/sip-message.js";
import type { CiscoForking } from "../../sip/siprec/cisco-forking.js";
import { readMetadata } from "../../sip/siprec/read-metadata.js";
import { ownLine, recordingAnswer, type AnsweredLine } from "../../sip/siprec/recording-answer.js";
import { readRecordingBody, type RecordingBody } from "../../sip/siprec/recording-body.js";
import { readRecordingSdp, type RecordedLine, type RecordingSdpOptions } from "../../sip/siprec/recording-sdp.js";
import { ownAnswer } from "../answers.js";
import type { RecordedConversation } from "./recorded-conversation.js";
import type { RecordingDeps, RecordingEnd, RecordingOptions } from "./recording-contracts.js";
import { RecordingLife } from "./recording-life.js";
import { RecordingStreams } from "./recording-streams.js";
import { monoMs } from "../../core/time.js";

/** What a session tells the server that made it. */
export interface SessionOwner {
  /** It was answered: from now on it is heard. */
  sessionUp(session: RecordingSession): void;
  /** Nothing of it is left but a BYE that may be under way. Exactly once. */
  sessionOver(session: RecordingSession, end: RecordingEnd | "refused"): void;
}

export const RECORDING_ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO";
export const RECORDING_HEADERS: HeaderEntries = [
  ["Allow", RECORDING_ALLOW],
  ["Accept", "application/sdp, application/rs-metadata, application/rs-metadata+xml"],
  ["Supported", "siprec, timer"],
];
const SRS = ";+sip.srs";

type SessionDeps = Pick<RecordingDeps, "heard" | "media" | "clock" | "random" | "log">;

/**
 * One recording session, RFC 7866: the dialog with a recording client, at the end of the recording server. Answers its offers,
 * takes its metadata, hears its lines.
 */
export class RecordingSession implements SipDialogUser {
  readonly conversation: RecordedConversation;
  readonly forking: CiscoForking | undefined;
  readonly #owner: SessionOwner;
  readonly #options: RecordingOptions;
  readonly #deps: SessionDeps;
  readonly #invite: IncomingInvite;
  readonly #streams: RecordingStreams;
  readonly #life: RecordingLife;
  readonly #sdpOptions: RecordingSdpOptions;
  readonly #sdpSession: string;
  #version = 0;
  #dialog: SipDialog | undefined;
  #answered: readonly AnsweredLine[] = [];
  /** A description is being worked on. */
  #busy = false;
  /** Our 2xx made an offer; the ACK answers it. */
  #offered = false;
  #acked = false;
  #over = false;
  #sayBye: (() => void) | undefined;

  constructor(
    owner: SessionOwner,
    options: RecordingOptions,
    deps: SessionDeps,
    invite: IncomingInvite,
    conversation: RecordedConversation,
    forking: CiscoForking | undefined,
  ) {
    this.#owner = owner;
    this.#options = options;
    this.#deps = deps;
    this.#invite = invite;
    this.conversation = conversation;
    this.forking = forking;
    this.#sdpSession = String(Number.parseInt(deps.random.token(6), 16));
    this.#sdpOptions = { maxLines: options.maxLines, knowsSuite: (suite) => srtpSuiteOf(suite) !== undefined };
    const { idleMs, learnSource, receiveTimeoutMs, keepAliveMs } = options;
    this.#life = new RecordingLife(deps.clock, keepAliveMs, () => void this.end("dead"));
    this.#streams = new RecordingStreams(
      {
        callId: conversation.callId,
        family: invite.source.address.includes(":") ? 6 : 4,
        idleMs,
        learnSource,
        receiveTimeoutMs,
        onIdle: () => this.#life.doubt(),
      },
      deps,
    );
  }

  /** Lines that are heard now. */
  get lines(): number {
    return this.#streams.size;
  }

  start(): void {
    const invite = this.#invite;
    invite.onCancel = () => {
      this.#refuse(invite, 487);
      this.#finish("client");
    };
    invite.onGone = () => {
      if (this.#dialog === undefined) this.#finish("dead");
    };
    const body = this.#learn(invite.request);
    void this.#guarded(invite, () => this.#answerFirst(invite, body));
  }

  async #answerFirst(invite: IncomingInvite, body: RecordingBody): Promise<void> {
    const offered = body.sdp === undefined ? this.#ownLines() : this.#read(body.sdp);
    if (offered?.some(({ refused }) => refused === undefined) !== true) {
      this.#refuse(invite, 488);
      this.#finish("refused");
      return;
    }
    await this.#describe(offered, body.sdp === undefined);
    if (this.#over) return;
    if (this.#streams.size === 0 && !this.conversation.isSpared) {
      this.#refuse(invite, 503, [["Retry-After", String(1 + Math.floor(this.#deps.random.next() * 5))]]);
      this.#finish("refused");
      return;
    }
    this.#offered = body.sdp === undefined;
    const timer = this.#life.agree(invite.request.headers);
    this.#respondWithSdp(invite, timer.headers);
    this.#dialog = invite.dialog();
    if (this.#dialog === undefined) {
      this.#finish("fault");
      return;
    }
    this.#dialog.user = this;
    this.#life.start(this.#dialog);
    this.#owner.sessionUp(this);
  }

  onRequest(request: IncomingRequest): void {
    const { method } = request.request;
    if (this.#over) {
      this.#refuse(request, method === "BYE" ? 200 : 481);
      return;
    }
    this.#life.heard();
    const isTooLarge = request.request.body.byteLength > this.#options.maxBodyBytes;
    if (isTooLarge && method !== "BYE") this.#refuse(request, 413);
    else if (method === "BYE") {
      if (!isTooLarge) this.#learn(request.request);
      request.respond(this.#answer(200));
      this.#finish("client");
    } else if (method === "INVITE" || method === "UPDATE") this.#update(request);
    else if (method === "INFO") {
      this.#learn(request.request);
      this.#tell();
      request.respond(this.#answer(200));
    } else if (method === "OPTIONS") request.respond(this.#answer(200, RECORDING_HEADERS));
    else if (method === "PRACK") this.#refuse(request, 481);
    else this.#refuse(request, 405, [["Allow", RECORDING_ALLOW]]);
  }

  onAck(ack: SipRequest): void {
    this.#acked = true;
    if (this.#over) {
      this.#sayBye?.();
      return;
    }
    this.#life.heard();
    if (!this.#offered) return;
    this.#offered = false;
    const { sdp } = readRecordingBody(ack.headers.get("content-type"), ack.body);
    const answered = sdp === undefined ? undefined : this.#read(sdp);
    if (answered?.some(({ refused }) => refused === undefined) !== true) void this.end("no-media");
    else this.#streams.settle(answered);
  }

  onAckTimeout(): void {
    // The BYE need not wait for the ACK any more.
    this.#acked = true;
    if (this.#over) this.#sayBye?.();
    else void this.end("no-ack");
  }

  /**
   * We end it, with BYE; before its answer went out with 480. What the client records goes on without us.
   * @returns When the client has answered, or does not any more.
   */
  end(why: Exclude<RecordingEnd, "client">): Promise<void> {
    if (this.#over) return Promise.resolve();
    const dialog = this.#dialog;
    this.#finish(why);
    if (dialog === undefined) {
      this.#refuse(this.#invite, why === "fault" ? 500 : 480);
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const { clock } = this.#deps;
      const cancel = clock.callAt(monoMs(clock.mono() + this.#options.closeTimeoutMs), resolve);
      const done = (): void => {
        cancel();
        resolve();
      };
      this.#sayBye = () => {
        this.#sayBye = undefined;
        dialog.request({ method: "BYE" }, { onFinal: done });
      };
      // RFC 3261 §15: not before the ACK.
      if (this.#acked) this.#sayBye();
    });
  }

  /** A re-INVITE or UPDATE: hold, new lines, lines that are gone, metadata, or only a sign of life. */
  #update(request: IncomingRequest): void {
    const { headers } = request.request;
    if (this.#busy || this.#offered) {
      // RFC 3261 §14.2, RFC 3311 §5.2: the last description is not settled yet.
      this.#refuse(request, 500, [["Retry-After", String(Math.floor(this.#deps.random.next() * 11))]]);
      return;
    }
    const timer = this.#life.agree(headers);
    if (!timer.ok) {
      this.#refuse(request, timer.status, timer.headers);
      return;
    }
    const body = this.#learn(request.request);
    if (body.sdp !== undefined) {
      const { sdp } = body;
      void this.#guarded(request, () => this.#answerLater(request, sdp, timer.headers));
    } else if (request.request.method === "INVITE") {
      this.#tell();
      this.#offered = true;
      this.#answered = this.#answered.map((each) => ({ ...each, line: { ...each.line, inactive: false } }));
      this.#respondWithSdp(request, timer.headers);
    } else {
      this.#tell();
      request.respond(this.#answer(200, [...timer.headers, ...RECORDING_HEADERS]));
    }
  }

  async #answerLater(request: IncomingRequest, sdp: string, timer: HeaderEntries): Promise<void> {
    const lines = this.#read(sdp);
    const cannotBeHeard = lines?.some(({ refused }) => refused !== undefined && UNHEARD.has(refused)) ?? true;
    if (lines === undefined || (cannotBeHeard && lines.every(({ refused }) => refused !== undefined))) {
      this.#refuse(request, 488);
      return;
    }
    await this.#describe(lines, false);
    if (this.#over) {
      this.#refuse(request, 487);
      return;
    }
    this.conversation.tell();
    this.#respondWithSdp(request, timer);
  }

  /** Opens and closes what these lines need. */
  async #describe(lines: readonly RecordedLine[], isOffer: boolean): Promise<void> {
    const { conversation } = this;
    const speakers = conversation.speakers(lines, this.forking);
    conversation.begin();
    this.#busy = true;
    try {
      this.#answered = conversation.isSpared
        ? lines.map((line) => ({ line, at: undefined }))
        : await this.#streams.apply(lines, speakers, isOffer);
    } finally {
      this.#busy = false;
    }
  }

  /** Takes what the message says of the call. */
  #learn(request: SipRequest): RecordingBody {
    const { headers, body } = request;
    const parts = readRecordingBody(headers.get("content-type"), body);
    const { conversation } = this;
    conversation.warn(parts.warnings);
    const guids = parts.guid === undefined ? [] : [{ kind: "guid", value: parts.guid } as const];
    const read = parts.metadata === undefined ? undefined : readMetadata(parts.metadata);
    if (read?.ok === false) conversation.warn(["unreadable-metadata"]);
    if (read?.ok === true) conversation.warn(read.value.warnings);
    if (read !== undefined || guids.length > 0)
      conversation.learn(read?.ok === true ? read.value.metadata : undefined, guids);
    return parts;
  }

  /** Metadata came without a description. */
  #tell(): void {
    const lines = this.#answered.map(({ line }) => line);
    const speakers = this.conversation.speakers(lines, this.forking);
    if (this.#streams.isMisheard(speakers)) this.conversation.warn(["late-roles"]);
    this.conversation.tell();
  }

  #read(sdp: string): readonly RecordedLine[] | undefined {
    const read = readRecordingSdp(sdp, this.#sdpOptions);
    if (!read.ok) return undefined;
    if (read.value.mended) this.conversation.warn(["mended-sdp"]);
    if (read.value.lines.some(({ refused }) => refused === "limit")) this.conversation.warn(["too-many"]);
    return read.value.lines;
  }

  /** The client leaves the offer to us: one line for each stream that it has told of, else one. */
  #ownLines(): readonly RecordedLine[] {
    const labels = this.conversation.labels.slice(0, this.#options.maxLines);
    return labels.length === 0 ? [ownLine("")] : labels.map(ownLine);
  }

  #respondWithSdp(request: IncomingRequest, timer: HeaderEntries): void {
    const sdp = recordingAnswer(this.#answered, { sessionId: this.#sdpSession, version: ++this.#version });
    const headers: HeaderEntries = [...timer, ...RECORDING_HEADERS, ["Content-Type", "application/sdp"]];
    request.respond({ ...this.#answer(200, headers), body: Buffer.from(sdp, "latin1") });
  }

  #answer(status: number, headers: HeaderEntries = []) {
    return { ...ownAnswer(status, this.#options.serverName, headers), contactParams: SRS, body: NO_BODY };
  }

  #refuse(request: IncomingRequest, status: number, headers: HeaderEntries = []): void {
    request.respond(this.#answer(status, headers));
  }

  /** A bug of ours ends this session, and no other. */
  async #guarded(request: IncomingRequest, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      this.#deps.log.error("recording.fault", {}, cause);
      this.#refuse(request, 500);
      if (!this.#over) await this.end("fault");
    }
  }

  #finish(end: RecordingEnd | "refused"): void {
    if (this.#over) return;
    this.#over = true;
    this.#life.close();
    this.#streams.close();
    this.conversation.leave(this.forking?.end);
    this.#owner.sessionOver(this, end);
  }
}

/** Reasons for which a later offer is refused as a whole: the session stays as it was. */
const UNHEARD: ReadonlySet<string> = new Set(["codec", "key", "protocol"]);
