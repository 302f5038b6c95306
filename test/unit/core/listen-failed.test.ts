import assert from "node:assert/strict";
import { test } from "node:test";
import { listenFailed } from "../../../gateway/core/listen-failed.js";

const place = (address: string) =>
  ({ what: "the HTTP API", keys: ["http.listenAddress", "http.listenPort"], address, port: 80 }) as const;
const because = (code: string): Error => Object.assign(new Error("listen"), { code });

for (const [code, address, says] of [
  ["EADDRINUSE", "127.0.0.1", "http.listenPort: the HTTP API cannot listen on 127.0.0.1:80: another process has it"],
  ["EACCES", "::1", "http.listenPort: the HTTP API may not listen on [::1]:80: ports below 1024 need a right"],
  [
    "EADDRNOTAVAIL",
    "192.0.2.1",
    "http.listenAddress: the HTTP API cannot listen on 192.0.2.1:80: no such address here",
  ],
  ["EMFILE", "127.0.0.1", "http.listenPort: the HTTP API cannot listen on 127.0.0.1:80"],
] as const) {
  test(`a listener that cannot be opened (${code}) is one line with the key to change`, () => {
    const error = listenFailed(place(address), because(code));
    assert.deepEqual([error.code, error.message], ["listen.failed", `${says} (${code})`]);
  });
}
