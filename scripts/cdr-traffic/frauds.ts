import type { CallRecord, Seeded, SettingChange, UnixMs } from "../../detection/index.js";
import { localTime, outgoing, talkMs, type Draft } from "./honest-days.js";
import { digits, FAR, type Country, type User } from "./population.js";

export const FRAUDS = [
  "toll-fraud",
  "premium-rate",
  "mass-dialling",
  "autodialler",
  "forwarding",
  "wangiri",
  "traffic-pumping",
  "sim-box",
  "number-scan",
  "shared-account",
  "runaway-user",
  "password-guessing",
] as const;
export type FraudKind = (typeof FRAUDS)[number];
export const STRENGTHS = ["faint", "weak", "middling", "strong"] as const;
export type Strength = (typeof STRENGTHS)[number];

export interface Fraud {
  readonly kind: FraudKind;
  readonly strength: Strength;
  readonly drafts: readonly Draft[];
  readonly changes: readonly Omit<SettingChange, "id">[];
}

interface Scene {
  readonly users: readonly User[];
  readonly dayStart: number;
  readonly random: Seeded;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const byStrength = (strength: Strength, values: readonly [number, number, number, number]): number =>
  values[STRENGTHS.indexOf(strength)] ?? values[2];

const PREMIUM: readonly { readonly prefix: string; readonly numberClass: CallRecord["numberClass"] }[] = [
  { prefix: "+8821", numberClass: "international-network" },
  { prefix: "+88164", numberClass: "satellite" },
  { prefix: "+34807", numberClass: "premium" },
  { prefix: "+4490", numberClass: "premium" },
];

export function fraudOf(kind: FraudKind, strength: Strength, scene: Scene): Fraud {
  const changes: Omit<SettingChange, "id">[] = [];
  const drafts = MAKERS[kind](scene, strength, changes);
  return { kind, strength, drafts, changes };
}

type Maker = (scene: Scene, strength: Strength, changes: Omit<SettingChange, "id">[]) => Draft[];

const MAKERS: Readonly<Record<FraudKind, Maker>> = {
  "toll-fraud": (scene, strength) => {
    const user = victim(scene, ["office", "lobby"]);
    const country = scene.random.pick(FAR);
    const from = localTime(user.site, scene.dayStart, 60 + scene.random.below(180));
    const range = `${country.prefix}${digits(scene.random, 2)}`;
    return spread(scene, from, 3 * HOUR_MS, byStrength(strength, [4, 10, 45, 240]), (at) =>
      outgoing(
        user,
        at,
        abroad(country, range, scene.random),
        talkMs(byStrength(strength, [3, 4, 6, 9]), scene.random),
        scene.random,
      ),
    );
  },
  "premium-rate": (scene, strength) => {
    const range = scene.random.pick(PREMIUM);
    const user = victim(scene, ["office", "sales", "lobby"]);
    const from = localTime(user.site, scene.dayStart, 10 * 60 + scene.random.below(420));
    return spread(scene, from, 2 * HOUR_MS, byStrength(strength, [2, 5, 18, 80]), (at) =>
      outgoing(
        user,
        at,
        {
          called: `${range.prefix}${digits(scene.random, 6)}`,
          country: undefined,
          isForeign: range.prefix !== "+34807" || user.site.country !== "ES",
          numberClass: range.numberClass,
        },
        talkMs(6, scene.random),
        scene.random,
      ),
    );
  },
  "mass-dialling": (scene, strength) => {
    const user = victim(scene, ["office", "sales", "lobby"]);
    const from = localTime(user.site, scene.dayStart, 9 * 60 + scene.random.below(480));
    return spread(scene, from, 15 * MINUTE_MS, byStrength(strength, [40, 75, 180, 500]), (at) =>
      outgoing(
        user,
        at,
        domestic(user, scene.random),
        scene.random.chance(0.4) ? talkMs(0.3, scene.random) : 0,
        scene.random,
      ),
    );
  },
  autodialler: (scene, strength) => {
    const user = victim(scene, ["office", "sales"]);
    const from = localTime(user.site, scene.dayStart, 9 * 60 + scene.random.below(480));
    const gapMs = byStrength(strength, [25_000, 12_000, 6_000, 2_000]);
    const calls = byStrength(strength, [40, 100, 250, 800]);
    return Array.from({ length: calls }, (_, i) =>
      outgoing(
        user,
        (from + i * gapMs) as UnixMs,
        domestic(user, scene.random),
        scene.random.chance(0.5) ? 8_000 : 0,
        scene.random,
      ),
    );
  },
  forwarding: (scene, strength, changes) => {
    const user = victim(scene, ["office", "manager", "lobby"]);
    const country = scene.random.pick(FAR);
    const at = localTime(user.site, scene.dayStart, 22 * 60 + scene.random.below(90));
    const target = `${country.prefix}${digits(scene.random, 12 - country.prefix.length)}`;
    // The setting may be out of sight; then only the legs tell of it.
    if (strength !== "faint")
      changes.push({
        user: user.name,
        site: user.site.name,
        at,
        setting: "call-forwarding",
        kind: "always",
        enabled: true,
        target,
        country: country.code,
        numberClass: "mobile",
        international: true,
        external: true,
      });
    const far = { called: target, country: country.code, isForeign: true };
    return spread(
      scene,
      (at + 10 * MINUTE_MS) as UnixMs,
      4 * HOUR_MS,
      byStrength(strength, [1, 2, 10, 60]),
      (start) => ({
        ...outgoing(user, start, far, talkMs(5, scene.random), scene.random),
        forwarded: { kind: "always", by: user.name },
      }),
    );
  },
  wangiri: (scene, strength) => {
    const country = scene.random.pick(FAR);
    const range = `${country.prefix}${digits(scene.random, 9 - country.prefix.length)}`;
    const users = scene.random.shuffle([...scene.users]).slice(0, byStrength(strength, [4, 8, 40, 200]));
    const from = localTime((users[0] as User).site, scene.dayStart, 10 * 60 + scene.random.below(300));
    return users.flatMap((user) => {
      const at = (from + scene.random.below(40 * MINUTE_MS)) as UnixMs;
      const number = `${range}${digits(scene.random, 3)}`;
      const rung = missed(user, at, number, country, 1_000 + scene.random.below(2_500));
      if (!scene.random.chance(0.15)) return [rung];
      const far = { called: number, country: country.code, isForeign: true };
      return [
        rung,
        outgoing(
          user,
          (at + (2 + scene.random.below(50)) * MINUTE_MS) as UnixMs,
          far,
          talkMs(2, scene.random),
          scene.random,
        ),
      ];
    });
  },
  "traffic-pumping": (scene, strength) => {
    const site = scene.random.pick(scene.users).site;
    const users = scene.users.filter((user) => user.site === site);
    const range = `${site.prefix}${digits(scene.random, 8 - site.prefix.length)}`;
    const from = localTime(site, scene.dayStart, 9 * 60 + scene.random.below(360));
    return spread(scene, from, 2 * HOUR_MS, byStrength(strength, [40, 90, 200, 600]), (at) => {
      const user = scene.random.pick(users);
      const called = `${range}${digits(scene.random, 12 - range.length)}`;
      return outgoing(
        user,
        at,
        { called, country: site.country, isForeign: false },
        talkMs(25, scene.random) + 5 * MINUTE_MS,
        scene.random,
      );
    });
  },
  "sim-box": (scene, strength) => {
    const { site } = scene.random.pick(scene.users);
    const line: User = {
      ...scene.random.pick(scene.users),
      name: `${site.name}-line-${scene.random.below(9_000)}`,
      site,
      contacts: [],
      profile: "night",
    };
    const from = localTime(site, scene.dayStart, 0);
    return spread(scene, from, 24 * HOUR_MS, byStrength(strength, [70, 120, 260, 700]), (at) =>
      outgoing(
        line,
        at,
        domestic(line, scene.random),
        scene.random.chance(0.8) ? talkMs(1.8, scene.random) : 0,
        scene.random,
      ),
    );
  },
  "number-scan": (scene, strength) => {
    const user = victim(scene, ["office", "sales", "night"]);
    const from = localTime(user.site, scene.dayStart, 9 * 60 + scene.random.below(480));
    const base = Number(`${user.site.prefix.slice(1)}${digits(scene.random, 12 - user.site.prefix.length)}`);
    return Array.from({ length: byStrength(strength, [7, 14, 50, 250]) }, (_, i) =>
      outgoing(
        user,
        (from + i * 11_000) as UnixMs,
        { called: `+${base + i}`, country: user.site.country, isForeign: false },
        scene.random.chance(0.1) ? 3_000 : 0,
        scene.random,
      ),
    );
  },
  "shared-account": (scene, strength) => {
    const user = victim(scene, ["office", "lobby"]);
    const from = localTime(user.site, scene.dayStart, 11 * 60 + scene.random.below(240));
    const lines = byStrength(strength, [4, 7, 12, 25]);
    return spread(scene, from, 90 * MINUTE_MS, lines * 4, (at) =>
      outgoing(
        user,
        at,
        domestic(user, scene.random),
        20 * MINUTE_MS + scene.random.below(5 * MINUTE_MS),
        scene.random,
      ),
    );
  },
  "runaway-user": (scene, strength) => {
    const user = victim(scene, ["office", "manager"]);
    const from = localTime(user.site, scene.dayStart, 8 * 60 + 30);
    return spread(scene, from, 9 * HOUR_MS, Math.max(60, user.calls * byStrength(strength, [3, 6, 12, 25])), (at) =>
      outgoing(
        user,
        at,
        domestic(user, scene.random),
        scene.random.chance(0.7) ? talkMs(1.5, scene.random) : 0,
        scene.random,
      ),
    );
  },
  "password-guessing": (scene, strength) => {
    const user = victim(scene, ["office", "sales", "lobby"]);
    const from = localTime(user.site, scene.dayStart, scene.random.below(1_380));
    const address = `192.0.2.${1 + scene.random.below(250)}`;
    const tries = spread(scene, from, 4 * MINUTE_MS, byStrength(strength, [7, 14, 60, 400]), (at): Draft => ({
      ...outgoing(user, at, domestic(user, scene.random), 0, scene.random),
      endedAt: at,
      outcome: "failed",
      failure: "authentication",
      address,
    }));
    const after = outgoing(
      user,
      (from + 6 * MINUTE_MS) as UnixMs,
      domestic(user, scene.random),
      talkMs(2, scene.random),
      scene.random,
    );
    return [...tries, { ...after, address }];
  },
};

function victim({ users, random }: Scene, profiles: readonly User["profile"][]): User {
  const fitting = users.filter(({ profile }) => profiles.includes(profile));
  return random.pick(fitting.length > 0 ? fitting : users);
}

function spread({ random }: Scene, from: UnixMs, overMs: number, count: number, make: (at: UnixMs) => Draft): Draft[] {
  const starts = Array.from({ length: count }, () => from + Math.floor(random.next() * overMs)).sort((a, b) => a - b);
  return starts.map((at) => make(at as UnixMs));
}

function abroad(country: Country, range: string, random: Seeded) {
  return {
    called: `${range}${digits(random, Math.max(1, 12 - range.length))}`,
    country: country.code,
    isForeign: true,
  };
}

function domestic(user: User, random: Seeded) {
  const { prefix, country } = user.site;
  return { called: `${prefix}${digits(random, 12 - prefix.length)}`, country, isForeign: false };
}

function missed(user: User, startedAt: UnixMs, caller: string, country: Country, ringMs: number): Draft {
  return {
    user: user.name,
    direction: "in",
    caller,
    called: user.number,
    country: country.code,
    numberClass: "fixed-or-mobile",
    international: true,
    startedAt,
    endedAt: (startedAt + ringMs) as UnixMs,
    durationMs: 0,
    ringMs,
    outcome: "cancelled",
    site: user.site.name,
  };
}
