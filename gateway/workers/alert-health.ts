import type { AlertDesk } from "../pipeline/alerts/alert-desk.js";
import { RAISED_ROUTE } from "../pipeline/alerts/alert-intake.js";
import type { ComponentHealth } from "../ports/gateway-control.js";

/** How the telling of alerts is, for `/health` and `/ready`. What is not configured is not shown unless it fails. */
export function alertHealth({
  routeNames,
  failing,
  failingSteps,
}: Pick<AlertDesk, "routeNames" | "failing" | "failingSteps">): readonly ComponentHealth[] {
  const isCaseRoute = (name: string): boolean => name !== RAISED_ROUTE;
  const routes = failing.filter(isCaseRoute);
  const troubles = [
    ...(routes.length === 0 ? [] : [`routes that fail: ${routes.join(", ")}`]),
    ...(failingSteps.length === 0 ? [] : [`work on alerts that fails: ${failingSteps.join(", ")}`]),
  ];
  const component = (name: string, trouble: string): ComponentHealth => ({
    ...{ name, ok: trouble === "", vital: false },
    detail: trouble === "" ? "up" : trouble,
  });
  const isRaisedFailing = failing.includes(RAISED_ROUTE);
  return [
    ...(routeNames.includes(RAISED_ROUTE)
      ? [component("webhook", isRaisedFailing ? "the last alert was not taken" : "")]
      : []),
    ...(routeNames.some(isCaseRoute) || troubles.length > 0 ? [component("alerts", troubles.join("; "))] : []),
  ];
}
