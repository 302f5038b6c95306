import { Seeded, type CdrDetectionOptions, type SiteOptions } from "../../detection/index.js";

export type Profile = "office" | "sales" | "manager" | "dialler" | "hotline" | "night" | "lobby";

export interface Site {
  readonly name: string;
  readonly country: string;
  /** Country code and area, as numbers begin there. */
  readonly prefix: string;
  readonly options: SiteOptions;
  /** Months (1–12) in which only a part of the people are there. */
  readonly quietMonths: readonly number[];
}

const OFFICE = [["08:00", "18:00"]] as const;
const WEEK = { monday: OFFICE, tuesday: OFFICE, wednesday: OFFICE, thursday: OFFICE, friday: OFFICE };

export const SITES: readonly Site[] = [
  {
    name: "bogota",
    country: "CO",
    prefix: "+57601",
    options: {
      timeZone: "America/Bogota",
      open: WEEK,
      holidays: ["2026-01-12", "2026-03-23", "05-01", "07-20", "12-25"],
    },
    quietMonths: [1],
  },
  {
    name: "mexico",
    country: "MX",
    prefix: "+5255",
    options: {
      timeZone: "America/Mexico_City",
      open: WEEK,
      holidays: ["2026-02-02", "2026-03-16", "05-01", "09-16", "12-25"],
    },
    quietMonths: [12],
  },
  {
    name: "madrid",
    country: "ES",
    prefix: "+3491",
    options: { timeZone: "Europe/Madrid", open: WEEK, holidays: ["01-06", "05-01", "08-15", "10-12", "12-25"] },
    quietMonths: [8],
  },
];

/** Their calendars, as `CdrDetectionOptions.sites`. */
export const SITE_OPTIONS: CdrDetectionOptions["sites"] = Object.fromEntries(
  SITES.map(({ name, options }) => [name, options]),
);

export interface User {
  readonly name: string;
  readonly number: string;
  readonly site: Site;
  readonly profile: Profile;
  /** Calls made on an ordinary day. */
  readonly calls: number;
  /** Share of them that goes abroad, and where to. */
  readonly abroad: number;
  readonly countries: readonly Country[];
  /** Whom this one calls again and again. */
  readonly contacts: readonly string[];
}

export interface Country {
  readonly code: string;
  readonly prefix: string;
}

/** Where honest people call. */
export const COUNTRIES: readonly Country[] = [
  { code: "US", prefix: "+1212" },
  { code: "GB", prefix: "+4420" },
  { code: "DE", prefix: "+4930" },
  { code: "FR", prefix: "+331" },
  { code: "BR", prefix: "+5511" },
  { code: "AR", prefix: "+5411" },
  { code: "PE", prefix: "+511" },
  { code: "CL", prefix: "+562" },
  { code: "PT", prefix: "+35121" },
  { code: "IT", prefix: "+3906" },
  { code: "IN", prefix: "+9122" },
  { code: "CN", prefix: "+8621" },
];

/** Where fraud likes to call. */
export const FAR: readonly Country[] = [
  { code: "CU", prefix: "+5359" },
  { code: "SO", prefix: "+25261" },
  { code: "LV", prefix: "+37128" },
  { code: "TN", prefix: "+21628" },
  { code: "MV", prefix: "+96079" },
  { code: "SL", prefix: "+23276" },
];

export interface PopulationOptions {
  readonly users: number;
  readonly seed: number;
  /** Shares of the profiles; what is left is office. */
  readonly shares?: Readonly<Partial<Record<Profile, number>>>;
}

const SHARES: Readonly<Record<Exclude<Profile, "office">, number>> = {
  sales: 0.16,
  manager: 0.06,
  dialler: 0.07,
  hotline: 0.06,
  night: 0.03,
  lobby: 0.02,
};
const CALLS: Readonly<Record<Profile, readonly [least: number, most: number]>> = {
  office: [3, 18],
  sales: [20, 55],
  manager: [8, 24],
  dialler: [120, 260],
  hotline: [4, 12],
  night: [6, 16],
  lobby: [10, 30],
};

export function population({ users, seed, shares = {} }: PopulationOptions): readonly User[] {
  const random = new Seeded(seed * 7 + 1);
  return Array.from({ length: users }, (_, at) => {
    const site = random.pick(SITES);
    const profile = pickProfile(random, { ...SHARES, ...shares });
    const [least, most] = CALLS[profile];
    const isTravelled = profile === "sales" || profile === "manager";
    const countries = Array.from({ length: isTravelled ? 1 + random.below(4) : 1 }, () => random.pick(COUNTRIES));
    const local = (): string => `${site.prefix}${digits(random, 12 - site.prefix.length)}`;
    return {
      name: `${site.name}-${1_000 + at}`,
      number: `${site.prefix}${String(2_000_000 + at)
        .slice(-(12 - site.prefix.length))
        .padStart(12 - site.prefix.length, "2")}`,
      site,
      profile,
      calls: least + random.below(most - least + 1),
      abroad: isTravelled ? 0.05 + random.next() * 0.2 : random.chance(0.3) ? 0.02 : 0,
      countries,
      contacts: Array.from({ length: 8 + random.below(20) }, local),
    };
  });
}

function pickProfile(random: Seeded, shares: Readonly<Record<string, number>>): Profile {
  let left = random.next();
  for (const [profile, share] of Object.entries(shares)) {
    left -= share;
    if (left < 0) return profile as Profile;
  }
  return "office";
}

export function digits(random: Seeded, count: number): string {
  let text = String(2 + random.below(8));
  while (text.length < count) text += String(random.below(10));
  return text.slice(0, Math.max(1, count));
}
