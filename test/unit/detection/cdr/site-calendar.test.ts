import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_SITE, SiteCalendar, type SiteOptions } from "../../../../detection/cdr/site-calendar.js";
import type { UnixMs } from "../../../../detection/index.js";

const OFFICE: SiteOptions["open"] = Object.fromEntries(
  ["monday", "tuesday", "wednesday", "thursday", "friday"].map((day) => [day, [["08:00", "18:00"]]]),
);

function site(options: Partial<SiteOptions>): SiteCalendar {
  const made = SiteCalendar.of({ ...DEFAULT_SITE, open: OFFICE, ...options });
  assert.ok(made.ok, JSON.stringify(made));
  return made.value;
}

const at = (text: string): UnixMs => Date.parse(text) as UnixMs;

const cases: readonly (readonly [name: string, zone: string, utc: string, isOpen: boolean])[] = [
  // Bogotá is UTC−5 all year.
  ["Bogotá, one minute before it opens", "America/Bogota", "2026-03-02T12:59:59Z", false],
  ["Bogotá, as it opens", "America/Bogota", "2026-03-02T13:00:00Z", true],
  ["Bogotá, as it closes", "America/Bogota", "2026-03-02T23:00:00Z", false],
  ["Bogotá on Sunday, though it is Monday in UTC", "America/Bogota", "2026-03-02T02:00:00Z", false],
  // Zones without a name: as a service's records have them.
  ["UTC−5 by its offset, one minute before it opens", "-05:00", "2026-03-02T12:59:59Z", false],
  ["UTC−5 by its offset, as it opens", "-05:00", "2026-03-02T13:00:00Z", true],
  ["UTC+5:30 by its offset, as it closes", "+05:30", "2026-03-02T12:30:00Z", false],
  // Mexico gave summer time up in 2022: UTC−6 in July too.
  ["Mexico City in July, 7:30 there", "America/Mexico_City", "2026-07-06T13:30:00Z", false],
  ["Mexico City in July, 8:00 there", "America/Mexico_City", "2026-07-06T14:00:00Z", true],
  // Madrid: UTC+1, from the last Sunday of March UTC+2.
  ["Madrid, Friday before summer time, 7:30 there", "Europe/Madrid", "2026-03-27T06:30:00Z", false],
  ["Madrid, Monday after it, the same UTC hour is 8:30", "Europe/Madrid", "2026-03-30T06:30:00Z", true],
  ["Madrid, Monday after summer time's end, 7:30 again", "Europe/Madrid", "2026-10-26T06:30:00Z", false],
];
for (const [name, timeZone, utc, isOpen] of cases)
  test(`business hours: ${name}`, () => {
    assert.equal(site({ timeZone }).isOpen(at(utc)), isOpen);
  });

test("a holiday of one year and one of every year are closed, by the site's own date", () => {
  const bogota = site({ timeZone: "America/Bogota", holidays: ["2026-07-20", "12-25"] });
  assert.equal(bogota.isOpen(at("2026-07-20T15:00:00Z")), false);
  assert.equal(bogota.isOpen(at("2027-07-20T15:00:00Z")), true, "only that year");
  assert.equal(bogota.isOpen(at("2026-12-25T15:00:00Z")), false);
  assert.equal(bogota.isOpen(at("2028-12-25T15:00:00Z")), false, "every year");
  assert.equal(bogota.isHoliday(at("2026-12-26T03:00:00Z")), true, "still the 25th there");
  assert.equal(bogota.isHoliday(at("2026-12-25T03:00:00Z")), false, "still the 24th there");
});

test("a night shift counts by the day on which it began", () => {
  const night = site({ open: { friday: [["22:00", "06:00"]] }, holidays: ["2026-03-13"] });
  assert.equal(night.isOpen(at("2026-03-06T23:00:00Z")), true);
  assert.equal(night.isOpen(at("2026-03-07T05:59:00Z")), true, "Saturday morning");
  assert.equal(night.isOpen(at("2026-03-07T06:00:00Z")), false);
  assert.equal(night.isOpen(at("2026-03-07T23:00:00Z")), false, "no shift on Saturday");
  assert.equal(night.isOpen(at("2026-03-14T03:00:00Z")), false, "it would have begun on a holiday");
});

test("two shifts a day, and a day that is open until midnight", () => {
  const madrid = site({
    open: {
      saturday: [
        ["09:00", "14:00"],
        ["17:00", "24:00"],
      ],
    },
  });
  const open = ["08:59", "09:00", "13:59", "14:00", "16:59", "17:00", "23:59"].map((time) =>
    madrid.isOpen(at(`2026-03-07T${time}:00Z`)),
  );
  assert.deepEqual(open, [false, true, true, false, false, true, true]);
  assert.equal(madrid.isOpen(at("2026-03-08T00:00:00Z")), false);
});

test("local day, minute and weekday, before 1970 too", () => {
  const bogota = site({ timeZone: "America/Bogota" });
  assert.equal(bogota.localMinute(at("2026-03-02T04:30:00Z")), 23 * 60 + 30);
  assert.equal(bogota.localWeekday(at("2026-03-02T04:30:00Z")), 0);
  assert.equal(bogota.localDay(at("1970-01-01T04:59:00Z")), -1);
  assert.equal(bogota.localWeekday(at("1970-01-01T04:59:00Z")), 3, "a Wednesday");
});

test("the offset is right on both sides of every change of a year, asked in any order", () => {
  const madrid = site({ timeZone: "Europe/Madrid" });
  const HOUR = 3_600_000;
  const changes: readonly (readonly [string, number, number])[] = [
    ["2026-03-29T01:00:00Z", 1, 2],
    ["2026-10-25T01:00:00Z", 2, 1],
  ];
  for (const [change, before, after] of changes.toReversed()) {
    assert.equal(madrid.offsetMs(at(change)), after * HOUR);
    assert.equal(madrid.offsetMs((at(change) - 1) as UnixMs), before * HOUR);
  }
});

const refused: readonly (readonly [name: string, options: Partial<SiteOptions>, code: string])[] = [
  ["a zone that is none", { timeZone: "Mars/Olympus" }, "site.time-zone"],
  ["an hour that is none", { open: { monday: [["8", "18:00"]] } }, "site.hours"],
  ["an hour after midnight", { open: { monday: [["08:00", "24:01"]] } }, "site.hours"],
  ["a shift that begins at the day's end", { open: { monday: [["24:00", "06:00"]] } }, "site.hours"],
  ["a day that no month has", { holidays: ["02-30"] }, "site.holiday"],
  ["29 February in a year without it", { holidays: ["2026-02-29"] }, "site.holiday"],
  ["words", { holidays: ["christmas"] }, "site.holiday"],
];
for (const [name, options, code] of refused)
  test(`a site with ${name} is refused`, () => {
    const made = SiteCalendar.of({ ...DEFAULT_SITE, ...options });
    assert.equal(made.ok ? "taken" : made.error.code, code);
  });
