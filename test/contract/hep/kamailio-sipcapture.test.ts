import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { HepExporter } from "../../../gateway/adapters/hep/hep-exporter.js";
import { FakeClock } from "../../support/fake-clock.js";
import { freeUdpPort, startProcess, temporaryFolder, until } from "../../support/processes.js";

const BINARY = "/usr/sbin/kamailio";
const MODULES = ["/usr/lib/x86_64-linux-gnu/kamailio/modules", "/usr/lib/aarch64-linux-gnu/kamailio/modules"];
const modules = MODULES.find((folder) =>
  ["sipcapture.so", "db_text.so"].every((name) => existsSync(join(folder, name))),
);
const missing =
  existsSync(BINARY) && modules !== undefined
    ? false
    : "Kamailio with sipcapture is not installed (Debian package kamailio)";

/** A capture server that prints what it takes the message and its source to be. */
const configuration = (port: number, folder: string) => `#!KAMAILIO
debug=0
log_stderror=yes
children=1
auto_aliases=no
listen=udp:127.0.0.1:${port}
mpath="${modules ?? ""}"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "db_text.so"
loadmodule "sipcapture.so"
modparam("sipcapture", "db_url", "text://${join(folder, "db")}")
modparam("sipcapture", "capture_on", 1)
modparam("sipcapture", "hep_capture_on", 1)
request_route {
  xlog("L_ALERT", "captured $rm $ci from $si $sp\\n");
  exit;
}
`;

const options = (callId: string) =>
  Buffer.from(
    `OPTIONS sip:192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\nFrom: <sip:a@192.0.2.1>;tag=1\r\n` +
      `To: <sip:b@192.0.2.2>\r\nCall-ID: ${callId}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`,
  );

test(
  "HEP3: Kamailio's sipcapture reads the message and who sent it, over IPv4 and IPv6",
  { skip: missing },
  async (t) => {
    const folder = temporaryFolder("hep");
    mkdirSync(join(folder.path, "db"));
    const port = await freeUdpPort();
    const file = join(folder.path, "kamailio.cfg");
    writeFileSync(file, configuration(port, folder.path));
    const server = startProcess(BINARY, [
      "-f",
      file,
      "-DD",
      "-E",
      "-Y",
      folder.path,
      "-P",
      join(folder.path, "pid"),
      "-m",
      "32",
      "-M",
      "8",
    ]);
    const exporter = new HepExporter({
      host: "127.0.0.1",
      port,
      captureId: 2001,
      password: "secret",
      clock: new FakeClock(),
    });
    t.after(async () => {
      await exporter.close();
      await server.stop();
      folder.remove();
    });
    await exporter.start();
    const at = 1_700_000_000_123;
    const cases = [
      {
        id: "four",
        from: { address: "192.0.2.1", port: 5062 },
        to: { address: "198.51.100.254", port: 65_535 },
        seen: "from 192.0.2.1 5062",
      },
      {
        id: "six",
        from: { address: "2001:db8::1:2", port: 5063 },
        to: { address: "2001:db8::9", port: 5060 },
        seen: "from 2001:db8::1:2 5063",
      },
    ];
    for (const { id, from, to, seen } of cases)
      await until(`the message over IPv${id}`, () => {
        exporter.capture({ payload: options(id), transport: "udp", from, to, at });
        return server.output().toLowerCase().includes(`captured options ${id} ${seen}`);
      });
    assert.doesNotMatch(server.output(), /unsupported|bad hep|wrong/i);
  },
);
