import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_SITE, SiteCalendar, startOfDay, readDay } from "../../../../detection/index.js";
import { maskNumber } from "../../../../detection/reports/report-rules.js";

const masks = [
  { name: "E.164", number: "+12025550123", shown: "+1202555••••" },
  { name: "with blanks", number: "+1 202 555 01 23", shown: "+1 202 555 •• ••" },
  { name: "a short code stays", number: "112", shown: "112" },
  { name: "an extension stays", number: "1047", shown: "1047" },
  { name: "withheld", number: "", shown: "" },
  { name: "a SIP URI", number: "sip:+12025550123@example.org", shown: "sip:+1202555••••@example.org" },
  { name: "a network address stays", number: "192.0.2.17", shown: "192.0.2.17" },
];
for (const { name, number, shown } of masks) {
  test(`numbers shown: ${name}`, () => assert.equal(maskNumber(number), shown));
}

const starts = [
  { zone: "UTC", day: "2026-03-01", at: "2026-03-01T00:00:00.000Z" },
  { zone: "America/Bogota", day: "2026-03-01", at: "2026-03-01T05:00:00.000Z" },
  { zone: "Europe/Madrid", day: "2026-03-29", at: "2026-03-28T23:00:00.000Z" },
  { zone: "Europe/Madrid", day: "2026-03-30", at: "2026-03-29T22:00:00.000Z" },
  { zone: "Europe/Madrid", day: "2026-10-26", at: "2026-10-25T23:00:00.000Z" },
  // The clock jumped from 0:00 to 1:00 there: the day has no midnight.
  { zone: "America/Asuncion", day: "2023-10-01", at: "2023-10-01T04:00:00.000Z" },
  // It jumped from 1:00 to 0:00 there: midnight came twice.
  { zone: "Asia/Amman", day: "2020-10-30", at: "2020-10-29T21:00:00.000Z" },
  { zone: "Asia/Gaza", day: "2020-10-24", at: "2020-10-23T21:00:00.000Z" },
];
for (const { zone, day, at } of starts) {
  test(`${day} begins in ${zone} at ${at}`, () => {
    const calendar = SiteCalendar.of({ ...DEFAULT_SITE, timeZone: zone });
    assert.ok(calendar.ok);
    const number = readDay(day);
    assert.ok(number !== undefined);
    const start = startOfDay(calendar.value, number);
    assert.equal(new Date(start).toISOString(), at);
    assert.equal(calendar.value.localDay(start), number);
  });
}

for (const text of ["2026-02-30", "2026-13-01", "26-01-01", "", "2026-01-01T00:00:00Z"]) {
  test(`no day: ${JSON.stringify(text)}`, () => assert.equal(readDay(text), undefined));
}
