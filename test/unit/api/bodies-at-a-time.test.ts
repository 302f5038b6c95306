import { once } from "node:events";
import { connect, type AddressInfo, type Socket } from "node:net";
import { after, describe, test } from "node:test";
import { ok } from "../../../gateway/core/result.js";
import type { RecordingDesk } from "../../../gateway/ports/recordings.js";
import type { TokenVerifier } from "../../../gateway/ports/token-verifier.js";
import { apiHarness, KEYS } from "../../support/api-harness.js";
import { until } from "../../support/processes.js";

const UPLOADS = 2;

describe("recordings that are received at a time", async () => {
  let received = 0;
  let letGo = (): void => undefined;
  const desk = {
    upload: async (_order: unknown, bytes: AsyncIterable<Uint8Array>) => {
      for await (const chunk of bytes) received += chunk.byteLength;
      await new Promise<void>((resolve) => (letGo = resolve));
      throw new Error("worked on");
    },
  } as unknown as RecordingDesk;
  let judged = (): void => undefined;
  const tokens: TokenVerifier = {
    verify: () =>
      new Promise((resolve) => (judged = () => resolve(ok({ subject: "maria", claims: { scope: "all" } })))),
  };
  const grants = [{ claim: "scope", value: "all", role: "admin" }] as const;
  const { app } = await apiHarness({ limits: { uploads: UPLOADS }, grants }, { recordings: desk, tokens });
  await app.listen({ host: "127.0.0.1", port: 0 });
  after(() => app.close());

  const open = async (): Promise<{ readonly socket: Socket; readonly text: () => string }> => {
    const socket = connect((app.server.address() as AddressInfo).port, "127.0.0.1");
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1"))).on("error", () => undefined);
    await once(socket, "connect");
    return { socket, text: () => text };
  };
  const request = (key: string = KEYS.admin): string =>
    `POST /api/v1/recordings/upload?call_id=a HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer ${key}\r\n` +
    "Content-Type: application/octet-stream\r\nContent-Length: 1\r\n\r\nx";
  const connections = (): Promise<number> =>
    new Promise((resolve, reject) =>
      app.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
    );
  /** Whether as many as may be are taken in: one more than that is refused. */
  const roomIsThere = async (): Promise<void> => {
    const before = received;
    const clients = [await open(), await open(), await open()];
    for (const { socket } of clients) socket.write(request());
    await until(
      "two to be taken in and one to be refused",
      () =>
        clients.filter(({ text }) => text().startsWith("HTTP/1.1 503")).length === 1 && received === before + UPLOADS,
    );
    for (const { socket } of clients) socket.destroy();
    await until("all to be gone", async () => (await connections()) === 0);
    letGo();
  };

  test("pipelined ones whose client drops the connection make room for others", async () => {
    const { socket } = await open();
    socket.write(request() + request());
    await until("both", () => received === 2);
    socket.destroy();
    await until("it to be gone", async () => (await connections()) === 0);
    await roomIsThere();
    await roomIsThere();
  });

  test("a client that leaves while its token is looked at takes nobody's room", async () => {
    for (let i = 0; i < UPLOADS; i++) {
      const { socket } = await open();
      const seen = once(app.server, "request");
      socket.write(request("eyJhbGciOiJFUzI1NiJ9.e30.c2ln"));
      await seen;
      socket.destroy();
      await until("it to be gone", async () => (await connections()) === 0);
      judged();
    }
    await roomIsThere();
  });
});
