import type { DisconnectResult } from "../../ports/gateway-control.js";
import type { ForeignCall, OutwardTeardown } from "../../ports/outward-teardown.js";
import { postJson, type RequestOptions, type SwitchDeps } from "./json-request.js";

export interface VoiceSwitchOptions extends RequestOptions {
  /** `VOICE_SWITCH_API_URL`, for example `http://carrier-api:8080/api/v1`; `/fraud/disconnect` is added. */
  readonly url: string;
}

const CALLS_PER_REQUEST = 100;
const MAX_OUTCOME = 120;

/**
 * The carrier API of the voice switch: `POST {url}/fraud/disconnect`. A call counts as ended only when the answer's `results`
 * say so for its Call-ID: a status of 200, or a `disconnected` count, is no proof (R4).
 */
export class VoiceSwitchTeardown implements OutwardTeardown {
  readonly via = "switch-api";
  readonly #options: VoiceSwitchOptions;
  readonly #deps: SwitchDeps;
  readonly #url: string;

  constructor(options: VoiceSwitchOptions, deps: SwitchDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#url = `${options.url.replace(/\/+$/, "")}/fraud/disconnect`;
  }

  async disconnect(
    calls: readonly ForeignCall[],
    reason: string,
    alertId: string | undefined,
    signal: AbortSignal,
  ): Promise<readonly DisconnectResult[]> {
    const results: DisconnectResult[] = [];
    for (let from = 0; from < calls.length; from += CALLS_PER_REQUEST) {
      const part = calls.slice(from, from + CALLS_PER_REQUEST).map(({ callId }) => callId);
      results.push(...(await this.#disconnectPart(part, reason, alertId, signal)));
    }
    return results;
  }

  async #disconnectPart(
    callIds: readonly string[],
    reason: string,
    alertId: string | undefined,
    signal: AbortSignal,
  ): Promise<readonly DisconnectResult[]> {
    const startedAt = this.#deps.clock.mono();
    const body = { call_ids: callIds, ...(alertId === undefined ? {} : { alert_id: alertId }), reason };
    const reply = await postJson(this.#url, body, this.#options, this.#deps, signal);
    const tookMs = this.#deps.clock.mono() - startedAt;
    const outcomes = reply.ok ? readOutcomes(reply.json) : undefined;
    const missing = reply.ok ? (outcomes === undefined ? "unreadable" : "no-result") : reply.why;
    return callIds.map((callId) => {
      const outcome = outcomes?.get(callId) ?? missing;
      return { callId, success: outcome === "confirmed", outcome, via: this.via, tookMs };
    });
  }
}

/** @returns What `results` says of each call; undefined when there is no such list. */
function readOutcomes(json: unknown): ReadonlyMap<string, string> | undefined {
  if (typeof json !== "object" || json === null || !("results" in json) || !Array.isArray(json.results))
    return undefined;
  const outcomes = new Map<string, string>();
  for (const row of json.results as readonly unknown[]) {
    if (typeof row !== "object" || row === null || !("call_id" in row) || typeof row.call_id !== "string") continue;
    const success = "success" in row && row.success === true;
    outcomes.set(row.call_id, success ? "confirmed" : refusal(row));
  }
  return outcomes;
}

function refusal(row: object): string {
  const said: unknown = "error" in row ? row.error : "outcome" in row ? row.outcome : undefined;
  return typeof said === "string" && said !== "" && said !== "confirmed" ? said.slice(0, MAX_OUTCOME) : "refused";
}
