import assert from "node:assert/strict";
import { test } from "node:test";
import { letGo } from "../../../../../gateway/adapters/asterisk-ari/hearing/stasis-door.js";
import { silentLog, type LogFields } from "../../../../../gateway/core/log.js";
import { MemoryAriLink } from "../../../../support/memory-ari-link.js";

for (const [what, fails, why] of [
  ["the connection is closed", { code: "ari.unavailable" }, "ari.unavailable: as the test says"],
  ["Asterisk refuses", { code: "ari.rejected", status: 409 }, "ari.rejected: as the test says"],
  ["the call is gone", { code: "ari.rejected", status: 404 }, undefined],
] as const) {
  test(`a call that cannot go on in its dialplan, as ${what}: ${why === undefined ? "nothing is said" : "the log says why"}`, async () => {
    const link = new MemoryAriLink();
    link.fails = { like: /continue$/, ...fails };
    const lines: (readonly [string, LogFields | undefined])[] = [];
    const log = { ...silentLog, warn: (event: string, fields?: LogFields) => void lines.push([event, fields]) };
    await letGo({ link, log }, "1700000000.1");
    assert.deepEqual(link.asked, ["POST /channels/1700000000.1/continue"]);
    assert.deepEqual(lines, why === undefined ? [] : [["ari.not-continued", { server: "pbx", why }]]);
  });
}
