import type { Clock } from "../../core/clock.js";
import { monoMs, type MonoMs } from "../../core/time.js";
import type { HeaderEntries, SipDialog } from "../../ports/sip-endpoint.js";
import { parseSessionExpires } from "../../sip/message/header-values.js";
import type { SipHeaders } from "../../sip/message/sip-headers.js";
import { allValues } from "../../sip/message/split-values.js";

/** RFC 4028 §5: none below is taken. */
const LEAST_SECONDS = 90;
/** Longer ones are watched as if they were a day. */
const MOST_SECONDS = 86_400;
/** After an OPTIONS that was not answered the next one goes out so soon. */
const AGAIN_MS = 5_000;
const MOST_MISSED = 2;

/** What the session timer wants said in a 2xx, or the refusal. */
export type TimerAnswer =
  | { readonly ok: true; readonly headers: HeaderEntries }
  | { readonly ok: false; readonly status: 422; readonly headers: HeaderEntries };

/** Session-Expires of a request is too short. RFC 4028 §9 */
export function tooShort(headers: SipHeaders): boolean {
  const asked = parseSessionExpires(headers.get("session-expires") ?? "");
  return asked !== undefined && asked.interval < LEAST_SECONDS;
}

export const TOO_SHORT: TimerAnswer = { ok: false, status: 422, headers: [["Min-SE", String(LEAST_SECONDS)]] };

/**
 * Finds out whether a recording client is still there: by its session timer (RFC 4028; we refresh with UPDATE where it leaves that
 * to us) and by OPTIONS inside the dialog. Tells once that it is not.
 */
export class RecordingLife {
  readonly #clock: Clock;
  readonly #keepAliveMs: number;
  readonly #onDead: () => void;
  #dialog: SipDialog | undefined;
  #timer: { readonly seconds: number; readonly ours: boolean } | undefined;
  #stopTimer: (() => void) | undefined;
  #stopPing: (() => void) | undefined;
  #missed = 0;
  #pinging = false;
  #closed = false;

  constructor(clock: Clock, keepAliveMs: number, onDead: () => void) {
    this.#clock = clock;
    this.#keepAliveMs = keepAliveMs;
    this.#onDead = onDead;
  }

  start(dialog: SipDialog): void {
    this.#dialog = dialog;
    this.#armTimer();
    this.#armPing(this.#keepAliveMs);
  }

  /** An INVITE or UPDATE of the client: it sets the session timer, or takes it off. RFC 4028 §9 */
  agree(headers: SipHeaders): TimerAnswer {
    if (tooShort(headers)) return TOO_SHORT;
    const asked = parseSessionExpires(headers.get("session-expires") ?? "");
    const supports = ["supported", "require"].some((name) =>
      allValues(headers, name).some((tag) => tag.toLowerCase() === "timer"),
    );
    this.#timer =
      asked === undefined || !supports ? undefined : { seconds: asked.interval, ours: asked.refresher === "uas" };
    this.#armTimer();
    if (this.#timer === undefined) return { ok: true, headers: [] };
    const { seconds, ours } = this.#timer;
    const expires = `${seconds};refresher=${ours ? "uas" : "uac"}`;
    return {
      ok: true,
      headers: [
        ["Session-Expires", expires],
        ["Require", "timer"],
      ],
    };
  }

  /** The client has given a sign of life. */
  heard(): void {
    this.#missed = 0;
    this.#armPing(this.#keepAliveMs);
  }

  /** Its media has stopped: is it still there? */
  doubt(): void {
    if (!this.#pinging) this.#ping();
  }

  /** Safe to call twice. */
  close(): void {
    this.#closed = true;
    this.#stopTimer?.();
    this.#stopPing?.();
    this.#stopTimer = undefined;
    this.#stopPing = undefined;
  }

  #armTimer(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    if (this.#timer === undefined || this.#dialog === undefined || this.#closed) return;
    const seconds = Math.min(this.#timer.seconds, MOST_SECONDS);
    if (this.#timer.ours) {
      this.#stopTimer = this.#clock.callAt(this.#after(seconds * 500), () => this.#refresh(seconds));
    } else {
      // RFC 4028 §10: a little before the time is over.
      const grace = Math.min(32, Math.floor(seconds / 3));
      this.#stopTimer = this.#clock.callAt(this.#after((seconds - grace) * 1_000), () => this.#dead());
    }
  }

  #refresh(seconds: number): void {
    const giveUp = this.#clock.callAt(this.#after(seconds * 450), () => this.#dead());
    this.#stopTimer = giveUp;
    const headers: HeaderEntries = [
      ["Supported", "timer"],
      ["Session-Expires", `${seconds};refresher=uac`],
    ];
    this.#dialog?.request(
      { method: "UPDATE", headers },
      {
        onFinal: ({ status }) => {
          if (status === 481 || status === 408) this.#dead();
          else if (status < 300) this.#armTimer();
        },
      },
    );
  }

  #armPing(afterMs: number): void {
    this.#stopPing?.();
    this.#stopPing = undefined;
    if (this.#keepAliveMs === 0 || this.#dialog === undefined || this.#closed) return;
    this.#stopPing = this.#clock.callAt(this.#after(afterMs), () => this.#ping());
  }

  #ping(): void {
    if (this.#closed || this.#dialog === undefined) return;
    this.#stopPing?.();
    this.#pinging = true;
    this.#dialog.request(
      { method: "OPTIONS", headers: [["Accept", "application/sdp, application/rs-metadata"]] },
      {
        onFinal: ({ status }, local) => {
          this.#pinging = false;
          if (this.#closed) return;
          // Any answer of its own but "I know no such dialog" is one of a client that is there.
          if (!local && status !== 481 && status !== 408) this.heard();
          else if (status === 481 || ++this.#missed >= MOST_MISSED) this.#dead();
          else this.#armPing(AGAIN_MS);
        },
      },
    );
  }

  #dead(): void {
    if (this.#closed) return;
    this.close();
    this.#onDead();
  }

  #after(ms: number): MonoMs {
    return monoMs(this.#clock.mono() + ms);
  }
}
