import type { Clock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import type { Metrics } from "../../core/metrics.js";
import type { MediaAnchor, MediaCall } from "../../ports/media-anchor.js";
import type { SipRequest } from "../../sip/message/sip-message.js";
import type { LiveCall, TrunkMedia } from "../contracts.js";
import { CallMedia, type MediaOptions, type MediaUser } from "./call-media.js";
import { MediaGate, type GatedCall } from "./media-gate.js";
import { HeardOffers } from "./heard-offers.js";
import { MediaMeters } from "./media-meters.js";

/** Who carries media. A trunk that names one that is not there has its calls go on untouched. */
export interface Anchors {
  readonly relay?: MediaAnchor;
  readonly rtpengine?: MediaAnchor;
}

export interface MediaAnchorsDeps {
  readonly anchors: Anchors;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
  /** False under load: new calls are anchored, but not forked. */
  mayListen?(): boolean;
  /** A bug of ours in a delayed delivery; its call has been ended. Default: it is thrown where nothing catches it, and counted there. */
  readonly onFault?: (fault: unknown) => void;
}

function throwLater(fault: unknown): void {
  queueMicrotask(() => {
    throw fault;
  });
}

/** Opens the media sessions of calls. */
export class MediaAnchors {
  readonly #options: MediaOptions;
  readonly #deps: MediaAnchorsDeps;
  readonly #meters: MediaMeters;
  readonly #heard = new HeardOffers();

  constructor(options: MediaOptions, deps: MediaAnchorsDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#meters = new MediaMeters(deps.metrics, deps.log);
  }

  /** @returns Undefined: the trunk does not ask for it. Emergency calls are left alone: nothing of ours may stand in their way. */
  wantedBy({ identity, policy }: Pick<LiveCall, "identity" | "policy">): TrunkMedia | undefined {
    const { media } = policy;
    return media === undefined || media.anchor === "none" || identity.emergency ? undefined : media;
  }

  /**
   * A call that passes us a second time is carried, and not listened to again.
   * @returns Undefined: nobody can carry it at the moment; the call goes on untouched, at once.
   */
  open(call: LiveCall, media: TrunkMedia, parts: GatedCall & MediaUser, invite: SipRequest): MediaGate | undefined {
    const { anchors, clock } = this.#deps;
    const anchor = media.anchor === "none" ? undefined : anchors[media.anchor];
    if (anchor?.health().ok !== true) {
      this.#meters.passedBy();
      return undefined;
    }
    const { callId } = call;
    const listen = media.listen && this.#deps.mayListen?.() !== false && !this.#heard.isOf(call, invite);
    const asked: MediaCall = {
      callId,
      trunk: call.identity.trunk,
      listen,
      calledSide: media.calledSide,
      learnSource: media.learnSource,
    };
    const options = this.#options;
    const heard = this.#heard;
    const session = new CallMedia(anchor, asked, parts, {
      ...{ options, clock, meters: this.#meters },
      onOffered: (sdp) => {
        if (listen) heard.offered(call, sdp);
      },
      onClosed: () => heard.closed(call),
    });
    return new MediaGate(parts, session, options, this.#deps.onFault ?? throwLater);
  }
}
