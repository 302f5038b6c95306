import { HopLegBook } from "../../call/hop-leg-book.js";
import type { ForeignHands } from "../../call/routed-hands.js";
import type { Config } from "../../config/schema.js";
import type { ComponentHealth, LiveCallView } from "../../ports/gateway-control.js";
import type { OutwardTeardown } from "../../ports/outward-teardown.js";
import type { CallLayer } from "../call-layer.js";
import { agiPart } from "./agi.js";
import { ariPart } from "./ari.js";
import type { AsteriskDeps, AsteriskPart } from "./asterisk-part.js";
import { mediaSourcesPart } from "./media-sources.js";

/** All that Asterisks use of the gateway. Nothing of it is there where nothing asks for it. */
export class AsteriskSide {
  /** Undefined: there is no hop, or no Asterisk. */
  readonly legs: HopLegBook | undefined;
  readonly #parts: readonly AsteriskPart[];

  constructor(config: Config, deps: AsteriskDeps) {
    const announced = mediaSourcesPart(config, deps);
    this.legs = isBesideHop(config) ? new HopLegBook(deps.random) : undefined;
    const shared: AsteriskDeps = { ...deps, legs: this.legs, ...(announced === undefined ? {} : { announced }) };
    const made = [announced, ariPart(config, shared), agiPart(config, shared)];
    this.#parts = made.filter((part) => part !== undefined);
  }

  get outward(): readonly OutwardTeardown[] {
    return this.#parts.flatMap(({ outward }) => outward ?? []);
  }

  get hands(): readonly ForeignHands[] {
    return this.#parts.flatMap(({ hands }) => hands ?? []);
  }

  watching(server: string): ((callId: string) => "up" | "over" | undefined) | undefined {
    for (const part of this.#parts) {
      const watching = part.watching?.(server);
      if (watching !== undefined) return watching;
    }
    return undefined;
  }

  calls(limit: number): readonly LiveCallView[] {
    return this.#parts.flatMap((part) => part.calls?.(limit) ?? []);
  }

  /** Once started. */
  get addresses(): Readonly<Record<string, string>> {
    return Object.assign({}, ...this.#parts.map(({ addresses = {} }) => addresses)) as Record<string, string>;
  }

  /** @throws GatewayError `listen.failed`, `config.invalid` */
  async start(layer: CallLayer): Promise<void> {
    for (const part of this.#parts) await part.start(layer);
  }

  health(): readonly ComponentHealth[] {
    return this.#parts.flatMap((part) => part.health());
  }

  /** Safe to call twice. */
  async close(): Promise<void> {
    await Promise.all(this.#parts.map((part) => part.close()));
  }
}

/** Calls of Asterisks may be the hop's too. */
function isBesideHop({ asterisk, sip }: Config): boolean {
  const carries = sip.nextHops.length > 0 || Object.keys(sip.hopGroups).length > 0;
  return carries && (asterisk.agi.enabled || asterisk.servers.length > 0);
}
