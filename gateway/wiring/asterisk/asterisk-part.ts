import type { ForeignHands } from "../../call/routed-hands.js";
import type { Clock } from "../../core/clock.js";
import type { Log } from "../../core/log.js";
import type { Metrics } from "../../core/metrics.js";
import type { Random } from "../../core/random.js";
import type { ComponentHealth, LiveCallView } from "../../ports/gateway-control.js";
import type { HopLegs } from "../../ports/hop-legs.js";
import type { OutwardTeardown } from "../../ports/outward-teardown.js";
import type { RecordSink } from "../../ports/records.js";
import type { AnnouncedMedia } from "../../ports/announced-media.js";
import type { CallLayer } from "../call-layer.js";
import type { MediaSide } from "../media.js";

export interface AsteriskDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly media: MediaSide;
  readonly sink: RecordSink;
  /** Where the audio of calls comes in over AudioSocket and media WebSocket; undefined: neither is enabled. */
  readonly announced?: AnnouncedMedia;
  /** Undefined: there is no hop beside them. */
  readonly legs?: HopLegs | undefined;
}

/** One way in which an Asterisk uses the gateway. Made before the call layer, started after it, closed before it. */
export interface AsteriskPart {
  readonly outward?: OutwardTeardown;
  readonly hands?: ForeignHands;
  /** See `VerdictDeskDeps.watching`. */
  readonly watching?: (server: string) => ((callId: string) => "up" | "over" | undefined) | undefined;
  /** Live calls that are seen there, so many at most, oldest first. */
  readonly calls?: (limit: number) => readonly LiveCallView[];
  /** Where it listens, for the line that says ready: `agi` → `127.0.0.1:4573`. */
  readonly addresses?: Readonly<Record<string, string>>;
  /** @throws GatewayError `listen.failed`, `config.invalid`: nothing of it is left running. */
  start(layer: CallLayer): Promise<void>;
  health(): readonly ComponentHealth[];
  /** Safe to call twice. */
  close(): Promise<void>;
}
