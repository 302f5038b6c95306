import type {
  ReportBlock,
  ReportCell,
  ReportFigure,
  ReportDocument,
  ReportSource,
  ReportSection,
  ReportTable,
  ReportTrace,
  ReportUnit,
} from "../../../detection/index.js";
import { daysLegend, drawDays, drawHours, drawLegs, HOURS_LEGEND, legsLegend } from "./draw-charts.js";
import { escapeHtml as e } from "./escape-html.js";
import { PAGE_STYLE } from "./page-style.js";
import { tracesOf } from "./traces.js";

/** What the page may load: nothing. A script that gets into it does not run. */
const CSP = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
const ROW_IDS = 5;
/** Characters of a mark that is not broken into lines. */
const SHORT_TAG = 16;

/** One file that needs nothing else: style and drawings are in it, scripts are not. */
export function htmlPage(report: ReportDocument): string {
  const { title, organisation, period, madeAt, summary, sections, sources, limits } = report;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${CSP}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${e(title)}, ${e(period.text)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<main>
<header>
<p class="kicker">${e(organisation ?? "Ringfence")}</p>
<h1>${e(title)}</h1>
<p class="meta">${e(period.text)} · ${e(period.timeZone)} · made ${isoMinute(madeAt)} UTC</p>
${summary.length === 0 ? "" : `<div class="summary"><ul>${summary.map((line) => `<li>${e(line)}</li>`).join("")}</ul></div>`}
</header>
${sections.map(sectionHtml).join("\n")}
${sourcesHtml(sources, limits)}
${tracesHtml(report)}
</main>
</body>
</html>
`;
}

const sectionHtml = ({ id, title, lead, blocks }: ReportSection): string =>
  `<section id="${e(id)}"><h2>${e(title)}</h2>${lead === undefined ? "" : `<p class="lead">${e(lead)}</p>`}${blocks.map(blockHtml).join("")}</section>`;

function blockHtml(block: ReportBlock): string {
  switch (block.kind) {
    case "figures":
      return `<div class="figures">${block.figures.map(figureHtml).join("")}</div>`;
    case "text":
      return block.paragraphs.map((line) => `<p>${e(line)}</p>`).join("");
    case "table":
      return tableHtml(block);
    case "days":
      return chart(block, daysLegend(block.points) + drawDays(block));
    case "hours":
      return chart(block, HOURS_LEGEND + drawHours(block));
    case "legs":
      return chart(block, legsLegend(block.legs) + drawLegs(block.title, block.legs));
  }
}

const chart = ({ title, note }: { readonly title: string; readonly note?: string }, drawing: string): string =>
  `<figure style="margin:0"><h3>${e(title)}</h3>${drawing}${note === undefined ? "" : `<p class="note">${e(note)}</p>`}</figure>`;

function figureHtml({ title, value, unit, previous, worse, trace }: ReportFigure): string {
  return `<div class="figure" title="${e(`${trace.definition} (${trace.id})`)}"><span>${e(title)}</span><b>${valueHtml(value, unit)}</b>${changeHtml(value, previous, unit, worse)}</div>`;
}

function valueHtml(value: number | undefined, unit: ReportUnit): string {
  if (value === undefined) return "–";
  if (unit === "seconds" && value >= 60) return minutesText(value).replace(/ (?:h|min|s)\b/g, "<small>$&</small>");
  const suffix = { percent: " %", minutes: " min", seconds: " s", days: " days", calls: "", count: "" }[unit];
  return `${digits(value)}${suffix === "" ? "" : `<small>${suffix}</small>`}`;
}

/** `4 min 05 s`, `3 h 20 min`: what takes longer than a minute is not read in seconds. */
function minutesText(seconds: number): string {
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3_600)];
  const two = (value: number): string => String(value).padStart(2, "0");
  return hours > 0 ? `${hours} h ${two(minutes % 60)} min` : `${minutes} min ${two(Math.floor(seconds % 60))} s`;
}

function changeHtml(
  value: number | undefined,
  previous: number | undefined,
  unit: ReportUnit,
  worse: "more" | undefined,
): string {
  if (previous === undefined || value === undefined) return "";
  const more = value > previous;
  const tone = worse === undefined || value === previous ? "muted" : more ? "bad" : "good";
  const text =
    value === previous
      ? "unchanged"
      : unit === "percent"
        ? `${more ? "+" : "−"}${digits(Math.abs(value - previous))} points`
        : previous === 0
          ? "none before"
          : `${more ? "+" : "−"}${digits((100 * Math.abs(value - previous)) / previous)} % from ${unit === "seconds" && previous >= 60 ? minutesText(previous) : digits(previous)}`;
  return `<span class="change ${tone}">${e(text)}</span>`;
}

function digits(value: number): string {
  const rounded = Math.abs(value) < 100 ? Math.round(value * 10) / 10 : Math.round(value);
  const [whole = "0", part] = String(rounded).split(".");
  return `${whole.replace(/\B(?=(?:\d{3})+$)/g, ",")}${part === undefined ? "" : `.${part}`}`;
}

function tableHtml({ title, note, columns, rows, omitted, empty }: ReportTable): string {
  const head = `<h3>${e(title)}</h3>${note === undefined ? "" : `<p class="note">${e(note)}</p>`}`;
  if (rows.length === 0) return `${head}<p class="empty">${e(empty)}</p>`;
  const titles = columns.map(headHtml).join("");
  const body = rows
    .map((row) => `<tr>${row.map((cell, index) => cellHtml(cell, columns[index])).join("")}</tr>`)
    .join("");
  const more = omitted === undefined ? "" : `<p class="note">and ${digits(omitted)} more</p>`;
  return `${head}<div class="scroll"><table><thead><tr>${titles}</tr></thead><tbody>${body}</tbody></table></div>${more}`;
}

function headHtml({ title, align, wide, whole }: ReportTable["columns"][number]): string {
  if (wide === true) return `<th class="bar"><span>${e(title)}</span></th>`;
  const className = align === "right" ? "r" : whole === true ? "n" : "";
  return `<th${className === "" ? "" : ` class="${className}"`}>${e(title)}</th>`;
}

function cellHtml(
  { text, tone, share, trace }: ReportCell,
  column: ReportTable["columns"][number] | undefined,
): string {
  const isTag = tone === "bad" || tone === "warning" || tone === "good";
  const classes = [
    ...(column?.wide === true ? ["bar"] : column?.align === "right" ? ["r"] : []),
    ...(column?.whole === true ? ["n"] : []),
    ...(tone === undefined || isTag ? [] : [tone]),
  ];
  const content = isTag
    ? `<span class="tag ${tone}${text.length <= SHORT_TAG ? " short" : ""}">${e(text)}</span>`
    : column?.wide === true && share !== undefined
      ? `<span><em>${e(text)}</em><i><b style="width:${Math.round(100 * Math.min(1, Math.max(0, share)))}%"></b></i></span>`
      : e(text);
  const title = trace === undefined ? "" : ` title="${e(`${trace.definition} (${trace.id})`)}"`;
  return `<td${classes.length === 0 ? "" : ` class="${classes.join(" ")}"`}${titled(column?.title)}${title}>${content}</td>`;
}

/** On a narrow screen the head of the table is not there, and each cell says of which column it is. */
const titled = (title: string | undefined): string =>
  title === undefined || title === "" ? "" : ` data-title="${e(title)}"`;

function sourcesHtml(sources: readonly ReportSource[], limits: readonly string[]): string {
  const rows = sources
    .map(
      ({ what, rows: count, first, last }) =>
        `<tr><td>${e(what)}</td><td class="r"${titled("Number")}>${digits(count)}</td><td${titled("First, UTC")}>${first === undefined ? "–" : isoMinute(first)}</td><td${titled("Last, UTC")}>${last === undefined ? "–" : isoMinute(last)}</td></tr>`,
    )
    .join("");
  const said =
    limits.length === 0
      ? ""
      : `<h3>What this report cannot say</h3><ul>${limits.map((line) => `<li>${e(line)}</li>`).join("")}</ul>`;
  return `<section id="sources"><h2>What was read</h2><div class="scroll"><table><thead><tr><th>Rows</th><th class="r">Number</th><th>First, UTC</th><th>Last, UTC</th></tr></thead><tbody>${rows}</tbody></table></div>${said}</section>`;
}

function tracesHtml(report: ReportDocument): string {
  const rows = onePerKind(tracesOf(report))
    .map(
      ({ title, trace }) =>
        `<tr><td>${e(title)}</td><td${titled("Counted from")}><span><code>${e(trace.id)}</code><br><span class="muted">${withCode(trace.definition)}</span></span></td><td class="r"${titled("Rows")}>${digits(trace.rows)}</td><td${titled("The first")}><code>${e(idsOf(trace))}</code></td></tr>`,
    )
    .join("");
  if (rows === "") return "";
  return `<section id="traces"><h2>Where each figure comes from</h2><p class="lead">All rows of a figure as CSV: <code>ringfence report ${e(report.name)} --from … --to … --trace FIGURE</code>. Of <code>figure/by/key</code> any key will do.</p><div class="scroll"><table><thead><tr><th>Figure</th><th>Counted from</th><th class="r">Rows</th><th>The first of them</th></tr></thead><tbody>${rows}</tbody></table></div></section>`;
}

/** Of a figure that a table tells apart the first stands for the others, which differ in the key; all of them are in the CSV. */
function onePerKind(traces: ReturnType<typeof tracesOf>): ReturnType<typeof tracesOf> {
  const shown = new Set<string>();
  return traces.filter(({ trace: { id } }) => {
    const kind = id.split("/", 2).join("/");
    if (id.startsWith("record-of/") || shown.has(kind)) return false;
    shown.add(kind);
    return true;
  });
}

/** `x` between back quotes is code. */
const withCode = (text: string): string => e(text).replace(/`([^`]*)`/g, "<code>$1</code>");

const idsOf = ({ sample, rows }: ReportTrace): string =>
  `${sample
    .slice(0, ROW_IDS)
    .map((id) => (id.length > 24 ? `${id.slice(0, 23)}…` : id))
    .join(" ")}${rows > ROW_IDS ? " …" : ""}`;

const MAX_DATE_MS = 8.64e15;
const isoMinute = (ms: number): string =>
  Math.abs(ms) > MAX_DATE_MS ? "–" : new Date(ms).toISOString().slice(0, 16).replace("T", " ");
