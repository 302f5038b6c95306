import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer as createTlsServer } from "node:tls";
import { describe, test } from "node:test";
import { DrachtioSipEndpoint } from "../../../gateway/adapters/sip-drachtio/drachtio-endpoint.js";
import { ROUTED_METHODS } from "../../../gateway/adapters/sip-drachtio/drachtio-options.js";
import { SystemClock } from "../../../gateway/adapters/system/system-clock.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import { TestAuthority } from "../../support/certificates.js";
import { DrachtioPeer, frame } from "../../support/drachtio-peer.js";
import {
  drachtioScene,
  inviteIn,
  LOCAL,
  request,
  startedScene,
  type DrachtioScene,
} from "../../support/drachtio-scene.js";
import { freeTcpPort, until } from "../../support/processes.js";
import { SeededRandom } from "../../support/seeded-random.js";
import { TellingCaller, TellingUser } from "../../support/telling-users.js";

const engineError = (error: unknown): boolean => error instanceof GatewayError && error.code === "sip.engine";

/** Comes back: time is the test's, sockets are real. */
async function untilConnected({ peer, clock, endpoint }: DrachtioScene, times: number): Promise<void> {
  await until(`connection ${times}`, () => {
    clock.advance(200);
    return peer.connections >= times && endpoint.listeners.length > 0;
  });
}

describe("drachtio: the connection", () => {
  test("authenticates first, then asks for each method once, in lower case", async (t) => {
    const { peer, endpoint, start } = await drachtioScene(t, {
      peer: { hostPorts: "tcp/192.0.2.1:5070,udp/[2001:db8::1]:5070" },
    });
    await start();
    await peer.next((command) => command.fields[0] === ROUTED_METHODS.at(-1));
    assert.deepEqual(
      peer.commands.map(({ type, fields }) => [type, ...fields]),
      [["authenticate", "cymru", ""], ...ROUTED_METHODS.map((method) => ["route", method])],
    );
    assert.deepEqual(endpoint.listeners, ["tcp:192.0.2.1:5070", "udp:[2001:db8::1]:5070"]);
  });

  test("a wrong secret ends the start with sip.engine", async (t) => {
    const { peer, start } = await drachtioScene(t, { server: { secret: "not this" } });
    await assert.rejects(start(), engineError);
    assert.deepEqual(
      peer.commands.map(({ type }) => type),
      ["authenticate"],
    );
  });

  test("nobody at that port ends the start with sip.engine", async (t) => {
    const { start } = await drachtioScene(t, { server: { port: await freeTcpPort() } });
    await assert.rejects(start(), engineError);
  });

  test("a server that says nothing to authenticate ends the start with sip.engine after connectTimeoutMs", async (t) => {
    const { peer, clock, start } = await drachtioScene(t);
    peer.answers = false;
    const started = assert.rejects(start(), engineError);
    await peer.next("authenticate");
    clock.advance(5000);
    await started;
  });

  test("commands go to loopback only, unless allowed: the server obeys whoever reaches it (fault 6)", async (t) => {
    const { endpoint, user } = await drachtioScene(t, { server: { host: "192.0.2.1" } });
    await assert.rejects(endpoint.start(user), engineError);
    assert.equal(endpoint.listeners.length, 0);
  });

  test("a secret that would break the META line is refused", async (t) => {
    const { peer, start } = await drachtioScene(t, { server: { secret: "a|b" } });
    await assert.rejects(start(), engineError);
    assert.equal(peer.connections, 0);
  });

  test("frames that come byte by byte and many in one read are all taken, in order", async (t) => {
    const scene = await startedScene(t);
    const { peer, user } = scene;
    const options = (n: number): Buffer =>
      frame(
        ["sip", "network", "1", "udp", "192.0.2.9", "5060", "t", `T${n}`, ...LOCAL, ""],
        request({ method: "OPTIONS", callId: `o${n}`, branch: `z9hG4bK${n}` }),
      );
    const bytes = Buffer.concat(Array.from({ length: 200 }, (_, n) => options(n)));
    for (const byte of bytes.subarray(0, 700)) peer.write(Buffer.from([byte]));
    peer.write(bytes.subarray(700));
    for (let n = 0; n < 200; n++) assert.equal((await user.nextRequest()).request.headers.get("call-id"), `o${n}`);
  });

  for (const [name, garbage] of [
    ["a frame without a length", Buffer.from("abc#def")],
    ["a length of eight digits", Buffer.from("99999999#")],
    ["a payload that is no message", frame(["sip", "network"])],
  ] as const) {
    test(`${name} costs the connection, not the process: it comes back and asks for the methods again`, async (t) => {
      const scene = await startedScene(t);
      scene.peer.write(garbage);
      await until("loss", () => scene.endpoint.listeners.length === 0);
      assert.equal(scene.metrics.value("ringfence_drachtio_connection_lost_total"), 1);
      await untilConnected(scene, 2);
      await until("routes", () => scene.peer.routes.size === ROUTED_METHODS.length);
      await inviteIn(scene);
    });
  }

  test("a message of a type that we do not know is left aside", async (t) => {
    const scene = await startedScene(t);
    scene.peer.write(frame(["cdr:start", "network", "t", "uac"], "SIP/2.0 200 OK\r\n\r\n"));
    await inviteIn(scene);
  });

  test("a server that does not answer a ping is gone", async (t) => {
    const { peer, clock, endpoint, metrics, user } = await startedScene(t);
    await until("routes", () => peer.routes.size === ROUTED_METHODS.length);
    // Behind the answers to them: they have been read.
    peer.deliver(request({ method: "OPTIONS" }), ["TO", ...LOCAL]);
    await user.nextRequest();
    peer.answers = false;
    clock.advance(10_000);
    await peer.next("ping");
    clock.advance(5_000);
    assert.equal(metrics.value("ringfence_drachtio_connection_lost_total"), 1);
    assert.equal(endpoint.listeners.length, 0);
  });

  test("without a connection requests end at once with a local 503", async (t) => {
    const { peer, endpoint } = await startedScene(t);
    peer.drop();
    await until("loss", () => endpoint.listeners.length === 0);
    const caller = new TellingCaller();
    endpoint.request(
      {
        method: "OPTIONS",
        uri: "sip:192.0.2.9",
        from: "<sip:a@192.0.2.1>",
        to: "<sip:192.0.2.9>",
        targets: [{ protocol: "udp", address: "192.0.2.9", port: 5060 }],
      },
      caller,
    );
    const { response, local } = await caller.final();
    assert.deepEqual([response.status, local], [503, true]);
  });

  test("comes back over TLS when it was TLS: drachtio-srf itself falls back to plain TCP", async (t) => {
    const authority = new TestAuthority();
    t.after(() => authority.remove());
    const { certFile, keyFile } = authority.issue("drachtio", ["DNS:localhost", "IP:127.0.0.1"]);
    const tls = createTlsServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) });
    const peer = await DrachtioPeer.open({}, tls, 0, "secureConnection");
    const times = { reconnectMinMs: 10 };
    const server = { host: "127.0.0.1", port: peer.port, secret: "cymru", tls: { ca: readFileSync(authority.caFile) } };
    const deps = { clock: new SystemClock(), random: new SeededRandom(1) };
    const endpoint = new DrachtioSipEndpoint({ server, times, ...deps });
    t.after(async () => {
      await endpoint.close();
      await peer.close();
    });
    await endpoint.start(new TellingUser());
    peer.drop();
    await until("a second TLS connection", () => peer.connections >= 2 && peer.routes.size > 0);

    const strangers = new DrachtioSipEndpoint({ server: { ...server, tls: {} }, times, ...deps });
    t.after(() => strangers.close());
    await assert.rejects(strangers.start(new TellingUser()), engineError);
    const heard = peer.commands.filter(({ type }) => type === "authenticate");
    assert.equal(heard.length, 2, "the secret is not told to a server whose certificate is not good");
  });
});
