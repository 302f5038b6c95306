import type { AlertCase, AlertGuard } from "../../detection/index.js";
import type { RouteReply } from "./alert-route.js";
import type { AlertStore } from "./alert-store.js";

/** What the API may do with alerts. The desk of pipeline/alerts is one. All methods reject with GatewayError `store.*`. */
export interface AlertOffice {
  readonly store: AlertStore;
  /** @returns The case as it is now; undefined: no such case. */
  acknowledge(id: string, by: string): Promise<AlertCase | undefined>;
  /** A person says that it is over. @returns As above. */
  closeCase(id: string, by: string): Promise<AlertCase | undefined>;
  /**
   * The guards are kept with the case's id in them.
   * @returns As above. `full`: the guards would be more than `MAX_GUARDS` with those that are there; nothing was done.
   */
  markFalse(id: string, by: string, guards: readonly AlertGuard[]): Promise<AlertCase | undefined | "full">;
  /** @returns False: no such guard. */
  removeGuard(id: string): Promise<boolean>;
  /** @returns Undefined: no such route. */
  test(route: string): Promise<RouteReply | undefined>;
  /** There may be something to do. */
  wake(): void;
}
