/** The whole style of a report: no font, image or script from elsewhere. Light and dark by the reader's setting; print is light. */
export const PAGE_STYLE = `
:root{color-scheme:light dark;--page:#f4f5f7;--card:#fff;--ink:#15202b;--soft:#566370;--line:#dde2e8;--faint:#eef1f4;
--blue:#2563a8;--blue-soft:#a9c6e6;--band:#d7e5f4;--red:#b3261e;--red-soft:#fbe6e4;--amber:#8a5300;--amber-soft:#fdf0d8;--green:#1d6b3f;--green-soft:#e0f2e7;--night:#44546a}
@media (prefers-color-scheme:dark){:root{--page:#11161c;--card:#1a2129;--ink:#e6ebf0;--soft:#9aa8b5;--line:#303a45;--faint:#232c36;
--blue:#6aa5e3;--blue-soft:#35597f;--band:#253a50;--red:#ff9a90;--red-soft:#45211f;--amber:#f2bd66;--amber-soft:#40301a;--green:#7fd6a3;--green-soft:#1c3a29;--night:#8fa3bd}}
@media print{:root{color-scheme:light;--page:#fff;--card:#fff;--ink:#111;--soft:#444;--line:#c8ccd0;--faint:#f0f1f3;
--blue:#2563a8;--blue-soft:#a9c6e6;--band:#d7e5f4;--red:#b3261e;--red-soft:#fbe6e4;--amber:#8a5300;--amber-soft:#fdf0d8;--green:#1d6b3f;--green-soft:#e0f2e7;--night:#44546a}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1040px;margin:0 auto;padding:32px 24px 64px}
header{margin-bottom:24px}
.kicker{color:var(--soft);font-size:13px;margin:0}
h1{font-size:30px;line-height:1.2;margin:2px 0 4px;letter-spacing:-.01em}
h2{font-size:20px;margin:0 0 4px}
h3{font-size:15px;margin:24px 0 6px}
p{margin:0 0 8px}
.meta{color:var(--soft)}
.summary{background:var(--card);border:1px solid var(--line);border-left:4px solid var(--blue);border-radius:6px;padding:16px 20px;margin:20px 0 0}
.summary ul{margin:0;padding-left:18px}
.summary li{margin:3px 0}
.summary li:first-child{font-weight:600}
section{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:20px 24px 24px;margin:20px 0}
.lead,.note{color:var(--soft);margin:0 0 10px}
.note{font-size:13px}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(200px,1fr));gap:1px;padding:1px;margin:12px 0 4px}
.figure{background:var(--card);box-shadow:0 0 0 1px var(--line);padding:12px 14px;min-width:0}
.figure b{display:block;font-size:26px;line-height:1.2;font-weight:600;letter-spacing:-.01em}
.figure b small{font-size:15px;font-weight:500;color:var(--soft)}
.figure span{display:block;color:var(--soft);font-size:13px}
.figure .change{margin-top:2px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px}
th{font-weight:600;text-align:left;color:var(--soft);font-size:12.5px;border-bottom:1px solid var(--line);padding:4px 12px 4px 0;vertical-align:bottom;white-space:nowrap}
td{border-bottom:1px solid var(--faint);padding:5px 12px 5px 0;vertical-align:top;overflow-wrap:anywhere}
td:not(.r){min-width:5.5em}
tr:last-child td{border-bottom:0}
th:last-child,td:last-child{padding-right:0}
.r{text-align:right;white-space:nowrap}
td.r{overflow-wrap:normal}
td.bar,th.bar{width:30%;min-width:170px}
.bar span{display:flex;align-items:center;gap:10px}
.bar em{font-style:normal;width:4.5em;text-align:right}
.bar i{flex:1;height:12px}
.bar i b{display:block;height:100%;background:var(--blue-soft);border-radius:2px;min-width:1px}
th.bar span{display:block;width:4.5em;text-align:right}
.n{white-space:nowrap}
.tag{display:inline-block;border-radius:4px;padding:0 7px;font-size:12.5px;line-height:20px}
.tag.short{white-space:nowrap}
.bad{color:var(--red)}.warning{color:var(--amber)}.good{color:var(--green)}.muted{color:var(--soft)}
.tag.bad{background:var(--red-soft)}.tag.warning{background:var(--amber-soft)}.tag.good{background:var(--green-soft)}.tag.muted{background:var(--faint)}
.empty{color:var(--soft);font-style:italic;margin:4px 0}
svg{display:block;width:100%;height:auto;font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;overflow:visible}
svg text{fill:var(--soft)}
svg .grid{stroke:var(--line)}
svg .base{stroke:var(--soft)}
svg .band{fill:var(--band)}
svg .expected{fill:none;stroke:var(--blue-soft);stroke-width:1.5;stroke-dasharray:4 3}
svg .ahead{fill:none;stroke:var(--blue);stroke-width:1.5;stroke-dasharray:2 3}
svg .value{fill:var(--blue)}
svg .closed{fill:var(--night)}
svg .outside{fill:var(--red)}
svg .ring{fill:var(--blue-soft)}
svg .mark{fill:var(--red);font-weight:600}
svg .name{fill:var(--ink)}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;color:var(--soft);font-size:12.5px;margin:4px 0 6px}
.legend i{display:inline-block;width:12px;height:10px;border-radius:2px;margin-right:6px}
#traces td:first-child{min-width:7.5em}
details{margin-top:8px}
summary{cursor:pointer;color:var(--soft)}
code{font:12.5px ui-monospace,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
footer{color:var(--soft);font-size:13px}
@page{size:A4;margin:14mm 12mm}
@media print{body{font-size:10.5pt}main{max-width:none;padding:0}section{border:0;border-top:1px solid var(--line);border-radius:0;padding:12px 0;margin:10px 0}
.summary{break-inside:avoid}.figure b{font-size:19pt}.figures{grid-template-columns:repeat(4,1fr)}figure,tr,.figure{break-inside:avoid}h2,h3,.lead{break-after:avoid}#traces{break-before:page}thead{display:table-header-group}
.scroll{overflow:visible}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}table{font-size:9pt}}
@media screen and (max-width:640px){main{padding:20px 12px 40px}section{padding:16px 14px}h1{font-size:24px}.figures{grid-template-columns:repeat(auto-fill,minmax(135px,1fr))}
.plot{overflow-x:auto}.plot svg{min-width:620px}.scroll{overflow:visible}thead{display:none}table,tbody,tr{display:block}tr{padding:8px 0;border-bottom:1px solid var(--line)}tr:last-child{border-bottom:0}
td,td:not(.r),td.r,td.bar{display:flex;width:auto;min-width:0;gap:12px;padding:2px 0;border:0;text-align:left;white-space:normal}td::before{content:attr(data-title);flex:0 0 36%;color:var(--soft);font-size:12.5px}td:first-child{font-weight:600}td:first-child::before{content:none}
.bar span{flex:1}.bar em{text-align:left}}
`.trim();
