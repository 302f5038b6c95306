/** The only file the gateway may import from the detection library. */
export * from "./model/time.js";
export * from "./model/result.js";
export * from "./model/events.js";
export * from "./model/findings.js";
export * from "./model/cdr.js";
