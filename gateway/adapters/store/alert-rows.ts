import { unixMs, type AlertCase, type AlertGuard, type AlertNotice } from "../../../detection/index.js";
import type { CaseComment, DeliveryState, OutboxDelivery } from "../../ports/alert-store.js";

export interface CaseRow {
  readonly data: AlertCase;
}

export interface DeliveryRow {
  readonly id: string;
  readonly case_id: string;
  readonly route: string;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly created_at: number;
  readonly next_at: number;
  readonly sent_at: number | null;
  readonly failing_since: number | null;
  readonly last_error: string | null;
  readonly notice: AlertNotice;
}

export interface CommentRow {
  readonly id: string;
  readonly case_id: string;
  readonly at: number;
  readonly author: string;
  readonly body: string;
}

export interface GuardRow {
  readonly id: string;
  readonly side: AlertGuard["side"];
  readonly number: string;
  readonly case_id: string;
  readonly created_at: number;
  readonly expires_at: number | null;
  readonly created_by: string;
  readonly reason: string;
}

export const deliveryOf = (row: DeliveryRow): OutboxDelivery => ({
  id: row.id,
  caseId: row.case_id,
  route: row.route,
  notice: row.notice,
  state: row.state,
  attempts: row.attempts,
  createdAt: unixMs(row.created_at),
  nextAt: unixMs(row.next_at),
  ...(row.sent_at === null ? {} : { sentAt: unixMs(row.sent_at) }),
  ...(row.failing_since === null ? {} : { failingSince: unixMs(row.failing_since) }),
  ...(row.last_error === null ? {} : { lastError: row.last_error }),
});

export const commentOf = (row: CommentRow): CaseComment => ({
  id: row.id,
  caseId: row.case_id,
  at: unixMs(row.at),
  author: row.author,
  text: row.body,
});

export const guardOf = (row: GuardRow): AlertGuard => ({
  id: row.id,
  number: row.number,
  side: row.side,
  caseId: row.case_id,
  createdAt: unixMs(row.created_at),
  ...(row.expires_at === null ? {} : { expiresAt: unixMs(row.expires_at) }),
  createdBy: row.created_by,
  reason: row.reason,
});
