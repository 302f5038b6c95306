import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type AddressInfo, type Socket } from "node:net";
import { after, describe, test } from "node:test";
import type { RecordingDesk } from "../../../gateway/ports/recordings.js";
import { apiHarness, KEYS } from "../../support/api-harness.js";
import { until } from "../../support/processes.js";

const LIMITS = { requestTimeoutMs: 1_000, uploadTimeoutMs: 10_000, uploads: 1 };

describe("bodies that come slowly", async () => {
  let received = 0;
  const desk = {
    upload: async (_order: unknown, bytes: AsyncIterable<Uint8Array>) => {
      for await (const chunk of bytes) received += chunk.byteLength;
      throw new Error("received");
    },
  } as unknown as RecordingDesk;
  const harness = await apiHarness({ limits: LIMITS }, { recordings: desk });
  const { app, clock } = harness;
  await app.listen({ host: "127.0.0.1", port: 0 });
  after(() => app.close());

  const open = async (path: string, type: string, length: number): Promise<{ socket: Socket; text: () => string }> => {
    const socket = connect((app.server.address() as AddressInfo).port, "127.0.0.1");
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1"))).on("error", () => undefined);
    await once(socket, "connect");
    const seen = once(app.server, "request");
    socket.write(`POST ${path} HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer ${KEYS.admin}\r\n`);
    socket.write(`Content-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`);
    await seen;
    return { socket, text: () => text };
  };
  const UPLOAD = "/api/v1/recordings/upload?call_id=a";
  /** Until the server has read it, so that the clock does not run ahead of it. */
  const send = async (socket: Socket): Promise<void> => {
    const before = received;
    socket.write("x");
    await until("the byte", () => received > before);
  };

  test("the server's own limits, which know no routes, end no upload sooner", () => {
    const { requestTimeout, headersTimeout } = app.server;
    assert.deepEqual([requestTimeout, headersTimeout], [LIMITS.uploadTimeoutMs, LIMITS.requestTimeoutMs]);
  });

  test("an event that trickles in is over after the time that a request has", async () => {
    const { socket, text } = await open("/event", "application/json", 100);
    socket.write("{");
    clock.advance(1_000);
    await once(socket, "close");
    assert.match(text(), /^HTTP\/1\.1 408 [^]*request\.timed-out/);
  });

  test("an upload may take longer, as long as bytes come, and then has its own end", async () => {
    const { socket, text } = await open(UPLOAD, "application/octet-stream", 100);
    for (let second = 0; second < 9; second++) {
      await send(socket);
      clock.advance(1_000);
    }
    assert.equal(text(), "");
    assert.equal(socket.destroyed, false);
    await send(socket);
    clock.advance(1_000);
    await once(socket, "close");
    assert.match(text(), /^HTTP\/1\.1 408 /);
  });

  test("an upload from which nothing comes is over at once, and makes room for the next", async () => {
    const { socket, text } = await open(UPLOAD, "application/octet-stream", 100);
    await send(socket);
    clock.advance(1_000);
    const second = await open(UPLOAD, "application/octet-stream", 100);
    await until("its refusal", () => second.text().includes("\r\n\r\n"));
    assert.match(second.text(), /^HTTP\/1\.1 503 [^]*retry-after[^]*recording\.full/i);
    second.socket.destroy();
    clock.advance(1_000);
    await once(socket, "close");
    assert.match(text(), /^HTTP\/1\.1 408 /);
    const third = await open(UPLOAD, "application/octet-stream", 100);
    await send(third.socket);
    third.socket.destroy();
  });
});
