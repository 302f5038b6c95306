import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { connect, type TLSSocket } from "node:tls";
import { after, before, beforeEach, describe, test } from "node:test";
import { TestAuthority } from "../support/certificates.js";
import { until } from "../support/processes.js";
import { hangUpThrough, RawCall, takeCall } from "../support/raw-call.js";
import { headerOf, rawRequest, statusOf } from "../support/raw-message.js";
import { RawScene } from "../support/raw-scene.js";
import { WITHIN_MS } from "../support/raw-ua.js";

const noOpenssl =
  spawnSync("openssl", ["version"]).error === undefined
    ? false
    : "openssl is not installed: no certificates to test with";
const noIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((each) => each?.address === "::1")
  ? false
  : "this machine has no IPv6 loopback";

/** A SIP peer on one TLS connection. */
class TlsPhone {
  readonly #socket: TLSSocket;
  #text = "";
  #wake: () => void = () => undefined;
  closed = false;

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => {
      this.#text += bytes.toString("latin1");
      this.#wake();
    });
    socket.on("close", () => (this.closed = true));
    socket.on("error", () => undefined);
  }

  static async open(port: number, ca: Buffer | string): Promise<TlsPhone> {
    const socket = connect({ host: "127.0.0.1", port, ca, servername: "sip.example.com" });
    const phone = new TlsPhone(socket);
    await new Promise<void>((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
    return phone;
  }

  get serial(): string {
    return this.#socket.getPeerCertificate().serialNumber;
  }

  /** Sends a request and waits for its final answer. */
  async ask(text: string): Promise<string> {
    this.#socket.write(text, "latin1");
    const deadline = performance.now() + WITHIN_MS;
    for (;;) {
      const final = /SIP\/2\.0 [2-6]\d\d[\s\S]*?\r\n\r\n/.exec(this.#text);
      if (final !== null) {
        this.#text = "";
        return final[0];
      }
      if (performance.now() > deadline) throw new Error(`no final answer; came: ${this.#text}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  tell(text: string): void {
    this.#socket.write(text, "latin1");
  }

  close(): void {
    this.#socket.destroy();
  }
}

describe("limits and listeners of the production process", () => {
  const authority = noOpenssl === false ? new TestAuthority() : undefined;
  const files = { certFile: "", keyFile: "" };
  let scene: RawScene;

  before(async () => {
    if (authority !== undefined)
      Object.assign(files, authority.issue("in-force", ["DNS:sip.example.com", "IP:127.0.0.1"]));
    const tls = authority === undefined ? [] : [{ protocol: "tls", address: "127.0.0.1", port: 0, tls: files }];
    const v6 = noIpv6 === false ? [{ protocol: "udp", address: "::1", port: 0 }] : [];
    scene = await RawScene.open((called) => ({
      sip: {
        listenAddress: "127.0.0.1",
        listenPort: 0,
        nextHops: [called],
        optionsPingMs: 0,
        // 64 × that is how long a dead phone is waited for, and a living one on a machine that stands still.
        t1Ms: 100,
        listeners: [...tls, ...v6],
      },
      trunks: [
        { id: "short", maxCallDurationMs: 500 },
        { id: "watched", keepAliveMs: 200 },
      ],
      limits: { callsPerSecondPerSource: 1, burstPerSource: 10, unknownSources: "accept", drainMs: 0 },
    }));
  });
  after(async () => {
    await scene.close();
    authority?.remove();
  });
  beforeEach(() => scene.drop());

  const portOf = (protocol: string, host: string): number => {
    const name = scene.gateway.ready.sip.find((each) => each.startsWith(`${protocol}:${host}`));
    assert.ok(name !== undefined, `no ${protocol} listener in ${scene.gateway.ready.sip.join()}`);
    return Number(name.replace(/^.*:/, ""));
  };

  test("a call that lasts longer than its trunk's maxCallDurationMs is ended on both legs", async () => {
    const placed = RawCall.place(scene.caller, { headers: ["X-Ringfence-Trunk: short"] });
    await takeCall(scene.called);
    assert.equal(await placed.final(), 200);
    const [bye] = await Promise.all([
      placed.expect("BYE"),
      scene.called.receive("BYE ").then((request) => scene.called.respond(request, 200)),
    ]);
    assert.match(headerOf(bye, "Reason") ?? "", /Q\.850/);
    await until("it is counted", async () => (await scene.gateway.metric("ringfence_calls_limited_total")) === 1);
  });

  test("a phone that is gone is found by OPTIONS inside the call: the other side gets its BYE", async () => {
    const placed = RawCall.place(scene.caller, { headers: ["X-Ringfence-Trunk: watched"] });
    await takeCall(scene.called);
    assert.equal(await placed.final(), 200);
    await scene.called.receive("ACK ");
    let alive = 0;
    const answering = (async (): Promise<string> => {
      for (;;) {
        const request = await scene.caller.receive(/^(OPTIONS|BYE) /, 30_000);
        scene.caller.respond(request, 200);
        if (request.startsWith("BYE ")) return request;
        alive++;
      }
    })();
    await scene.called.receive("OPTIONS ");
    const bye = await answering;
    assert.equal(headerOf(bye, "Call-ID"), placed.callId);
    assert.ok(alive >= 2, `${alive} keep-alives reached the living side`);
  });

  test("above callsPerSecondPerSource INVITEs get 503 with Retry-After, and only those of that source", async () => {
    const flooder = await scene.phone("127.0.0.9");
    // Ten at once may pass, and one more for each second that it takes to read them all.
    const calls = Array.from({ length: 30 }, () => RawCall.place(flooder));
    const over = new AbortController();
    const answering = (async (): Promise<void> => {
      for (;;)
        scene.called.respond(await scene.called.receive("INVITE ", WITHIN_MS, over.signal), 486, { tag: "flood" });
    })().catch(() => undefined);
    const answers = new Map<string, string>();
    while (answers.size < calls.length) {
      const answer = await flooder.receive(/^SIP\/2\.0 [2-6]/);
      answers.set(headerOf(answer, "Call-ID") ?? "", answer);
    }
    over.abort();
    await answering;
    const [refused, passed] = [503, 486].map((status) =>
      [...answers.values()].filter((each) => statusOf(each) === status),
    );
    assert.equal((refused?.length ?? 0) + (passed?.length ?? 0), calls.length);
    assert.ok((passed?.length ?? 0) >= 10 && (refused?.length ?? 0) >= 5, `${passed?.length ?? 0} passed`);
    for (const answer of refused ?? []) assert.match(headerOf(answer, "Retry-After") ?? "", /^\d+$/);
    scene.drop();
    const polite = RawCall.place(scene.caller);
    const invite = await scene.called.receive(
      (message) => message.startsWith("INVITE ") && headerOf(message, "Call-ID")?.startsWith(polite.callId) === true,
    );
    scene.called.respond(invite, 486, { tag: "polite" });
    assert.equal(await polite.final(), 486);
  });

  test("an INVITE of a known scanner is dropped without a word", async () => {
    const scanner = await scene.phone("127.0.0.10");
    const before = await scene.gateway.metric("ringfence_requests_refused_total", '{why="scanner"}');
    const { callId } = RawCall.place(scanner, { headers: ["User-Agent: friendly-scanner"] });
    const refused = (): Promise<number> => scene.gateway.metric("ringfence_requests_refused_total", '{why="scanner"}');
    await until("it is counted", async () => (await refused()) === before + 1);
    assert.deepEqual(scanner.drop(), []);
    assert.deepEqual(
      scene.called.drop().filter((message) => headerOf(message, "Call-ID")?.startsWith(callId) === true),
      [],
    );
  });

  test("a call over IPv6 crosses to an IPv4 next hop", { skip: noIpv6 }, async () => {
    const phone = await scene.phone("::1", { address: "::1", port: portOf("udp", "[::1]") });
    const placed = RawCall.place(phone);
    const invite = await takeCall(scene.called);
    assert.match(headerOf(invite, "Via") ?? "", /UDP 127\.0\.0\.1:/);
    assert.equal(await placed.final(), 200);
    assert.match(headerOf(placed.answer, "Contact") ?? "", /\[::1\]:/);
    await hangUpThrough(placed, scene.called, invite);
  });

  test(
    "TLS: a call passes; after SIGHUP a new handshake sees the new certificate, the old connection lives",
    { skip: noOpenssl },
    async () => {
      assert.ok(authority);
      const ca = readFileSync(authority.caFile);
      const port = portOf("tls", "127.0.0.1");
      const first = await TlsPhone.open(port, ca);
      const invite = tlsText("INVITE", "tls-call", "z9hG4bK-tls-1");
      const answered = first.ask(invite);
      const onwards = await takeCall(scene.called);
      const answer = await answered;
      assert.equal(statusOf(answer), 200);
      const to = headerOf(answer, "To") ?? "";
      first.tell(tlsText("ACK", "tls-call", "z9hG4bK-tls-2", to));
      await scene.called.receive("ACK ");

      const next = authority.issue("next", ["DNS:sip.example.com", "IP:127.0.0.1"]);
      copyFileSync(next.certFile, files.certFile);
      copyFileSync(next.keyFile, files.keyFile);
      await scene.hangUpSignal();
      const second = await TlsPhone.open(port, ca);
      assert.notEqual(second.serial, first.serial);
      assert.equal(statusOf(await second.ask(tlsText("OPTIONS", "tls-ping", "z9hG4bK-tls-3"))), 200);

      writeFileSync(files.certFile, "-----BEGIN CERTIFICATE-----\nhalf a file");
      await scene.hangUpSignal('"event":"config.not-reloaded","code":"tls.certificate"');
      const refused = await scene.gateway.api("/api/v1/reload", { method: "POST", body: {} });
      assert.equal(refused.status, 422);
      assert.match(JSON.stringify(refused.json), /tls\.certificate/);
      const third = await TlsPhone.open(port, ca);
      assert.equal(third.serial, second.serial, "a certificate that cannot be read replaces nothing");
      third.close();

      assert.equal(first.closed, false);
      const ended = first.ask(tlsText("BYE", "tls-call", "z9hG4bK-tls-4", to, 2));
      // Not a repeated one of the test before.
      const isOurs = (message: string): boolean =>
        message.startsWith("BYE ") && headerOf(message, "Call-ID") === headerOf(onwards, "Call-ID");
      scene.called.respond(await scene.called.receive(isOurs), 200);
      assert.equal(statusOf(await ended), 200);
      first.close();
      second.close();
    },
  );
});

const tlsText = (method: string, callId: string, branch: string, to?: string, cseq = 1): string =>
  rawRequest({
    method,
    callId,
    branch,
    cseq,
    via: "127.0.0.1:5099",
    fromTag: callId,
    uri: "sip:+12025550102@sip.example.com",
    ...(to === undefined ? {} : { to }),
  }).replace("SIP/2.0/UDP", "SIP/2.0/TLS");
