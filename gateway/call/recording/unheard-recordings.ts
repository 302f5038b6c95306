import { CidrTable } from "../../core/cidr.js";
import type { Clock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import type { IncomingInvite, IncomingRequest, SipSource, TurnedAway } from "../../ports/sip-endpoint.js";
import type { SipRequest } from "../../sip/message/sip-message.js";
import { recordingMark } from "../../sip/siprec/recognise-recording.js";
import { ownAnswer } from "../answers.js";
import type { Refusal } from "../contracts.js";
import { turnedAway } from "../turn-away.js";
import type { RecordingOptions } from "./recording-contracts.js";
import type { RecordingTaker } from "./recording-router.js";
import { SparingWarnings } from "./sparing-warnings.js";

export interface UnheardRecordingsDeps {
  refuseStranger(source: SipSource): Refusal;
  readonly clock: Clock;
  readonly log: Log;
}

/** Where nobody listens: a recording session must not become a call to the switch. */
export class UnheardRecordings implements RecordingTaker {
  readonly #deps: UnheardRecordingsDeps;
  readonly #serverName: string;
  readonly #users: ReadonlySet<string>;
  readonly #sources: CidrTable<true>;
  readonly #warnings = new SparingWarnings();

  /** @throws RangeError when a network of `sources` is none: check the configuration before. */
  constructor(
    { users, sources, serverName }: Pick<RecordingOptions, "users" | "sources" | "serverName">,
    deps: UnheardRecordingsDeps,
  ) {
    this.#deps = deps;
    this.#serverName = serverName;
    this.#users = new Set(users.map((user) => user.toLowerCase()));
    const table = CidrTable.of(sources.map((source) => [source, true] as const));
    if (!table.ok) throw new RangeError(`recording.sources: ${table.error.text} is no network`);
    this.#sources = table.value;
  }

  takes({ request }: Pick<IncomingRequest, "request">): boolean {
    return recordingMark(request, this.#users) !== undefined;
  }

  turnAway(_request: SipRequest, source: SipSource): TurnedAway | undefined {
    if (this.#sources.has(source.address)) return undefined;
    return turnedAway(this.#deps.refuseStranger(source), this.#serverName);
  }

  onInvite(invite: IncomingInvite): void {
    const { clock, log } = this.#deps;
    const untold = this.#warnings.take("unheard", clock.mono());
    if (untold !== undefined) log.warn("recording.unheard", { why: "speech.engine is none", untold });
    invite.respond(ownAnswer(488, this.#serverName));
  }

  takesRequest(): boolean {
    return false;
  }

  onRequest(): void {
    // None is taken.
  }
}
