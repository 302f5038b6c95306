import { sql, type RawBuilder } from "kysely";
import { isNotHeld } from "./legal-holds.js";

/** Records of a switch or a provider for a Call-ID, by the index on it. @param callId An expression. */
export const recordedCall = (callId: RawBuilder<unknown>) =>
  sql`left(r.record ->> 'callId', 256) = left(${callId}, 256) and r.record ->> 'callId' = ${callId}`;

/**
 * By its own numbers, and by what we have about its Call-ID: our own record, or a switch's. `offset 0` keeps PostgreSQL from joining all calls
 * with all holds first.
 */
export const isJobNotHeld = sql<boolean>`(${isNotHeld}
  and not exists (select 1 from cdrs c where c.call_id = recording_jobs.call_id
    and exists (select 1 from legal_holds h where h.number in (c.caller, c.called)) offset 0)
  and not exists (select 1 from call_records r where ${recordedCall(sql.ref("recording_jobs.call_id"))}
    and exists (select 1 from legal_holds h where h.number in (r.caller, r.called)) offset 0))`;
