import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { after, test, type TestContext } from "node:test";
import { SyslogRoute, type SyslogOptions } from "../../../gateway/adapters/syslog/syslog-route.js";
import { hostileNotice, sampleNotice } from "../../support/alert-notices.js";
import { TestAuthority } from "../../support/certificates.js";
import { until } from "../../support/processes.js";
import { rsyslogAbsent, startRsyslog, type Rsyslog } from "../../support/rsyslog.js";
import { alertRouteContract } from "./alert-route-contract.js";

const delivery = { id: "case-0011223344556677.1.siem", attempt: 1 };
const PLAIN: Omit<SyslogOptions, "port"> = {
  host: "127.0.0.1",
  transport: "tcp",
  tls: {},
  format: "cef",
  facility: 16,
  hostname: "gateway-1",
  version: "1.2.3",
  timeoutMs: 30_000,
};

/** A server that does with each connection what the test says. */
async function bareServer(t: TestContext, onSocket: (socket: Socket) => void): Promise<number> {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

test("syslog: the frame is RFC 5425's: octets counted, not characters", async (t) => {
  let bytes = Buffer.alloc(0);
  const port = await bareServer(t, (socket) => {
    socket.on("data", (chunk: Buffer) => (bytes = Buffer.concat([bytes, chunk])));
    socket.on("end", () => socket.end());
  });
  const route = new SyslogRoute({ ...PLAIN, port });
  assert.deepEqual(await route.send(sampleNotice({ explanation: "señal" }), delivery), { kind: "sent" });
  const [, length = "", rest = ""] = /^(\d+) ([^]*)$/.exec(bytes.toString("latin1")) ?? [];
  assert.equal(Number(length), rest.length);
  assert.match(
    rest,
    /^<131>1 2023-11-14T22:13:20\.000Z gateway-1 ringfence - opened - CEF:0\|Ringfence\|Ringfence\|1\.2\.3\|masking\|/,
  );
});

test("syslog: a server that cuts the connection, or never ends its side, has not said that it read the message", async (t) => {
  const cuts = await bareServer(t, (socket) => void socket.on("data", () => socket.resetAndDestroy()));
  const first = await new SyslogRoute({ ...PLAIN, port: cuts }).send(sampleNotice(), delivery);
  assert.equal(first.kind, "failed");
  const hangs = await bareServer(t, (socket) => void socket.resume());
  const second = await new SyslogRoute({ ...PLAIN, port: hangs, timeoutMs: 300 }).send(sampleNotice(), delivery);
  assert.deepEqual(second, { kind: "failed", why: "timeout" });
});

const absent = rsyslogAbsent();
if (absent !== undefined) {
  test(`syslog beside a real rsyslog with TLS: ${absent}`, { skip: absent }, () => undefined);
} else {
  const authority = new TestAuthority();
  const server = { ...authority.issue("syslog", ["DNS:localhost", "IP:127.0.0.1"]), caFile: authority.caFile };
  const client = authority.issue("gateway", ["DNS:gateway-1"]);
  const ca = readFileSync(authority.caFile, "utf8");
  after(() => authority.remove());

  const scene = async (
    t: TestContext,
    change: Partial<SyslogOptions> = {},
    askCertificate = false,
  ): Promise<{ route: SyslogRoute; rsyslog: Rsyslog }> => {
    const rsyslog = await startRsyslog(server, askCertificate);
    const route = new SyslogRoute({
      ...PLAIN,
      port: rsyslog.port,
      transport: "tls",
      tls: { ca },
      timeoutMs: 30_000,
      ...change,
    });
    t.after(async () => {
      await route.close();
      await rsyslog.stop();
    });
    return { route, rsyslog };
  };

  for (const format of ["cef", "leef", "json"] as const) {
    alertRouteContract(`syslog over TLS to rsyslog, ${format}`, async (t) => {
      const { route, rsyslog } = await scene(t, { format });
      return { route, received: () => rsyslog.lines(), goAway: () => rsyslog.stop() };
    });

    test(`syslog, ${format}: what callers write stays one message, in the field it belongs to`, async (t) => {
      const { route, rsyslog } = await scene(t, { format });
      assert.deepEqual(await route.send(hostileNotice(), delivery), { kind: "sent" });
      assert.deepEqual(await route.send(sampleNotice(), { ...delivery, id: "after" }), { kind: "sent" });
      await until("two messages", () => rsyslog.lines().length >= 2);
      const lines = rsyslog.lines();
      assert.equal(lines.length, 2, "the line breaks made no message of their own");
      const line = lines.find((each) => each.includes(delivery.id)) ?? "";
      assert.match(line, /^131 2023-11-14T22:13:20(?:\.000)?(?:Z|\+00:00) gateway-1 ringfence opened /);
      assert.ok(line.includes("Bcc: victim@example.com"), "the text is there, as text");
      checks[format](line);
    });
  }

  test("syslog: a server that asks for a certificate takes ours, and refuses none", async (t) => {
    const pair = { cert: readFileSync(client.certFile, "utf8"), key: readFileSync(client.keyFile, "utf8") };
    const { rsyslog, route } = await scene(t, { tls: { ca, ...pair } }, true);
    assert.deepEqual(await route.send(sampleNotice(), delivery), { kind: "sent" });
    const without = new SyslogRoute({ ...PLAIN, port: rsyslog.port, transport: "tls", tls: { ca } });
    const reply = await without.send(sampleNotice(), { id: "unknown-client", attempt: 1 });
    assert.equal(reply.kind, "failed");
    await until("the first", () => rsyslog.lines().length === 1);
    assert.ok(!rsyslog.lines().join().includes("unknown-client"));
  });

  test("syslog: a server whose certificate is of another authority gets nothing", async (t) => {
    const { rsyslog, route } = await scene(t, { tls: {} });
    const reply = await route.send(sampleNotice(), delivery);
    assert.equal(reply.kind, "failed");
    assert.deepEqual(rsyslog.lines(), []);
  });
}

const checks = {
  /** Read back as a SIEM does: header by unescaped bars, fields by unescaped equals signs. */
  cef: (line: string): void => {
    const cef = line.slice(line.indexOf("CEF:0"));
    const parts = cef.split(/(?<!\\)(?:\\\\)*\|/);
    assert.equal(parts[4], "masking");
    assert.equal(parts[6], "8", "the severity is ours");
    const keys = [...cef.slice(cef.indexOf("|8|") + 3).matchAll(/(?:^| )(\w+)=/g)].map(([, key]) => key);
    assert.equal(keys.filter((key) => key === "cs1").length, 1, "a field that a caller wrote is no field");
    assert.ok(!keys.includes("sev"));
  },
  leef: (line: string): void => {
    const leef = line.slice(line.indexOf("LEEF:2.0"));
    assert.match(leef, /^LEEF:2\.0\|Ringfence\|Ringfence\|1\.2\.3\|masking\|x09\|devTime=/);
    // rsyslog writes a tab as #011.
    const keys = leef.split(/\t|#011/).map((field) => field.split("=")[0]);
    assert.equal(keys.filter((key) => key === "sev").length, 1);
  },
  json: (line: string): void => {
    const json = JSON.parse(line.slice(line.indexOf("{"))) as Record<string, unknown>;
    assert.equal(json["delivery_id"], delivery.id);
    assert.equal(json["severity"], "high");
  },
} as const;
