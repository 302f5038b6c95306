import type { Severity } from "../model/findings.js";
import type { AlertEvent, AlertNotice } from "./alert-case.js";
import type { AlertFilter } from "./alert-settings.js";
import { fits } from "./quiet-times.js";
import { isAtLeast } from "./severity-order.js";

/** What a route wants to be told. */
export interface RouteChoice extends AlertFilter {
  readonly name: string;
  readonly minSeverity: Severity;
  readonly events: readonly AlertEvent[];
}

/** Names of the routes that are told. `only`: an escalation's, which asks for no event. */
export function routesFor(
  notice: AlertNotice,
  routes: readonly RouteChoice[],
  only: readonly string[] | undefined,
): readonly string[] {
  if (only !== undefined) return routes.filter(({ name }) => only.includes(name)).map(({ name }) => name);
  return routes
    .filter(
      (route) =>
        route.events.includes(notice.event) && isAtLeast(notice.severity, route.minSeverity) && fits(route, notice),
    )
    .map(({ name }) => name);
}
