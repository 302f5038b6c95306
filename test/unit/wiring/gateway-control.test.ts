import assert from "node:assert/strict";
import { test } from "node:test";
import { configSchema } from "../../../gateway/config/schema.js";
import { gatewayControl, type ControlParts } from "../../../gateway/wiring/gateway-control.js";

const control = (engine: "none" | "module") =>
  gatewayControl({
    layer: () => undefined,
    config: () => configSchema.parse({ speech: { engine } }),
    listening: () => undefined,
  } as Partial<ControlParts> as ControlParts);
const order = { wav: new ArrayBuffer(0), speakers: ["caller"] } as const;

test("while the recogniser is starting a recording waits for it; it is refused where there is none", async () => {
  await assert.rejects(control("module").analyze(order), { code: "stt.busy" });
  await assert.rejects(control("none").analyze(order), { code: "stt.unavailable" });
});
