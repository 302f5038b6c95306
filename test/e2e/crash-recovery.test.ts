import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterEach, beforeEach, describe, test } from "node:test";
import { startGateway, type GatewayProcess } from "../support/gateway-process.js";
import { freeUdpPort, temporaryFolder, until } from "../support/processes.js";
import { openTelephones, place, TRUNKS, type Telephones } from "../support/telephones.js";

/** The API shows a call in a later turn than the one that put it into the journal; its caller may have its answer before. */
async function inJournal(gateway: GatewayProcess, phase: string, calls: number): Promise<void> {
  await until(`${calls} calls that are ${phase}`, async () => {
    const { json } = await gateway.api("/api/v1/calls");
    return (json as readonly { phase: string }[]).filter((call) => call.phase === phase).length === calls;
  });
}

describe("kill -9 with calls up", () => {
  let phones: Telephones;
  let folder: { path: string; remove: () => void };
  let gateway: GatewayProcess | undefined;

  beforeEach(async () => {
    phones = await openTelephones();
    folder = temporaryFolder("e2e-crash");
  });
  afterEach(async () => {
    await gateway?.stop();
    phones.close();
    folder.remove();
  });

  const settings = (port: number, afterRestart: string): Record<string, unknown> => ({
    sip: { listenPort: port, nextHops: [`127.0.0.1:${phones.called.port}`] },
    trunks: TRUNKS,
    recovery: { afterRestart },
    limits: { drainMs: 0 },
  });

  async function crashWithThreeCalls(afterRestart: string): Promise<Awaited<ReturnType<typeof place>>> {
    const port = await freeUdpPort();
    const first = await startGateway(settings(port, afterRestart), { folder: folder.path });
    const legs = (
      await Promise.all([0, 1, 2].map((i) => place(phones.carrierA, port, `+1202555011${i}`, i, 1)))
    ).flat();
    assert.deepEqual(
      legs.map((leg) => leg.status),
      [200, 200, 200],
    );
    await inJournal(first, "answered", 3);
    await first.running.stop("SIGKILL");
    assert.ok(legs.every((leg) => leg.endedAt === undefined));
    gateway = await startGateway(settings(port, afterRestart), { folder: folder.path });
    return legs;
  }

  test("after the restart both legs of every call get their BYE", async () => {
    const legs = await crashWithThreeCalls("end");
    assert.ok(await phones.carrierA.until(() => legs.every((leg) => leg.endedBy === "BYE"), 30_000), "callers");
    assert.ok(
      await phones.called.until(() => [...phones.called.legs.values()].every((leg) => leg.endedBy === "BYE"), 30_000),
      "called sides",
    );
  });

  test("a call that rang has its CDR after the restart, and a late answer gets ACK and BYE", async (t) => {
    const hop = createSocket("udp4").bind(0, "127.0.0.1");
    t.after(() => hop.close());
    await once(hop, "listening");
    // But for the gateway's own questions whether it is there.
    const came: string[] = [];
    hop.on("message", (bytes) => {
      const text = bytes.toString("latin1");
      if (!text.startsWith("OPTIONS ")) came.push(text);
    });
    const port = await freeUdpPort();
    const config = {
      ...settings(port, "end"),
      sip: { listenPort: port, nextHops: [`127.0.0.1:${hop.address().port}`] },
    };
    const first = await startGateway(config, { folder: folder.path });
    const leg = phones.carrierA.call("+13035550100", "+12025550110", { address: "127.0.0.1", port });
    await until("the INVITE", () => came.length > 0);
    const lines = came[0]?.split("\r\n") ?? [];
    const answer = (status: string): void => {
      const kept = lines.filter((line) => /^(Via|From|To|Call-ID|CSeq):/i.test(line));
      const own = [`Contact: <sip:127.0.0.1:${hop.address().port}>`, "Content-Length: 0", "", ""];
      const tagged = kept.map((line) => (/^To:/i.test(line) ? `${line};tag=late` : line));
      hop.send([`SIP/2.0 ${status}`, ...tagged, ...own].join("\r\n"), port, "127.0.0.1");
    };
    answer("180 Ringing");
    await inJournal(first, "ringing", 1);
    await first.running.stop("SIGKILL");
    // Repeats of its INVITE were on their way.
    gateway = await startGateway(config, { folder: folder.path });
    came.length = 0;
    const methods = (): string[] => came.map((text) => text.split(" ", 1)[0] ?? "");
    answer("200 OK");
    await until("ACK and BYE", () => methods().includes("BYE"));
    assert.deepEqual(methods().slice(0, 2), ["ACK", "BYE"]);
    const second = gateway;
    let cdrs: { call_id: string; cause: string; status: number }[] = [];
    await until("its CDR", async () => {
      cdrs = (await second.api("/api/v1/cdrs")).json as typeof cdrs;
      return cdrs.length > 0;
    });
    assert.deepEqual(
      cdrs.map((cdr) => [cdr.call_id, cdr.cause, cdr.status]),
      [[leg.callId, "restart", 0]],
    );
  });

  test("with recovery.afterRestart resume the calls go on, and a BYE still crosses the gateway", async () => {
    const legs = await crashWithThreeCalls("resume");
    const first = legs[0]!;
    assert.equal(first.endedAt, undefined);
    phones.carrierA.hangUp(first);
    assert.ok(
      await phones.called.until(
        () =>
          phones.called.legs.get(first.callId)?.endedBy === "BYE" ||
          [...phones.called.legs.values()].some((leg) => leg.from === first.from && leg.endedBy === "BYE"),
      ),
    );
    assert.equal(legs[1]?.endedAt, undefined);
  });
});
