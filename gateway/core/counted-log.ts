import { ERRORS, GatewayError } from "./errors.js";
import type { Log } from "./log.js";
import type { Metrics } from "./metrics.js";

/** The same log; each error that is logged with its cause is counted as `gateway_errors_total`. */
export function countedLog(log: Log, metrics: Metrics): Log {
  const errors = metrics.counter("gateway_errors_total", "Errors logged, by code and by who has to act", [
    "code",
    "fault",
  ]);
  const counted = (inner: Log): Log => ({
    debug: (event, fields) => inner.debug(event, fields),
    info: (event, fields) => inner.info(event, fields),
    warn: (event, fields) => inner.warn(event, fields),
    error: (event, fields, cause) => {
      if (cause instanceof GatewayError) errors.labels(cause.code, ERRORS[cause.code].fault).inc();
      else if (cause !== undefined) errors.labels("none", "us").inc();
      inner.error(event, fields, cause);
    },
    child: (fields) => counted(inner.child(fields)),
  });
  return counted(log);
}
