import type { HopHealth } from "../call/hop-health.js";
import type { ComponentHealth } from "../ports/gateway-control.js";
import type { DialogJournal } from "../ports/dialog-journal.js";
import type { SipEndpoint } from "../ports/sip-endpoint.js";

export interface HealthSources {
  readonly endpoint: SipEndpoint;
  readonly health: HopHealth;
  readonly configuredHops: number;
  readonly draining: () => boolean;
  readonly lagMs: () => number;
  /** Undefined: no journal is kept. */
  readonly journal: Pick<DialogJournal, "failing"> | undefined;
}

/** Above this the SIP thread cannot be called well, ms. */
const SICK_LAG_MS = 250;

/** What the SIP thread knows of itself. Store, audit log and webhook tell for themselves, in the back office. */
export function gatewayHealth({
  endpoint,
  health,
  configuredHops,
  draining,
  lagMs,
  journal,
}: HealthSources): ComponentHealth[] {
  const down = health.down();
  const lag = Math.round(lagMs());
  const hopsUp = configuredHops - down.length;
  return [
    { name: "sip", vital: true, ok: endpoint.listeners.length > 0, detail: `${endpoint.listeners.length} listeners` },
    { name: "event-loop", vital: true, ok: lag < SICK_LAG_MS, detail: `${lag} ms late` },
    {
      name: "next-hops",
      vital: true,
      ok: configuredHops === 0 || hopsUp > 0,
      detail: configuredHops === 0 ? "none configured" : `${hopsUp} of ${configuredHops} up`,
    },
    { name: "accepting", vital: false, ok: !draining(), detail: draining() ? "draining: new calls get 503" : "yes" },
    ...(journal === undefined ? [] : [journalHealth(journal.failing === true)]),
  ];
}

const journalHealth = (failing: boolean): ComponentHealth => ({
  name: "journal",
  vital: false,
  ok: !failing,
  detail: failing ? "cannot be written: calls that are up now would not be ended after a crash" : "up",
});
