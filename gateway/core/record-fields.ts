/**
 * What can be read of a row of call records, by the names of `CallRecord`, nested ones flat; `duration` and `ring` are lengths of
 * time, `answered` is a flag for switches whose outcome does not tell, `leg` is what tells rows of one call apart, `timeZone`
 * the site's: minutes ahead of UTC, `+05:30`, or an IANA name.
 */
export const RECORD_FIELDS = [
  "id",
  "leg",
  "source",
  "callId",
  "user",
  "direction",
  "caller",
  "called",
  "dialled",
  "country",
  "numberClass",
  "international",
  "startedAt",
  "answeredAt",
  "endedAt",
  "duration",
  "ring",
  "answered",
  "outcome",
  "failure",
  "site",
  "timeZone",
  "trunk",
  "department",
  "forwardKind",
  "forwardedBy",
  "correlation",
  "related",
  "transfer",
  "encrypted",
  "client",
  "address",
  "reportedAt",
] as const;
export type RecordField = (typeof RECORD_FIELDS)[number];
