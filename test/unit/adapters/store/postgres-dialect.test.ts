import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { Kysely, sql } from "kysely";
import { postgresDialect } from "../../../../gateway/adapters/store/postgres-dialect.js";

/** One message of PostgreSQL's protocol (55.7): a type, a length that counts itself, the rest. */
function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, "latin1");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const AUTHENTICATION_OK = message("R", Buffer.alloc(4));
const READY = message("Z", Buffer.from("I"));
const POSTMASTER_GONE = message(
  "E",
  Buffer.from("SFATAL\0VFATAL\0C57P01\0Mterminating connection due to unexpected postmaster exit\0\0", "latin1"),
);

/** A server that lets everybody in and dies in the same packet. */
async function dyingServer(t: TestContext): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.end(Buffer.concat([AUTHENTICATION_OK, READY, POSTMASTER_GONE])));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return `postgres://ringfence@127.0.0.1:${(server.address() as AddressInfo).port}/none`;
}

test("a server that dies while a connection is being handed out fails the query, not the process", async (t) => {
  const url = await dyingServer(t);
  const lost: Error[] = [];
  const dialect = postgresDialect({
    ...{ url, maxConnections: 1, connectTimeoutMs: 2_000, statementTimeoutMs: 2_000 },
    onIdleError: (error) => lost.push(error),
  });
  const database = new Kysely<Record<string, never>>({ dialect });
  t.after(() => database.destroy());
  for (let round = 0; round < 3; round++)
    await assert.rejects(sql`select 1`.execute(database), /terminat|not queryable/i);
});
