import type { ReportBlock, DayPoint, LegBar } from "../../../detection/index.js";
import { escapeHtml } from "./escape-html.js";

type Days = Extract<ReportBlock, { kind: "days" }>;
type Hours = Extract<ReportBlock, { kind: "hours" }>;

const WIDTH = 960;
const LEFT = 56;
const RIGHT = 12;
const TOP = 18;
const HEIGHT = 220;
const BOTTOM = 26;
const GROUND = HEIGHT - BOTTOM;

const n = (value: number): string => String(Math.round(value * 10) / 10);
const count = (value: number): string => String(Math.round(value)).replace(/\B(?=(?:\d{3})+$)/g, ",");

interface Scale {
  readonly top: number;
  readonly y: (value: number) => number;
  readonly lines: readonly number[];
}

/** From 0 to the next round number above `most`, in three to five steps. */
function scaleTo(most: number): Scale {
  const rough = Math.max(most, 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, ([1, 2, 2.5, 5, 10].find((each) => each * power >= rough) ?? 10) * power);
  const top = Math.ceil(Math.max(most, 1) / step) * step;
  const lines = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step);
  return { top, lines, y: (value) => GROUND - ((GROUND - TOP) * Math.min(value, top)) / top };
}

const gridOf = ({ lines, y }: Scale): string =>
  lines
    .map(
      (value) =>
        `<line class="${value === 0 ? "base" : "grid"}" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${n(y(value))}" y2="${n(y(value))}"/>` +
        `<text x="${LEFT - 8}" y="${n(y(value) + 4)}" text-anchor="end">${count(value)}</text>`,
    )
    .join("");

const svg = (label: string, height: number, content: string): string =>
  `<div class="plot"><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeHtml(label)}">${content}</svg></div>`;

/** Bars a day before the band in which they were expected; days to come as a dashed line. */
export function drawDays({ title, points, unit }: Days): string {
  const highest = points.reduce(
    (most, { value = 0, high = 0, expected = 0 }) => Math.max(most, value, Math.min(high, 3 * expected)),
    0,
  );
  const most = points.reduce((top, { value = 0 }) => Math.max(top, value), highest);
  const scale = scaleTo(most);
  const slot = (WIDTH - LEFT - RIGHT) / Math.max(1, points.length);
  const x = (index: number): number => LEFT + slot * index;
  const body = [
    gridOf(scale),
    bandOf(points, scale, x, slot),
    ...points.map((point, index) => dayBar(point, scale, x(index), slot, unit)),
    linesOf(points, scale, x, slot),
    dayLabels(points, x, slot),
  ].join("");
  return svg(title, HEIGHT, body);
}

function dayBar(
  { day, value, low, high, outside }: DayPoint,
  { y }: Scale,
  x: number,
  slot: number,
  unit: string,
): string {
  if (value === undefined) return "";
  const width = Math.max(1, Math.min(40, slot * 0.62));
  const left = x + (slot - width) / 2;
  const told =
    `${day}: ${count(value)} ${unit}` +
    (low === undefined || high === undefined ? "" : `, expected ${count(low)} to ${count(high)}`);
  const mark =
    outside === undefined
      ? ""
      : `<text class="mark" x="${n(x + slot / 2)}" y="${n(y(value) - 5)}" text-anchor="middle">${outside === "above" ? "▲" : "▼"}</text>`;
  return (
    `<rect class="${outside === undefined ? "value" : "outside"}" x="${n(left)}" y="${n(y(value))}" width="${n(width)}" height="${n(GROUND - y(value))}" rx="1"><title>${escapeHtml(told)}</title></rect>` +
    mark
  );
}

/** One piece for each run of days that have an interval, as steps. */
function bandOf(points: readonly DayPoint[], { y }: Scale, x: (index: number) => number, slot: number): string {
  return points
    .map(({ low, high }, index) =>
      low === undefined || high === undefined
        ? ""
        : `<rect class="band" x="${n(x(index))}" y="${n(y(high))}" width="${n(slot)}" height="${n(Math.max(0.5, y(low) - y(high)))}"/>`,
    )
    .join("");
}

function linesOf(points: readonly DayPoint[], { y }: Scale, x: (index: number) => number, slot: number): string {
  const pathOf = (isAhead: boolean): string =>
    points
      .map(({ value, expected }, index) => {
        if (expected === undefined || (value === undefined) !== isAhead) return "";
        return `M${n(x(index))} ${n(y(expected))}H${n(x(index) + slot)}`;
      })
      .join("");
  const [past, ahead] = [pathOf(false), pathOf(true)];
  return `${past === "" ? "" : `<path class="expected" d="${past}"/>`}${ahead === "" ? "" : `<path class="ahead" d="${ahead}"/>`}`;
}

function dayLabels(points: readonly DayPoint[], x: (index: number) => number, slot: number): string {
  const every = Math.max(1, Math.ceil(66 / slot));
  return points
    .map(({ day }, index) =>
      index % every === 0
        ? `<text x="${n(x(index) + slot / 2)}" y="${HEIGHT - 8}" text-anchor="middle">${escapeHtml(shortDay(day))}</text>`
        : "",
    )
    .join("");
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
/** `2026-03-01` as `1 Mar`. */
const shortDay = (day: string): string => `${Number(day.slice(8, 10))} ${MONTHS[Number(day.slice(5, 7)) - 1] ?? ""}`;

export function daysLegend(points: readonly DayPoint[]): string {
  const items = [
    legend("blue", "as it was"),
    ...(points.some(({ outside }) => outside !== undefined) ? [legend("red", "outside of what was expected")] : []),
    ...(points.some(({ low }) => low !== undefined) ? [legend("band", "where it was, or is, expected")] : []),
  ];
  return items.length < 2 ? "" : `<div class="legend">${items.join("")}</div>`;
}

const legend = (colour: string, what: string): string =>
  `<span><i style="background:var(--${colour})"></i>${what}</span>`;

export function drawHours({ title, values, closed }: Hours): string {
  const scale = scaleTo(values.reduce((most, value) => Math.max(most, value), 0));
  const slot = (WIDTH - LEFT - RIGHT) / 24;
  const bars = values.map((value, hour) => {
    const out = Math.min(value, closed[hour] ?? 0);
    const x = LEFT + slot * hour + slot * 0.16;
    const bar = (className: string, from: number, to: number): string =>
      to <= from
        ? ""
        : `<rect class="${className}" x="${n(x)}" y="${n(scale.y(to))}" width="${n(slot * 0.68)}" height="${n(scale.y(from) - scale.y(to))}"><title>${hour}:00–${hour}:59: ${count(value)} calls, ${count(out)} of them while the site was closed</title></rect>`;
    const label =
      hour % 2 === 0 ? `<text x="${n(x + slot * 0.34)}" y="${HEIGHT - 8}" text-anchor="middle">${hour}:00</text>` : "";
    return bar("closed", 0, out) + bar("value", out, value) + label;
  });
  return svg(title, HEIGHT, gridOf(scale) + bars.join(""));
}

export const HOURS_LEGEND = `<div class="legend">${legend("blue", "while the site was open")}${legend("night", "while it was closed")}</div>`;
/** Red is explained where there is any. */
export function legsLegend(legs: readonly LegBar[]): string {
  const abroad = legs.some(({ tone }) => tone === "bad") ? legend("red", "talking, sent on abroad") : "";
  return `<div class="legend">${legend("blue-soft", "ringing")}${legend("blue", "talking")}${abroad}</div>`;
}

const ROW = 34;
const NAMES = 300;

/** Legs of a journey, one under the other on one time line. */
export function drawLegs(title: string, legs: readonly LegBar[]): string {
  const end = legs.reduce((most, { toMs }) => Math.max(most, toMs), 1);
  const x = (ms: number): number => NAMES + ((WIDTH - NAMES - RIGHT) * ms) / end;
  const height = legs.length * ROW + 30;
  const rows = legs.map((leg, index) => {
    const y = index * ROW + 6;
    const talkFrom = leg.answeredMs ?? leg.toMs;
    const bar = (className: string, from: number, to: number): string =>
      `<rect class="${className}" x="${n(x(from))}" y="${y}" width="${n(Math.max(2, x(to) - x(from)))}" height="14" rx="2"><title>${escapeHtml(leg.detail)}</title></rect>`;
    return (
      `<text class="name" x="${leg.depth * 14}" y="${y + 11}">${escapeHtml(cut(leg.label, 44 - leg.depth * 2))}</text>` +
      `<line class="grid" x1="0" x2="${WIDTH - RIGHT}" y1="${y + ROW - 10}" y2="${y + ROW - 10}"/>` +
      bar("ring", leg.fromMs, talkFrom) +
      (leg.answeredMs === undefined ? "" : bar(leg.tone === "bad" ? "outside" : "value", talkFrom, leg.toMs))
    );
  });
  const marks = [0, 0.25, 0.5, 0.75, 1].map(
    (share) =>
      `<text x="${n(x(end * share))}" y="${height - 8}" text-anchor="${share === 0 ? "start" : share === 1 ? "end" : "middle"}">${clockText(end * share)}</text>`,
  );
  return svg(title, height, rows.join("") + marks.join(""));
}

const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** `+1:05` minutes and seconds since the beginning. */
const clockText = (ms: number): string => {
  const seconds = Math.round(ms / 1000);
  return `+${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
};
