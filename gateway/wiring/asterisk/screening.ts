import { warningBeeps } from "../../call/call-hands.js";
import type { Config } from "../../config/schema.js";
import { DEFAULT_SCREENING } from "../../pipeline/screening/screening-options.js";
import { ScreeningDesk, type ScreeningOrder } from "../../pipeline/screening/screening-desk.js";
import type { ComponentHealth } from "../../ports/gateway-control.js";
import type { HeardParties } from "../../ports/listening.js";
import type { ScreenedLine } from "../../ports/screened-line.js";
import type { CallLayer } from "../call-layer.js";
import type { ThreatSide } from "../threat.js";
import type { AsteriskDeps } from "./asterisk-part.js";
import { ScreeningPrompts } from "./screening-prompts.js";

const SUFFIX = ";screening";

/**
 * What is said to the prompts is a call of its own to those who listen: what it makes of the caller is carried out by screening, and
 * the policy must not end the caller's channel while goodbye is being said.
 */
export const screeningCallId = (callId: string): string => `${callId}${SUFFIX}`;
export const isScreeningCallId = (callId: string): boolean => callId.endsWith(SUFFIX);

/** Screening, for all Asterisks. */
export class ScreeningSide {
  readonly #prompts: ScreeningPrompts;
  readonly #desk: ScreeningDesk;
  readonly #threat: ThreatSide;
  readonly #seen: CallLayer["seen"];
  readonly #deps: AsteriskDeps;

  private constructor(
    { prompts, desk }: { readonly prompts: ScreeningPrompts; readonly desk: ScreeningDesk },
    { threat, seen }: { readonly threat: ThreatSide; readonly seen: CallLayer["seen"] },
    deps: AsteriskDeps,
  ) {
    this.#prompts = prompts;
    this.#desk = desk;
    this.#threat = threat;
    this.#seen = seen;
    this.#deps = deps;
  }

  /** Reads recordings: before any call is there. @returns Undefined: it is off, or nobody listens. @throws GatewayError `audio.invalid` */
  static prompts({ asterisk: { screening }, store }: Config, deps: AsteriskDeps): ScreeningPrompts | undefined {
    if (!screening.enabled || deps.media.listener === undefined) return undefined;
    return new ScreeningPrompts(screening, store.folder, deps);
  }

  static async start(
    { asterisk: { screening } }: Config,
    prompts: ScreeningPrompts,
    { threat, seen }: { readonly threat: ThreatSide; readonly seen: CallLayer["seen"] },
    deps: AsteriskDeps,
  ): Promise<ScreeningSide> {
    await prompts.start();
    const { silenceMs, endOfSpeechMs, answerMs, textMs, keypadMs, maxMs, maxAtOnce } = screening;
    const { onSilence, onSuspicious, onScam } = screening;
    const times = { silenceMs, endOfSpeechMs, answerMs, textMs, keypadMs, maxMs };
    const desk = new ScreeningDesk(
      { ...DEFAULT_SCREENING, ...times, maxAtOnce, onSilence, onSuspicious, onScam },
      {
        ...deps,
        listening: threat.desk,
        follow: (callId, follower) => threat.desk.follow(callId, follower),
        sound: (prompt, language) => prompts.sound(prompt, language),
        beep: warningBeeps(),
        measure: (language) => prompts.measure(language),
      },
    );
    return new ScreeningSide({ prompts, desk }, { threat, seen }, deps);
  }

  /** @param asked The language that the dialplan names, or empty. */
  begin(line: ScreenedLine, asked: string, parties: HeardParties): void {
    const language = this.#prompts.language(asked);
    const history = this.#threat.policy.pastOf(parties.caller, this.#deps.clock.unix());
    const heard = { callId: line.callId, risk: 0, language, calledSide: "callee", parties } as const;
    const callId = line.callId.slice(0, -SUFFIX.length);
    const onResult: ScreeningOrder["onResult"] = (made) => this.#seen.screened(parties.caller, callId, made);
    this.#desk.begin({ line, heard, language, history, onResult });
  }

  health(): ComponentHealth {
    return this.#prompts.health();
  }

  async close(): Promise<void> {
    this.#prompts.close();
    await this.#desk.close();
  }
}
