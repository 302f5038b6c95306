import type { AlertNotice } from "./alert-case.js";
import { noticeJson } from "./notice-json.js";
import { noticeTitle, plain, severityNumber } from "./notice-text.js";

export const SIEM_FORMATS = ["json", "cef", "leef"] as const;
export type SiemFormat = (typeof SIEM_FORMATS)[number];

/** Longest text of one field, characters. */
const MOST = 1_000;

/** One line, whatever callers wrote into their names. `deliveryId` is the same in every try. */
export function siemMessage(format: SiemFormat, notice: AlertNotice, deliveryId: string, version: string): string {
  switch (format) {
    case "json":
      return JSON.stringify({ delivery_id: deliveryId, ...noticeJson(notice) }).replaceAll(
        /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
        (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
      );
    case "cef":
      return cef(notice, deliveryId, version);
    case "leef":
      return leef(notice, deliveryId, version);
  }
}

/** Of call records with the figures. */
const said = ({ evidence, message, explanation }: AlertNotice): string =>
  evidence === undefined ? explanation : `${message}. ${explanation}`;

type Fields = readonly (readonly [key: string, value: string | number | undefined])[];

/** ArcSight Common Event Format 0 (CEF Implementation Standard 25): `|` and `\` escaped in the header, `=` and `\` in values. */
function cef(notice: AlertNotice, deliveryId: string, version: string): string {
  const header = ["Ringfence", "Ringfence", version, notice.rule, noticeTitle(notice), severityNumber(notice)]
    .map((part) => plain(String(part), MOST).replaceAll(/[\\|]/g, "\\$&"))
    .join("|");
  const { threat } = notice;
  const fields: Fields = [
    ["externalId", deliveryId],
    ["rt", notice.at],
    ["start", notice.openedAt],
    ["end", notice.updatedAt],
    ["act", notice.disposition],
    ["outcome", notice.event],
    ["cat", notice.state],
    ["duser", notice.called],
    ["suser", notice.callers.join(" ")],
    ["cnt", notice.callCount],
    ["cs1Label", "caseId"],
    ["cs1", notice.caseId],
    ["cs2Label", "incidentId"],
    ["cs2", notice.incidentId],
    ["cs3Label", "trunks"],
    ["cs3", notice.trunks.length === 0 ? undefined : notice.trunks.join(" ")],
    ["cs4Label", "recommended"],
    ["cs4", notice.recommended],
    ["cs5Label", "team"],
    ["cs5", notice.team],
    ["cs6Label", "threat"],
    ["cs6", threat === undefined ? undefined : `${threat.state} ${threat.kind} ${threat.stage}`],
    ["cn1Label", "callers"],
    ["cn1", notice.callerCount],
    ["msg", said(notice)],
  ];
  const extension = withoutEmptyLabels(fields)
    .map(([key, value]) => `${key}=${plain(String(value), MOST).replaceAll(/[\\=]/g, "\\$&")}`)
    .join(" ");
  return `CEF:0|${header}|${extension}`;
}

/** IBM's Log Event Extended Format 2.0, fields parted by tabs. It knows no escapes: what parts fields becomes a blank. */
function leef(notice: AlertNotice, deliveryId: string, version: string): string {
  const part = (value: string | number): string => plain(String(value), MOST).replaceAll("|", "/");
  const fields: Fields = [
    ["devTime", new Date(notice.at).toISOString()],
    ["devTimeFormat", "yyyy-MM-dd'T'HH:mm:ss.SSSX"],
    ["sev", severityNumber(notice)],
    ["cat", notice.rule],
    ["externalId", deliveryId],
    ["event", notice.event],
    ["state", notice.state],
    ["caseId", notice.caseId],
    ["incidentId", notice.incidentId],
    ["calledNumber", notice.called],
    ["usrName", notice.callers.join(" ")],
    ["callerCount", notice.callerCount],
    ["callCount", notice.callCount],
    ["disposition", notice.disposition],
    ["trunks", notice.trunks.length === 0 ? undefined : notice.trunks.join(" ")],
    ["team", notice.team],
    ["msg", said(notice)],
    ["recommended", notice.recommended],
  ];
  const attributes = fields.flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${plain(String(value), MOST)}`],
  );
  return `LEEF:2.0|Ringfence|Ringfence|${part(version)}|${part(notice.rule)}|x09|${attributes.join("\t")}`;
}

/** A label whose value is not there says nothing. */
function withoutEmptyLabels(fields: Fields): Fields {
  const has = (key: string): boolean => fields.some(([name, value]) => name === key && value !== undefined);
  return fields.filter(([key, value]) => value !== undefined && (!key.endsWith("Label") || has(key.slice(0, -5))));
}
