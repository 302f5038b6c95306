import type { TrunkMedia } from "../../gateway/call/contracts.js";
import { DEFAULT_MEDIA_OPTIONS, type MediaOptions } from "../../gateway/call/media/call-media.js";
import { MediaAnchors } from "../../gateway/call/media/media-anchors.js";
import type { CallMediaEvent } from "../../gateway/call/contracts.js";
import type { HeaderEntries } from "../../gateway/ports/sip-endpoint.js";
import { B2buaBench, type BenchSettings } from "./b2bua-bench.js";
import { LogDouble, MetricsDouble } from "./call-doubles.js";
import { audioSdp, FakeMediaAnchor } from "./fake-media-anchor.js";
import { FakeClock } from "./fake-clock.js";
import type { FakeDialog, FakeIncoming, FakeOutgoing } from "./fake-sip-endpoint.js";

export const ANCHORED: TrunkMedia = { anchor: "relay", listen: true, learnSource: false, calledSide: "callee" };
export const SDP_TYPE: HeaderEntries = [["Content-Type", "application/sdp"]];

export interface AnchoredSettings extends BenchSettings {
  readonly media?: Partial<TrunkMedia>;
  readonly mediaOptions?: Partial<MediaOptions>;
  readonly anchor?: FakeMediaAnchor;
}

/** Lets everything run that waits for nothing but its turn. */
export const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A bench whose trunk anchors media at a fake relay. */
export class AnchoredBench extends B2buaBench {
  readonly anchor: FakeMediaAnchor;
  readonly metrics: MetricsDouble;
  readonly mediaLog: LogDouble;
  readonly events: CallMediaEvent[];
  readonly faults: unknown[];

  constructor({ media, mediaOptions, anchor = new FakeMediaAnchor(), ...settings }: AnchoredSettings = {}) {
    const clock = new FakeClock();
    const metrics = new MetricsDouble();
    const log = new LogDouble();
    const events: CallMediaEvent[] = [];
    const faults: unknown[] = [];
    const anchors = new MediaAnchors(
      { ...DEFAULT_MEDIA_OPTIONS, ...mediaOptions },
      { anchors: { relay: anchor }, clock, metrics, log, onFault: (fault) => faults.push(fault) },
    );
    super({
      ...settings,
      clock,
      observers: [{ onMedia: (_call, event) => events.push(event) }, ...(settings.observers ?? [])],
      policy: { media: { ...ANCHORED, ...media }, ...settings.policy },
      deps: { media: anchors, ...settings.deps },
    });
    this.anchor = anchor;
    this.metrics = metrics;
    this.mediaLog = log;
    this.events = events;
    this.faults = faults;
  }

  /** A caller's INVITE that offers audio at 192.0.2.10:10000. */
  offer(headers: HeaderEntries = [], body = audioSdp("192.0.2.10", 10_000)): FakeIncoming {
    return this.invite([...SDP_TYPE, ...headers], body);
  }

  /** An answered and anchored call, ACKed. */
  async anchored(tag = "bob"): Promise<{ invite: FakeIncoming; out: FakeOutgoing; a: FakeDialog; b: FakeDialog }> {
    const invite = this.offer();
    await turns();
    const { out } = this;
    const b = out.answer({ tag, headers: SDP_TYPE, body: audioSdp("192.0.2.20", 20_000) });
    await turns();
    const a = invite.dialog();
    if (a === undefined) throw new Error("the call was not answered");
    invite.ack();
    await turns();
    return { invite, out, a, b };
  }
}
