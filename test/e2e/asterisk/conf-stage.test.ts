import assert from "node:assert/strict";
import { test } from "node:test";
import { asteriskMissing, startAsterisk } from "../../support/asterisk.js";
import { freeUdpPort } from "../../support/processes.js";
import { runSipp, sippMissing } from "../../support/sipp.js";

const skip = asteriskMissing() ?? sippMissing() ?? false;

test("a real Asterisk starts, takes a call, is killed, starts anew and leaves nothing behind", { skip }, async (t) => {
  const asterisk = await startAsterisk();
  t.after(() => asterisk.stop());
  const call = async (): Promise<void> => {
    const done = await runSipp({
      scenario: "uac",
      remote: `127.0.0.1:${asterisk.sipPort}`,
      localPort: await freeUdpPort(),
      calledUser: "101",
      calls: 1,
      holdMs: 200,
      extra: ["-timeout", "90"],
    });
    assert.equal(done.successful, 1, asterisk.log());
  };
  await call();
  const ping = await fetch(`${asterisk.ariUrl}/asterisk/ping`, {
    headers: { authorization: `Basic ${btoa(`${asterisk.ariUser}:${asterisk.ariPassword}`)}` },
  });
  assert.equal(ping.status, 200);
  assert.match(await asterisk.cli("core show version"), /^Asterisk 22\./);

  const { sipPort } = asterisk;
  await asterisk.kill();
  await asterisk.restart();
  assert.equal(asterisk.sipPort, sipPort);
  await call();
});
