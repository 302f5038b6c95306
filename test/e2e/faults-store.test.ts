import assert from "node:assert/strict";
import { statfsSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { endWorkers, INSPECTED } from "../support/end-worker.js";
import { startGateway, type GatewayProcess } from "../support/gateway-process.js";
import { ask, postgresAbsent, startPostgres, type ThrowAwayPostgres } from "../support/postgres.js";
import { descendants, freeUdpPort, temporaryFolder, until } from "../support/processes.js";
import { sippMissing, startSipp, type SippRun } from "../support/sipp.js";
import { smallDisk } from "../support/small-disk.js";
import { openTelephones, place, type Telephones } from "../support/telephones.js";

const MIB = 1_048_576;

let phones: Telephones;
let gateway: GatewayProcess | undefined;

before(async () => {
  phones = await openTelephones();
});
after(() => phones.close());
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
});

const settings = (more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  sip: { listenPort: 0, nextHops: [`127.0.0.1:${phones.called.port}`], optionsPingMs: 0 },
  limits: { drainMs: 0 },
  ...more,
});

/** A call to a number of its own that is answered and hung up. */
async function oneCall(to: GatewayProcess, index: number): Promise<void> {
  const [leg] = await place(phones.carrierA, to.sipPort, `+1202555${1000 + index}`, index, 1);
  assert.equal(leg?.status, 200);
  phones.carrierA.hangUp(leg);
  assert.ok(await phones.carrierA.until(() => leg.endedAt !== undefined));
}

/** To a process and its children, the ones that end meanwhile passed over. */
function signalAll(parent: number, signal: NodeJS.Signals): void {
  process.kill(parent, signal);
  for (const pid of descendants(parent)) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended already.
    }
  }
}

const health = async (of: GatewayProcess): Promise<string> =>
  ((await of.api("/health")).json as { status: string }).status;
const logged = (of: GatewayProcess, event: string): number =>
  of.running
    .output()
    .split("\n")
    .filter((line) => line.includes(`"event":"${event}"`)).length;

describe("PostgreSQL that fails", { skip: postgresAbsent() ?? sippMissing() ?? false }, () => {
  let postgres: ThrowAwayPostgres;
  const cdrs = async (url: string): Promise<{ rows: number; calls: number }> => {
    const [row] = await ask(url, "select count(*)::int as rows, count(distinct call_id)::int as calls from cdrs");
    return row as { rows: number; calls: number };
  };

  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.remove());

  test("down at start: the gateway gets ready, says degraded, calls pass, and their records arrive when it comes up", async () => {
    await postgres.crash();
    gateway = await startGateway(settings({ store: { databaseUrl: postgres.url } }));
    for (let i = 0; i < 5; i++) await oneCall(gateway, i);
    const up = gateway;
    await until("degraded", async () => (await health(up)) === "degraded");
    await until("the metric says so", async () => (await up.metric("ringfence_store_up")) === 0);
    await postgres.start();
    await until("healthy", async () => (await health(up)) === "healthy", 60_000);
    await until("five CDRs", async () => (await cdrs(postgres.url)).rows >= 5, 60_000);
    assert.deepEqual(await cdrs(postgres.url), { rows: 5, calls: 5 });
  });

  test("killed in flight under load: no call fails, no record is lost, none is there twice", async () => {
    const url = await postgres.createDatabase("in_flight");
    const uasPort = await freeUdpPort();
    const uas: SippRun = startSipp({ scenario: "uas.xml", localPort: uasPort });
    const folder = temporaryFolder("e2e-store");
    try {
      const sip = { listenPort: 0, nextHops: [`127.0.0.1:${uasPort}`], optionsPingMs: 0 };
      gateway = await startGateway(settings({ sip, store: { databaseUrl: url, queueLimit: 100 } }));
      const csv = join(folder.path, "numbers.csv");
      const rows = Array.from({ length: 400 }, (_, i) => `+1202555${1000 + i};+1303555${1000 + i}`);
      writeFileSync(csv, ["SEQUENTIAL", ...rows].join("\n"));
      // Until it is told to end: the outage is in its midst, however long everything takes.
      const load = startSipp({
        scenario: "uac.xml",
        remote: `127.0.0.1:${gateway.sipPort}`,
        localPort: await freeUdpPort(),
        rate: 60,
        calls: 100_000,
        holdMs: 50,
        csv,
      });
      await until("the first CDRs", async () => (await cdrs(url)).rows > 30, 60_000);
      await postgres.crash();
      const up = gateway;
      await until("the metric says so", async () => (await up.metric("ringfence_store_up")) === 0);
      await until("records on disk", async () => (await up.metric("ringfence_store_spilled_total")) > 0, 60_000);
      await postgres.start();
      await until("the store to be back", async () => (await up.metric("ringfence_store_up")) === 1, 60_000);
      const { rows: back } = await cdrs(url);
      await until("CDRs after the outage", async () => (await cdrs(url)).rows > back + 30, 60_000);
      // No new calls; those that are up end.
      load.running.child.kill("SIGUSR1");
      const result = await load.result();
      assert.equal(result.failed, 0, result.output.slice(-2000));
      const calls = result.successful;
      await until("every CDR", async () => (await cdrs(url)).rows >= calls, 60_000);
      assert.deepEqual(await cdrs(url), { rows: calls, calls });
      assert.equal(await gateway.metric("ringfence_store_lost_total"), 0);
      // Where the database is slow to come back it may go down once more; each time is a line.
      const [downs, ups] = [logged(gateway, "store.down"), logged(gateway, "store.up")];
      assert.ok(downs >= 1 && downs <= ups + 1 && downs < 10, `an outage is one line, not one a record: ${downs}`);
    } finally {
      await uas.stop();
      folder.remove();
    }
  });

  test("frozen: calls pass, /health and queries are answered in time, and what waited is written once", async () => {
    const url = await postgres.createDatabase("frozen");
    gateway = await startGateway(settings({ store: { databaseUrl: url } }));
    await oneCall(gateway, 0);
    await until("the first CDR", async () => (await cdrs(url)).rows === 1, 60_000);
    signalAll(postgres.pid, "SIGSTOP");
    try {
      for (let i = 1; i <= 5; i++) await oneCall(gateway, i);
      const up = gateway;
      await until("degraded", async () => (await health(up)) === "degraded");
      assert.equal((await gateway.api("/api/v1/cdrs")).status, 503);
    } finally {
      signalAll(postgres.pid, "SIGCONT");
    }
    await until("six CDRs", async () => (await cdrs(url)).rows >= 6, 60_000);
    const up = gateway;
    await until("healthy", async () => (await health(up)) === "healthy", 60_000);
    assert.deepEqual(await cdrs(url), { rows: 6, calls: 6 });
  });
});

describe("the embedded store", () => {
  test("a full disk delays no call; it is said once, and what waited is written when there is room again", async (t) => {
    const disk = smallDisk(192 * 1024);
    if (typeof disk === "string") {
      t.skip(disk);
      return;
    }
    const filler = join(disk.path, "filler");
    try {
      gateway = await startGateway(settings({ store: { folder: join(disk.path, "data") } }));
      await oneCall(gateway, 0);
      const { bavail, bsize } = statfsSync(disk.path);
      let left = bavail * bsize;
      for (let i = 0; left > 0; i++, left -= 16 * MIB) {
        try {
          writeFileSync(`${filler}${i}`, Buffer.alloc(Math.min(left, 16 * MIB)));
        } catch {
          break;
        }
      }
      for (let i = 1; i <= 20; i++) await oneCall(gateway, i);
      const up = gateway;
      await until("the gateway says so", async () => (await health(up)) === "degraded", 60_000);
      // Its log comes another way than its answer.
      await until("the log to say so", () => logged(up, "journal.failed") > 0);
      assert.equal(logged(up, "journal.failed"), 1);
      for (let i = 0; i < 20; i++) {
        try {
          unlinkSync(`${filler}${i}`);
        } catch {
          break;
        }
      }
      await until("healthy again", async () => (await health(up)) === "healthy", 60_000);
      await until(
        "21 CDRs",
        async () => ((await up.api("/api/v1/cdrs?limit=100")).json as unknown[]).length === 21,
        60_000,
      );
    } finally {
      await gateway?.stop();
      disk.remove();
    }
  });

  test("a second process on the same folder is refused: store.locked, exit 1; the first goes on", async () => {
    gateway = await startGateway(settings());
    await assert.rejects(
      startGateway(settings(), { folder: gateway.folder }),
      /the gateway ended with 1:[\s\S]*store\.locked/,
    );
    await oneCall(gateway, 0);
  });

  test("the back-office thread dies: the call that is up stays, new ones pass, and HTTP comes back with every record", async () => {
    gateway = await startGateway(settings(), { env: INSPECTED });
    const up = gateway;
    const [standing] = await place(phones.carrierA, up.sipPort, "+12025550100", 50, 1);
    await endWorkers(up.running);
    for (let i = 0; i < 5; i++) await oneCall(up, i);
    assert.equal(standing?.endedAt, undefined);
    const rows = async (): Promise<number | undefined> => {
      const { json } = await up.api("/api/v1/cdrs?limit=100").catch(() => ({ json: undefined }));
      return Array.isArray(json) ? json.length : undefined;
    };
    await until("HTTP again", async () => (await rows()) !== undefined, 60_000);
    await until("the five CDRs", async () => (await rows()) === 5, 60_000);
    assert.equal(up.running.child.exitCode, null);
  });
});
