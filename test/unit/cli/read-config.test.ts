import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { importSettings } from "../../../gateway/cli/cdr-settings.js";
import { readConfig, readUncheckedConfig } from "../../../gateway/cli/read-config.js";
import { temporaryFolder } from "../../support/processes.js";

const folder = temporaryFolder("read-config");
after(() => folder.remove());
const file = join(folder.path, "ringfence.yaml");
writeFileSync(file, "alerts: { routes: [{ kind: webhook, name: a, url: 'https://192.0.2.1', teams: [nobody] }] }\n");
const NOBODY = ['alerts.routes.0.teams: no team is called "nobody"'];

test("a configuration whose values do not fit each other is refused, whoever reads it", () => {
  const read = readConfig({ file, env: {} });
  assert.deepEqual(read.ok ? [] : read.error, NOBODY);
  const settings = importSettings(file);
  assert.deepEqual(settings.ok ? [] : settings.error, NOBODY, "an import ran under it");
  assert.ok(readUncheckedConfig({ file, env: {} }).ok, "for `config check`, which goes on from there");
});

test("what the file lacks may come from the environment", () => {
  const strict = join(folder.path, "openai.yaml");
  writeFileSync(strict, "speech: { engine: openai }\n");
  const alone = readConfig({ file: strict, env: {} });
  assert.match(alone.ok ? "" : alone.error.join(), /^speech\.openai\.url: /);
  assert.ok(readConfig({ file: strict, env: { SPEECH_OPENAI_URL: "http://127.0.0.1:8000/v1" } }).ok);
});

test("who imports need not be able to read the gateway's keys; who serves must", () => {
  const tls = join(folder.path, "tls.yaml");
  writeFileSync(
    tls,
    "sip: { listeners: [{ protocol: tls, address: 127.0.0.1, port: 0, tls: { certFile: /nowhere/c.pem, keyFile: /nowhere/k.pem } }] }\n",
  );
  assert.ok(readConfig({ file: tls, env: {} }).ok);
  const served = readConfig({ file: tls, env: {}, withFiles: true });
  assert.deepEqual(served.ok ? [] : served.error, [
    'sip.listeners.0.tls.certFile: "/nowhere/c.pem" cannot be read (ENOENT)',
    'sip.listeners.0.tls.keyFile: "/nowhere/k.pem" cannot be read (ENOENT)',
  ]);
});
