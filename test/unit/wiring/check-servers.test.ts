import assert from "node:assert/strict";
import { test } from "node:test";
import { configSchema } from "../../../gateway/config/schema.js";
import { serverProblems } from "../../../gateway/wiring/asterisk/check-servers.js";

const server = (id: string, ariUrl = `http://${id}.example/ari`, app = "ringfence") => ({
  id,
  ariUrl,
  app,
  username: "u",
  password: "p",
});
const cases = [
  { name: "different ones are fine", servers: [server("a"), server("b")], problems: [] },
  {
    name: "one URL with two applications is fine",
    servers: [server("a", "http://pbx.example/ari", "one"), server("b", "http://pbx.example/ari", "two")],
    problems: [],
  },
  {
    name: "two of one name",
    servers: [server("a"), server("a", "http://other.example/ari")],
    problems: ['asterisk.servers.1.id: "a" is the id of asterisk.servers.0 too'],
  },
  {
    name: "two of one URL and application",
    servers: [server("a", "http://pbx.example/ari"), server("b"), server("c", "http://pbx.example/ari")],
    problems: ["asterisk.servers.2.app: the same URL and application as asterisk.servers.0"],
  },
  ...["http://pbx.example", "https://pbx.example:8089/prefix/ari/", "http://[2001:db8::1]:8088/ari"].map((url) => ({
    name: `${url} may be right`,
    servers: [server("a", url)],
    problems: [],
  })),
  {
    name: "a URL of another kind",
    servers: [server("a", "ftp://pbx.example/ari")],
    problems: ["asterisk.servers.0.ariUrl: must begin with http:// or https://"],
  },
  {
    name: "a URL with a user",
    servers: [server("a", "http://u:topsecret@pbx.example/ari")],
    problems: ["asterisk.servers.0.ariUrl: no user in the URL: use username and passwordFile"],
  },
  ...["?x=1", "#f"].map((more) => ({
    name: `a URL with ${more}`,
    servers: [server("a", `http://pbx.example/ari${more}`)],
    problems: ["asterisk.servers.0.ariUrl: nothing may come after the path"],
  })),
  {
    name: "a trunk that is not there is one of its own",
    servers: [{ ...server("a"), trunk: "nosuch" }],
    problems: [],
  },
  {
    name: "trunks that are there, the default one too",
    servers: [
      { ...server("a"), trunk: "carrier" },
      { ...server("b"), trunk: "default" },
    ],
    problems: [],
  },
];
for (const { name, servers, problems } of cases)
  test(`Asterisk servers: ${name}`, () => {
    const config = configSchema.parse({ trunks: [{ id: "carrier" }], asterisk: { servers } });
    assert.deepEqual(serverProblems(config), problems);
  });

const bySocket = { ...server("a"), media: "audiosocket" as const };
const AUDIO_SOCKET_OFF = ["asterisk.servers.0.media: audiosocket needs asterisk.audioSocket.enabled"];
const NO_ADDRESS = [
  "asterisk.servers.0.mediaAddress: asterisk.audioSocket listens on every address: say which of them Asterisk connects to",
];
const mediaCases = [
  { name: "without its server", media: bySocket, audioSocket: {}, problems: AUDIO_SOCKET_OFF },
  { name: "with it", media: bySocket, audioSocket: { enabled: true }, problems: [] },
  {
    name: "listening everywhere",
    media: bySocket,
    audioSocket: { enabled: true, listenAddress: "0.0.0.0" },
    problems: NO_ADDRESS,
  },
  {
    name: "listening everywhere, its address said",
    media: { ...bySocket, mediaAddress: "[2001:db8::1]:9092" },
    audioSocket: { enabled: true, listenAddress: "::" },
    problems: [],
  },
  { name: "that nobody hears", media: { ...bySocket, listen: "none" as const }, audioSocket: {}, problems: [] },
];
for (const { name, media, audioSocket, problems } of mediaCases)
  test(`Asterisk servers: sound over AudioSocket ${name}`, () => {
    const config = configSchema.parse({
      speech: { engine: "module", module: { path: "/engine.mjs" } },
      asterisk: { servers: [media], audioSocket },
    });
    assert.deepEqual(serverProblems(config), problems);
  });

test("Asterisk servers: an address of an AudioSocket is a host and a port", () => {
  for (const mediaAddress of ["pbx", "192.0.2.1", "a b:1", "http://x:1"]) {
    const { success } = configSchema.safeParse({ asterisk: { servers: [{ ...bySocket, mediaAddress }] } });
    assert.equal(success, false, mediaAddress);
  }
});
