import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { isGone, refusalOf, type AriEvent } from "../../../gateway/adapters/asterisk-ari/ari-contracts.js";
import { AsteriskLink, type AsteriskLinkOptions } from "../../../gateway/adapters/asterisk-ari/asterisk-link.js";
import { SystemClock } from "../../../gateway/adapters/system/system-clock.js";
import { WsDialer } from "../../../gateway/adapters/websocket/ws-dialer.js";
import { GatewayError } from "../../../gateway/core/errors.js";
import { silentLog, type Log, type LogFields } from "../../../gateway/core/log.js";
import { noMetrics } from "../../../gateway/core/metrics.js";
import { CuttableProxy } from "../../support/cuttable-proxy.js";
import { until } from "../../support/processes.js";
import { SeededRandom } from "../../support/seeded-random.js";

/** Something that speaks ARI on loopback. */
export interface AriPeer {
  readonly httpPort: number;
  readonly user: string;
  readonly password: string;
  /** Makes a channel in an application that stays until it is deleted. @returns Its id. */
  makeChannel(link: AsteriskLink, app: string): Promise<string>;
  stop(): Promise<void>;
}

/** What the link promises, whoever speaks ARI at the other end. */
export function describeAriLink(name: string, start: () => Promise<AriPeer>, skip: string | false): void {
  describe(`ARI link to ${name}`, { skip }, () => {
    let peer: AriPeer;
    let proxy: CuttableProxy;
    const open: AsteriskLink[] = [];
    const clock = new SystemClock();

    before(async () => {
      peer = await start();
      proxy = await CuttableProxy.open(peer.httpPort);
    });
    after(async () => {
      for (const link of open) link.close();
      await proxy.close();
      await peer.stop();
    });

    // An application of its own for each: Asterisk tidies up after a link that closed while the next test has begun.
    const appOf = (link: AsteriskLink): string => `ringfence-${open.indexOf(link)}`;
    const linkTo = (change: Partial<AsteriskLinkOptions> = {}, log: Log = silentLog): AsteriskLink => {
      const link = new AsteriskLink(
        {
          serverId: "pbx1",
          app: `ringfence-${open.length}`,
          ariUrl: `http://127.0.0.1:${proxy.port}/ari`,
          username: peer.user,
          password: peer.password,
          requestTimeoutMs: 20_000,
          events: ["ChannelCreated", "ChannelDestroyed"],
          socket: { retryFirstMs: 20, retryMostMs: 100, refusedRetryMs: 50 },
          ...change,
        },
        { dialer: new WsDialer(clock), clock, random: new SeededRandom(1), metrics: noMetrics, log },
      );
      open.push(link);
      return link;
    };
    const connected = async (change: Partial<AsteriskLinkOptions> = {}): Promise<AsteriskLink> => {
      const link = linkTo(change);
      link.start();
      await until("the link to be up", () => link.up);
      return link;
    };

    test("answers come as JSON; what has no body is undefined", async () => {
      const link = await connected();
      assert.ok(Array.isArray(await link.request({ method: "GET", path: "/channels" })));
      const ping = (await link.request({ method: "GET", path: "/asterisk/ping" })) as { ping?: string };
      assert.equal(ping.ping, "pong");
      const id = await peer.makeChannel(link, appOf(link));
      const path = `/channels/${encodeURIComponent(id)}`;
      assert.equal(await link.request({ method: "DELETE", path, query: { reason_code: 21 } }), undefined);
      link.close();
    });

    test("what is not there is `ari.rejected` with 404 and Asterisk's words", async () => {
      const link = await connected();
      await assert.rejects(link.request({ method: "DELETE", path: "/channels/none" }), (error) => {
        assert.ok(error instanceof GatewayError);
        assert.equal(error.code, "ari.rejected");
        assert.deepEqual(refusalOf(error), { status: 404, said: "Channel not found" });
        return isGone(error);
      });
      link.close();
    });

    test("what a variable is set to goes in the body; a channel of which a function cannot be read is not gone", async () => {
      const link = await connected();
      const id = await peer.makeChannel(link, appOf(link));
      const path = `/channels/${encodeURIComponent(id)}/variable`;
      const value = "long and secret ".repeat(500).trim();
      await link.request({ method: "POST", path, body: { variable: "SAID", value } });
      assert.deepEqual(await link.request({ method: "GET", path, query: { variable: "SAID" } }), { value });
      const unread = link.request({ method: "GET", path, query: { variable: "NO_SUCH_FUNCTION(x)" } });
      await assert.rejects(unread, (error) => error instanceof GatewayError && error.code === "ari.unavailable");
      const none = link.request({ method: "GET", path: "/channels/none/variable", query: { variable: "SAID" } });
      await assert.rejects(none, (error) => isGone(error));
      await link.request({ method: "DELETE", path: `/channels/${encodeURIComponent(id)}` });
      link.close();
    });

    test("events of channels come in order, and no others than were asked for", async () => {
      const link = await connected();
      const events: AriEvent[] = [];
      link.onEvent((event) => events.push(event));
      const id = await peer.makeChannel(link, appOf(link));
      await link.request({ method: "DELETE", path: `/channels/${encodeURIComponent(id)}` });
      await until("its end", () =>
        events.some(({ type, channel }) => type === "ChannelDestroyed" && channel?.id === id),
      );
      const ofIt = events.filter(({ channel }) => channel?.id === id).map(({ type }) => type);
      assert.deepEqual(ofIt, ["ChannelCreated", "ChannelDestroyed"]);
      assert.deepEqual([...new Set(events.map(({ type }) => type))].sort(), ["ChannelCreated", "ChannelDestroyed"]);
      link.close();
    });

    test("a WebSocket that is cut is opened again, and both are told", async () => {
      const link = await connected();
      const told: string[] = [];
      link.onDown(() => told.push("down"));
      link.onUp(() => told.push("up"));
      proxy.cut();
      await until("the link to be up again", () => told.includes("up"));
      assert.deepEqual(told, ["down", "up"]);
      const events: AriEvent[] = [];
      link.onEvent((event) => events.push(event));
      const id = await peer.makeChannel(link, appOf(link));
      await until("an event", () => events.some(({ channel }) => channel?.id === id));
      await link.request({ method: "DELETE", path: `/channels/${encodeURIComponent(id)}` });
      link.close();
    });

    test("a wrong password is `ari.credentials`, is said once however often it is tried, and never printed", async () => {
      const lines: { event: string; fields: LogFields | undefined }[] = [];
      const note = (event: string, fields?: LogFields): void => void lines.push({ event, fields });
      const log: Log = { debug: note, info: note, warn: note, error: note, child: () => log };
      let dials = 0;
      const dialer = new WsDialer(clock);
      const link = new AsteriskLink(
        {
          serverId: "pbx1",
          app: "ringfence",
          ariUrl: `http://127.0.0.1:${proxy.port}/ari`,
          username: peer.user,
          password: "not-the-password",
          requestTimeoutMs: 20_000,
          events: [],
          socket: { refusedRetryMs: 10 },
        },
        {
          dialer: { dial: (options, user) => (dials++, dialer.dial(options, user)) },
          clock,
          random: new SeededRandom(1),
          metrics: noMetrics,
          log,
        },
      );
      open.push(link);
      link.start();
      await until("three tries", () => dials >= 3);
      assert.deepEqual(
        lines.map(({ event }) => event),
        ["ari.credentials"],
      );
      assert.equal(link.health().ok, false);
      assert.match(link.health().detail, /password/);
      assert.doesNotMatch(JSON.stringify(lines), /not-the-password|Basic/);
      await assert.rejects(
        link.request({ method: "GET", path: "/channels" }),
        (error) => error instanceof GatewayError && error.code === "ari.credentials",
      );
      link.close();
    });

    test("nobody there is `ari.unavailable`, and the link comes up once somebody is", async () => {
      proxy.refusing = true;
      proxy.cut();
      const link = linkTo();
      link.start();
      await assert.rejects(
        link.request({ method: "GET", path: "/channels" }),
        (error) => error instanceof GatewayError && error.code === "ari.unavailable" && error.retryable,
      );
      assert.equal(link.up, false);
      proxy.refusing = false;
      await until("the link to be up", () => link.up);
      link.close();
    });

    test("a signal that aborts ends the request with its reason", async () => {
      const link = await connected();
      const reason = new Error("enough");
      await assert.rejects(
        link.request({ method: "GET", path: "/channels" }, AbortSignal.abort(reason)),
        (error) => error === reason,
      );
      link.close();
    });
  });
}
