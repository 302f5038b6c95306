import type { Clock } from "../../../core/clock.js";
import { GatewayError } from "../../../core/errors.js";
import { sensitiveUri, type Log } from "../../../core/log.js";
import { monoMs, type MonoMs } from "../../../core/time.js";
import type { PcmAudio } from "../../../media/audio.js";
import type { ScreenedLine, ScreenedLineUser } from "../../../ports/screened-line.js";
import type { AriEvent, AriLink } from "../ari-contracts.js";
import { settingOf } from "../hearing/channel-variables.js";
import { Ear, type EarDeps } from "../hearing/ear.js";
import type { EarFormat } from "../hearing/media-path.js";
import { letGo } from "../hearing/stasis-door.js";
import { openVoice, type Voice } from "../hearing/voice.js";

/** ARI events that are used here, beside those of hearing. */
export const SCREENING_EVENTS = [
  "StasisStart",
  "StasisEnd",
  "ChannelDestroyed",
  "ChannelDtmfReceived",
  "ChannelTalkingStarted",
  "ChannelTalkingFinished",
] as const;

/** Read by dialplan/extensions.conf. */
export const RESULT_VARIABLE = "RINGFENCE_SCREENING";
export const REASON_VARIABLE = "RINGFENCE_SCREENING_REASON";

export interface AriScreenedLineOptions {
  readonly channelId: string;
  readonly callId: string;
  readonly format: EarFormat;
  /** Asterisk says that nobody speaks any more after so much silence, ms. */
  readonly talkSilenceMs: number;
  /** Mean level of a packet from which on somebody speaks, 1–32767. */
  readonly talkLevel: number;
  /**
   * The dialplan lends the call for `LEASE_MS` at a time and takes it back itself, and for so long in all, ms. Undefined: it has set a
   * limit of its own, or none, which is left alone.
   */
  readonly lentMs?: number | undefined;
}

export interface AriScreenedLineDeps extends EarDeps {
  readonly link: AriLink;
  readonly clock: Clock;
  readonly log: Log;
}

/** As long as dialplan/extensions.conf gives before we say anything. A stall of some seconds must not cost the screening. */
const LEASE_MS = 10_000;
const RENEW_MS = 2_500;
const LEASE_VARIABLE = "TIMEOUT(absolute)";

/**
 * A call that the dialplan has sent with `Stasis(APP,screen)`: heard by a snoop channel, spoken to by another that whispers, its
 * speech and keys told by Asterisk's own detectors. Asterisk may be anywhere: no file of it is played.
 */
export class AriScreenedLine implements ScreenedLine {
  readonly callId: string;
  readonly #options: AriScreenedLineOptions;
  readonly #deps: AriScreenedLineDeps;
  readonly #path: string;
  #user: ScreenedLineUser | undefined;
  #stopEvents: () => void = () => undefined;
  #hushNow: () => void = () => undefined;
  #ear: Ear | undefined;
  #voice: Voice | undefined;
  #finished: Promise<void> | undefined;
  #gone = false;
  #lentUntil: MonoMs | undefined;
  #stopRenewing: () => void = () => undefined;

  constructor(options: AriScreenedLineOptions, deps: AriScreenedLineDeps) {
    this.#options = options;
    this.#deps = deps;
    this.callId = options.callId;
    this.#path = `/channels/${encodeURIComponent(options.channelId)}`;
  }

  open(user: ScreenedLineUser): void {
    this.#user = user;
    this.#stopEvents = this.#deps.link.onEvent((event) => this.#onEvent(event));
    this.#open().then(
      () => this.#tell((to) => to.onReady()),
      (error: unknown) => {
        const why = error instanceof GatewayError ? error.code : "failed";
        this.#deps.log.warn("screening.no-line", { call: sensitiveUri(this.callId), why });
        this.#tell((to) => to.onFailed());
      },
    );
    const { lentMs } = this.#options;
    if (lentMs === undefined) return;
    this.#lentUntil = monoMs(this.#deps.clock.mono() + lentMs);
    this.#renew();
  }

  play(sound: PcmAudio): boolean {
    this.hush();
    const voice = this.#voice;
    if (voice === undefined || this.#isOver()) return false;
    const stop = voice.speak(sound, () => {
      this.#hushNow = () => undefined;
      this.#tell((to) => to.onPlayed());
    });
    this.#hushNow = stop ?? this.#hushNow;
    return stop !== undefined;
  }

  hush(): void {
    this.#hushNow();
    this.#hushNow = () => undefined;
  }

  decide(result: string, reason: string): void {
    if (!this.#isOver()) void this.#setResult(result, reason);
  }

  finish(result: string, reason: string): Promise<void> {
    this.#finished ??= this.#finish(result, reason);
    return this.#finished;
  }

  #isOver(): boolean {
    return this.#finished !== undefined || this.#gone;
  }

  /** The time-out in the dialplan is put off: should we hang, it ends the screening soon. */
  #renew(): void {
    const { clock } = this.#deps;
    const now = clock.mono();
    const leftMs = (this.#lentUntil ?? now) - now;
    if (this.#isOver() || leftMs <= 0) return;
    void this.#set(LEASE_VARIABLE, String(Math.min(LEASE_MS, leftMs) / 1_000));
    this.#stopRenewing = clock.callAt(monoMs(now + RENEW_MS), () => this.#renew());
  }

  #tell(what: (user: ScreenedLineUser) => void): void {
    if (!this.#isOver() && this.#user !== undefined) what(this.#user);
  }

  async #open(): Promise<void> {
    const { link } = this.#deps;
    const { channelId, callId, format, talkSilenceMs, talkLevel } = this.#options;
    // Early media would do for the prompt, but not every caller sends their voice before the answer.
    await link.request({ method: "POST", path: `${this.#path}/answer` });
    if (this.#isOver()) return;
    this.#ear = new Ear({ callId, speaker: "caller", channelId, side: "in", format }, this.#deps);
    const talk = settingOf(channelId, "TALK_DETECT(set)", `${talkSilenceMs},${talkLevel}`);
    const [voice, ear] = await Promise.allSettled([
      openVoice(channelId, this.#deps),
      this.#ear.open(),
      // A whisper is mixed into what is sent: without silence nothing is.
      link.request({ method: "POST", path: `${this.#path}/silence` }),
      // Without func_talkdetect the texts alone tell when somebody speaks.
      link.request(talk),
    ]);
    if (voice.status === "fulfilled") this.#voice = voice.value;
    if (this.#isOver()) await this.#closeMedia();
    if (voice.status === "rejected") throw voice.reason as Error;
    if (ear.status === "rejected") throw ear.reason as Error;
  }

  #onEvent({ type, channel, ...event }: AriEvent): void {
    if (channel?.id !== this.#options.channelId) return;
    switch (type) {
      case "ChannelTalkingStarted":
        this.#tell((to) => to.onSpeech(true, 0));
        break;
      case "ChannelTalkingFinished":
        this.#tell((to) => to.onSpeech(false, this.#options.talkSilenceMs));
        break;
      case "ChannelDtmfReceived": {
        const { digit } = event as { readonly digit?: unknown };
        if (typeof digit === "string") this.#tell((to) => to.onDigit(digit));
        break;
      }
      case "StasisEnd":
      case "ChannelDestroyed":
        this.#onGone();
        break;
      default:
    }
  }

  #onGone(): void {
    if (this.#isOver()) return;
    this.#gone = true;
    this.#stopEvents();
    this.#stopRenewing();
    void this.#closeMedia();
    this.#user?.onGone();
  }

  async #finish(result: string, reason: string): Promise<void> {
    const { link } = this.#deps;
    this.#stopEvents();
    this.#stopRenewing();
    this.hush();
    void this.#ear?.close();
    if (this.#gone) return;
    await Promise.all([
      this.#setResult(result, reason),
      this.#set("TALK_DETECT(remove)", ""),
      link.request({ method: "DELETE", path: `${this.#path}/silence` }).catch(() => undefined),
    ]);
    await letGo(this.#deps, this.#options.channelId);
    await this.#closeMedia();
  }

  async #setResult(result: string, reason: string): Promise<void> {
    await Promise.all([this.#set(RESULT_VARIABLE, result), this.#set(REASON_VARIABLE, reason)]);
  }

  async #set(variable: string, value: string): Promise<void> {
    const order = settingOf(this.#options.channelId, variable, value);
    await this.#deps.link.request({ ...order, urgent: true }).catch(() => undefined);
  }

  async #closeMedia(): Promise<void> {
    this.hush();
    await Promise.all([this.#voice?.close(), this.#ear?.close()]);
  }
}
