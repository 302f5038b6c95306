import type { CallerId, TrunkId } from "../../detection/index.js";
import { CidrTable } from "../core/cidr.js";
import { fail, ok, type Result } from "../core/result.js";
import type { TrunkPolicy } from "./contracts.js";
import type { TrunkIdentity } from "./identity/identity-contracts.js";

export type CallerHeader = "p-asserted-identity" | "remote-party-id" | "from";

/** Reads the numbers of one trunk. `NumberPlan` of detection is one. */
export interface NumberReader {
  /** @param raw User part of a SIP URI (parameters such as `;rn=` may follow) or a tel URI without its scheme, as written. Hostile. */
  canonical(raw: string): string;
  /** As `canonical`, of a number that is dialled: without what a switch may strip from it. */
  called(raw: string): string;
  /** @param canonical What `canonical` gave. */
  isEmergency(canonical: string): boolean;
}

export interface TrunkSettings {
  /** 1–64 of letters, digits, `_`, `.`, `-`. */
  readonly id: string;
  /** Networks that its calls come from. */
  readonly sources: readonly string[];
  /** Who may send calls of it at all, by whatever it is named; empty: everybody who is admitted otherwise. */
  readonly allowFrom: readonly string[];
  /** What others than `allowFrom` get: 403, or nothing. */
  readonly onForbidden: "refuse" | "drop";
  /** Its identity headers and RFC 7090 marks are believed. */
  readonly trusted: boolean;
  readonly callerFrom: readonly CallerHeader[];
  /** `hide`: a caller who asks for privacy is anonymous to us too; `use`: an asserted identity counts all the same. */
  readonly withheldNumbers: "hide" | "use";
  readonly numbers: NumberReader;
  readonly policy: Omit<TrunkPolicy, "id">;
  /** What is done with signed caller identities; absent: nothing. */
  readonly identity?: TrunkIdentity;
}

/** A trunk, ready for use. */
export interface Trunk {
  readonly id: TrunkId;
  readonly settings: TrunkSettings;
  readonly policy: TrunkPolicy;
  /** The caller of its calls without a number. */
  readonly anonymous: CallerId;
  readonly allowFrom: CidrTable<true> | undefined;
}

export interface TrunkTableOptions {
  readonly trunks: readonly TrunkSettings[];
  /** Settings of calls that no trunk claims; its `id` is usually `default`. */
  readonly defaultTrunk: TrunkSettings;
  /** Networks whose `X-Ringfence-Trunk` and `trgp` are believed. */
  readonly trustedHops: readonly string[];
  /** Sources that belong to no trunk and are no trusted hop: all are let in to the default trunk, only loopback, or none. */
  readonly unknownSources: "loopback" | "accept" | "refuse";
}

/** What is known of a source address. */
export interface SourceFacts {
  /** By address; undefined: not let in unless a trusted hop names a trunk. */
  readonly trunk: Trunk | undefined;
  readonly trustedHop: boolean;
  /** Named in the configuration, or loopback: never shut out for looking like a scanner. */
  readonly known: boolean;
}

export interface TrunkConfigError {
  readonly code: "trunk.duplicate" | "trunk.id" | "cidr.address" | "cidr.prefix";
  readonly trunk: string;
  readonly text: string;
}

const LOOPBACK = ["127.0.0.0/8", "::1/128"];
const ID = /^[\w.-]{1,64}$/;
/** Sources, and names that a trusted hop made up, that are remembered; the memory starts anew when it is full. */
const MOST_REMEMBERED = 4_096;

/** Trunks by name and by source address. Fixed after it was made; a reload makes a new one. */
export class TrunkTable {
  readonly #default: Trunk;
  readonly #byName: ReadonlyMap<string, Trunk>;
  readonly #bySource: CidrTable<Trunk>;
  readonly #trustedHops: CidrTable<true>;
  readonly #loopback: CidrTable<true>;
  readonly #unknownSources: TrunkTableOptions["unknownSources"];
  readonly #facts = new Map<string, SourceFacts>();
  readonly #madeUp = new Map<string, Trunk>();

  private constructor(parts: Parts, options: TrunkTableOptions) {
    this.#default = parts.defaultTrunk;
    this.#byName = parts.byName;
    this.#bySource = parts.bySource;
    this.#trustedHops = parts.trustedHops;
    this.#loopback = parts.loopback;
    this.#unknownSources = options.unknownSources;
  }

  static of(options: TrunkTableOptions): Result<TrunkTable, TrunkConfigError> {
    const parts = compile(options);
    return parts.ok ? ok(new TrunkTable(parts.value, options)) : parts;
  }

  get default(): Trunk {
    return this.#default;
  }

  /** False: no trunk is configured but the default one, and calls bring their own names. */
  get hasOwnNames(): boolean {
    return this.#byName.size > 1;
  }

  configured(name: string): Trunk | undefined {
    return this.#byName.get(name);
  }

  /**
   * The trunk that a trusted hop (or the switch, over HTTP) names. A name that is not configured is a trunk of its own with the
   * settings of the default one. @returns Undefined where the text is no trunk name.
   */
  named(name: string): Trunk | undefined {
    const known = this.#byName.get(name) ?? this.#madeUp.get(name);
    if (known !== undefined) return known;
    if (!ID.test(name)) return undefined;
    const made = compileTrunk({ ...this.#default.settings, id: name }, this.#default.allowFrom);
    if (this.#madeUp.size >= MOST_REMEMBERED) this.#madeUp.clear();
    this.#madeUp.set(name, made);
    return made;
  }

  /** @param address As the socket saw it. */
  source(address: string): SourceFacts {
    const remembered = this.#facts.get(address);
    if (remembered !== undefined) return remembered;
    const facts = this.#look(address);
    if (this.#facts.size >= MOST_REMEMBERED) this.#facts.clear();
    this.#facts.set(address, facts);
    return facts;
  }

  #look(address: string): SourceFacts {
    const claimed = this.#bySource.lookup(address);
    const trustedHop = this.#trustedHops.has(address);
    const loopback = this.#loopback.has(address);
    const letIn = trustedHop || this.#unknownSources === "accept" || (this.#unknownSources === "loopback" && loopback);
    return {
      trunk: claimed ?? (letIn ? this.#default : undefined),
      trustedHop,
      known: claimed !== undefined || trustedHop || loopback,
    };
  }
}

interface Parts {
  readonly defaultTrunk: Trunk;
  readonly byName: ReadonlyMap<string, Trunk>;
  readonly bySource: CidrTable<Trunk>;
  readonly trustedHops: CidrTable<true>;
  readonly loopback: CidrTable<true>;
}

function compile(options: TrunkTableOptions): Result<Parts, TrunkConfigError> {
  const byName = new Map<string, Trunk>();
  for (const settings of [...options.trunks, options.defaultTrunk]) {
    const isDefault = settings === options.defaultTrunk;
    if (!ID.test(settings.id)) return fail({ code: "trunk.id", trunk: settings.id, text: settings.id });
    if (byName.has(settings.id) && !isDefault)
      return fail({ code: "trunk.duplicate", trunk: settings.id, text: settings.id });
    const allowFrom = settings.allowFrom.length === 0 ? undefined : networks(settings.id, settings.allowFrom);
    if (allowFrom !== undefined && !allowFrom.ok) return allowFrom;
    if (!byName.has(settings.id)) byName.set(settings.id, compileTrunk(settings, allowFrom?.value));
  }
  const claims = [...byName.values()].flatMap((trunk) =>
    trunk.settings.sources.map((source) => [source, trunk] as const),
  );
  const bySource = CidrTable.of(claims);
  if (!bySource.ok)
    return fail({ ...bySource.error, trunk: claims.find(([source]) => source === bySource.error.text)?.[1].id ?? "" });
  const trustedHops = networks("", options.trustedHops);
  if (!trustedHops.ok) return trustedHops;
  const loopback = networks("", LOOPBACK);
  if (!loopback.ok) return loopback;
  const defaultTrunk = byName.get(options.defaultTrunk.id) ?? compileTrunk(options.defaultTrunk, undefined);
  return ok({
    defaultTrunk,
    byName,
    bySource: bySource.value,
    trustedHops: trustedHops.value,
    loopback: loopback.value,
  });
}

function compileTrunk(settings: TrunkSettings, allowFrom: CidrTable<true> | undefined): Trunk {
  const id = settings.id as TrunkId;
  return {
    id,
    settings,
    policy: { ...settings.policy, id },
    anonymous: `anonymous@${settings.id}` as CallerId,
    allowFrom,
  };
}

function networks(trunk: string, list: readonly string[]): Result<CidrTable<true>, TrunkConfigError> {
  const table = CidrTable.of(list.map((text) => [text, true] as const));
  return table.ok ? table : fail({ ...table.error, trunk });
}
