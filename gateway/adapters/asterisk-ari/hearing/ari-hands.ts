import type { Action } from "../../../../detection/index.js";
import type { Clock } from "../../../core/clock.js";
import { GatewayError } from "../../../core/errors.js";
import { sensitiveUri, type Log } from "../../../core/log.js";
import type { Counter, Metrics } from "../../../core/metrics.js";
import { monoMs } from "../../../core/time.js";
import type { PcmAudio } from "../../../media/audio.js";
import { isGone, type AriLink } from "../ari-contracts.js";
import type { InventoryUser, Stock } from "../inventory.js";
import { Slices } from "../slices.js";
import type { HeardTalk } from "./ari-hearing.js";
import { readGlobal, setOnChannel } from "./channel-variables.js";
import type { MediaPath } from "./media-path.js";
import type { OwnObjects } from "./own-objects.js";
import { openVoice } from "./voice.js";

/** What the dialplan, and AMI's VarSet, can read of what is thought of a call. */
export const THREAT_VARIABLE = "RINGFENCE_THREAT";
export const THREAT_EVENT = "RingfenceThreat";

type Order<Kind extends Action["kind"]> = Omit<Extract<Action, { kind: Kind }>, "kind">;
type Step = "tag" | "warn" | "hold";
type Outcome = "done" | "not-possible";

export interface AriHandsDeps {
  readonly link: AriLink;
  readonly objects: OwnObjects;
  readonly path: MediaPath;
  /** The call, where it is heard here. */
  readonly heard: (callId: string) => HeardTalk | undefined;
  /** What the called side hears as a warning. */
  readonly warning: PcmAudio;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** What each step needs that an explicit module list may lack. Asterisk does not complain where they are missing. */
const MODULES: Readonly<Record<Step, readonly string[]>> = {
  tag: ["func_export.so"],
  warn: [],
  hold: ["func_export.so", "res_mutestream.so"],
};

/** Beyond the warning's own length, ms. */
const WARNING_EXTRA_MS = 5_000;
/** Callers that are held at a time and told the Asterisk about, for a later process. */
const MAX_HELD = 200;

/**
 * What is done about a call that an Asterisk carries, short of ending it; the call stays in its dialplan.
 *
 * - tag: channel variable `RINGFENCE_THREAT` on both sides, and an ARI user event.
 * - warn: the warning is whispered to the called side alone, by a snoop channel.
 * - hold: `MUTEAUDIO(all)` on the caller's channel: neither side hears the other.
 */
export class AriHands implements InventoryUser {
  readonly #deps: AriHandsDeps;
  readonly #steps: Counter;
  /** Caller's channels that are muted. */
  readonly #held = new Set<string>();
  /** Those of them that were when Asterisk was asked what it has. */
  #heldBefore: readonly string[] = [];
  #round = 0;
  #releasedOld = false;
  #missing: ReadonlySet<string> = new Set();
  readonly #stop: () => void;

  constructor(deps: AriHandsDeps) {
    this.#deps = deps;
    this.#steps = deps.metrics.counter(
      "ringfence_threat_steps_total",
      "Steps short of ending a call, and what came of them",
      ["step", "outcome"],
    );
    // What ended takes no place. The note says so with the next change: a channel too many in it does no harm.
    this.#stop = deps.link.onEvent(({ type, channel }) => {
      if (type === "ChannelDestroyed" && channel !== undefined) this.#held.delete(channel.id);
    });
  }

  knows(callId: string): boolean {
    return this.#deps.heard(callId) !== undefined;
  }

  tag({ callId, state, score, threat }: Order<"tag-call">): void {
    this.#try(callId, "tag", async ({ talk }) => {
      const { link } = this.#deps;
      const value = `${state};score=${score.toFixed(2)};kind=${threat}`;
      const ids = [talk.caller.id, ...(talk.calleeId === undefined ? [] : [talk.calleeId])];
      await Promise.all(ids.map((id) => setOnChannel(link, id, THREAT_VARIABLE, value)));
      await link.request({
        method: "POST",
        path: `/events/user/${THREAT_EVENT}`,
        query: { application: link.app, source: ids.map((id) => `channel:${id}`).join(",") },
        body: { variables: { state, score: score.toFixed(2), kind: threat } },
      });
      return "done";
    });
  }

  warn({ callId }: Order<"warn-call">): void {
    this.#try(callId, "warn", ({ talk }) =>
      talk.calleeId === undefined ? Promise.resolve("not-possible") : this.#whisper(talk.calleeId),
    );
  }

  hold({ callId, held }: Order<"hold-call">): void {
    this.#try(callId, "hold", async ({ talk }) => {
      await this.#mute(talk.caller.id, held);
      return "done";
    });
  }

  onLoading(): void {
    this.#heldBefore = [...this.#held];
  }

  /** Calls that a former process held and did not release: nobody else would. */
  async onStock({ channels }: Stock): Promise<void> {
    void this.#checkModules();
    const round = ++this.#round;
    const there = new Set<string>();
    const slices = new Slices(this.#deps.clock, () => round === this.#round);
    if (!(await slices.each(channels, ({ id }) => there.add(id)))) return;
    for (const id of this.#heldBefore) if (!there.has(id)) this.#held.delete(id);
    if (this.#releasedOld) return;
    this.#releasedOld = true;
    void this.#releaseOld(there).catch(() => (this.#releasedOld = false));
  }

  /** The gateway ends: what is held is let go. */
  async close(): Promise<void> {
    this.#stop();
    await Promise.all([...this.#held].map((id) => this.#mute(id, false).catch(() => undefined)));
  }

  /** 404: not loaded. What cannot be asked is taken to be there. */
  async #checkModules(): Promise<void> {
    const { link, log } = this.#deps;
    const missing = new Set<string>();
    for (const name of MODULES.hold) {
      await link.request({ method: "GET", path: `/asterisk/modules/${name}` }).catch((error: unknown) => {
        if (isGone(error)) missing.add(name);
      });
    }
    this.#missing = missing;
    if (missing.size > 0) log.warn("ari.modules-missing", { server: link.serverId, modules: [...missing].join(" ") });
  }

  async #mute(callerId: string, held: boolean): Promise<void> {
    const { link } = this.#deps;
    if (held && this.#held.size >= MAX_HELD) throw new GatewayError("media.full", "too many calls are held");
    // Noted before it is done: a crash in between leaves a note too many, which is harmless.
    if (held) await this.#noteHeld(callerId);
    await setOnChannel(link, callerId, "MUTEAUDIO(all)", held ? "on" : "off");
    if (held || !this.#held.delete(callerId)) return;
    await this.#note();
  }

  async #noteHeld(callerId: string): Promise<void> {
    this.#held.add(callerId);
    try {
      await this.#note();
    } catch (error) {
      this.#held.delete(callerId);
      throw error;
    }
  }

  /** In the body: of a request's line Asterisk reads 4,096 characters, which is not enough for all of them. */
  async #note(): Promise<void> {
    const { link } = this.#deps;
    const body = { variable: heldVariable(link.app), value: [...this.#held].join(" ") };
    await link.request({ method: "POST", path: "/asterisk/variable", body });
  }

  async #releaseOld(there: ReadonlySet<string>): Promise<void> {
    const { link, log } = this.#deps;
    const noted = (await readGlobal(link, heldVariable(link.app)))?.split(" ") ?? [];
    const old = noted.slice(0, MAX_HELD).filter((id) => there.has(id) && !this.#held.has(id));
    for (const id of old) await setOnChannel(link, id, "MUTEAUDIO(all)", "off");
    if (noted.length > 0) await this.#note();
    if (old.length > 0) log.info("ari.held-released", { server: link.serverId, calls: old.length });
  }

  async #whisper(channelId: string): Promise<Outcome> {
    const { objects, path, warning, clock } = this.#deps;
    const voice = await openVoice(channelId, { objects, path });
    try {
      const mostMs = (warning.samples.length * 1_000) / warning.sampleRateHz + WARNING_EXTRA_MS;
      const spoken = await new Promise<boolean>((resolve) => {
        const cancel = clock.callAt(monoMs(clock.mono() + mostMs), () => resolve(false));
        const over = (complete: boolean): void => {
          cancel();
          resolve(complete);
        };
        if (voice.speak(warning, over) === undefined) over(false);
      });
      return spoken ? "done" : "not-possible";
    } finally {
      await voice.close();
    }
  }

  #try(callId: string, step: Step, act: (heard: HeardTalk) => Promise<Outcome>): void {
    const heard = this.#deps.heard(callId);
    if (heard === undefined || MODULES[step].some((name) => this.#missing.has(name))) {
      this.#steps.labels(step, "not-possible").inc();
      return;
    }
    act(heard).then(
      (outcome) => this.#steps.labels(step, outcome).inc(),
      (error: unknown) => {
        this.#steps.labels(step, "failed").inc();
        const why = error instanceof GatewayError ? error.code : "failed";
        this.#deps.log.warn("threat.step-failed", { step, call: sensitiveUri(callId), why });
      },
    );
  }
}

const heldVariable = (app: string): string => `RINGFENCE_HELD_${app.replace(/\W/g, "_")}`;
