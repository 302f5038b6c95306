import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { AGI_OPTIONS } from "../../../gateway/adapters/asterisk-agi/agi-options.js";
import { RESULT_VARIABLE } from "../../../gateway/adapters/asterisk-ari/screening/ari-screened-line.js";
import { dialledNumber } from "../../../gateway/adapters/asterisk-ari/watch/channel-kind.js";
import { ariServerSchema } from "../../../gateway/config/asterisk/ari-schema.js";
import { asteriskSchema } from "../../../gateway/config/asterisk/asterisk-schema.js";
import { ariChannel } from "../../support/memory-ari-link.js";

// What Asterisk loads and what the gateway reads meet only by name: they are compared here.
const dialplan = readFileSync("dialplan/extensions.conf", "utf8");
const templates = readdirSync("asterisk-conf", { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".conf"))
  .map((name) => ({ name, text: readFileSync(join("asterisk-conf", name), "utf8") }));
const settings = JSON.parse(readFileSync("asterisk-conf/settings.json", "utf8")) as {
  name: string;
  default?: string;
  what: string;
}[];
const code = dialplan
  .split("\n")
  .filter((line) => !line.startsWith(";"))
  .join("\n");
const all = (pattern: RegExp, text = code): string[] => [
  ...new Set([...text.matchAll(pattern)].map((match) => match[1] ?? "")),
];
const agiScripts = readFileSync("gateway/adapters/asterisk-agi/agi-scripts.ts", "utf8");
const defaults = asteriskSchema.parse({});
const defaultOf = (name: string): string | undefined => settings.find((setting) => setting.name === name)?.default;

test("every gateway module that dialplan/ and asterisk-conf/ name exists", () => {
  const named = [{ name: "dialplan", text: dialplan }, ...templates].flatMap(({ name, text }) =>
    all(/(gateway\/[\w/-]+)/g, text).map((path) => ({ name, path })),
  );
  assert.ok(named.length >= 6);
  assert.deepEqual(
    named.filter(({ path }) => !existsSync(path)),
    [],
  );
});

test("the dialplan says which module each context serves", () => {
  for (const context of [
    "ringfence-check",
    "ringfence-report",
    "ringfence-listen",
    "ringfence-screen",
    "ringfence-listen-audiosocket",
  ]) {
    const comment = new RegExp(`((?:^;.*\\n)+)\\[${context}\\]`, "m").exec(dialplan)?.[1] ?? "";
    assert.match(comment, /Serves gateway\/adapters\//, context);
  }
});

test("AGI: the scripts are ones that the gateway has, with options that it reads", () => {
  const scripts = all(/AGI\(agi:\/\/\$\{\w+\}\/(\w+)\?/g);
  assert.deepEqual(scripts.sort(), ["check", "listen", "report"]);
  for (const script of scripts) assert.ok(agiScripts.includes(`call.script === "${script}"`), script);
  const options = all(/[?&](\w+)=/g).concat(all(/query\)=(\w+)=/g));
  assert.ok(options.length >= 12, options.join());
  assert.deepEqual(
    options.filter((option) => !(AGI_OPTIONS as readonly string[]).includes(option)),
    [],
  );
});

test("AGI: what the gateway sets is what the dialplan reads", () => {
  const set = all(/(RINGFENCE_\w+)/g, agiScripts);
  assert.deepEqual(set.sort(), [
    "RINGFENCE_CALL_ID",
    "RINGFENCE_LANGUAGE",
    "RINGFENCE_LISTENING",
    "RINGFENCE_REASON",
    "RINGFENCE_SCORE",
    "RINGFENCE_VERDICT",
  ]);
  assert.deepEqual(
    set.filter((name) => !code.includes(`\${${name}}`)),
    [],
  );
});

test("ARI: Stasis arguments and the result of screening have the gateway's names", () => {
  assert.deepEqual(all(/Stasis\(\$\{app\},(\w+)/g).sort(), ["listen", "screen"]);
  assert.equal(RESULT_VARIABLE, "RINGFENCE_SCREENING");
  assert.ok(code.includes(`Goto(\${${RESULT_VARIABLE}},1)`));
  const screen = code.slice(code.indexOf("[ringfence-screen]"), code.indexOf("[ringfence-listen-audiosocket]"));
  const outcomes = all(
    /"(pass|voicemail|goodbye|unavailable)"/g,
    readFileSync("gateway/pipeline/screening/screening-options.ts", "utf8"),
  );
  for (const outcome of outcomes) assert.ok(screen.includes(`exten => ${outcome},1,`), outcome);
  assert.ok(outcomes.length >= 3);
});

test("ARI: extensions of our subroutines are no called numbers; those of the refusal are, and of every other context", () => {
  const contexts = all(/^\[(ringfence-[\w-]+)\]/gm);
  assert.ok(contexts.length >= 9);
  for (const context of [...contexts, "ringfence-in", "incoming"]) {
    const channel = ariChannel("1.0", { dialplan: { context, exten: "2000", priority: 1 } });
    const isNumber = !contexts.includes(context) || context === "ringfence-refuse";
    assert.equal(dialledNumber(channel), isNumber ? "2000" : undefined, context);
  }
});

test("no application that another one calls has text of a caller in it: ExecIf() would run a name that reads like the dialplan", () => {
  for (const { name, text } of [{ name: "dialplan", text: code }, ...templates]) {
    const called = all(/(?:ExecIf|Exec|TryExec|MacroIf|GosubIf)\((\$\[.*)\)$/gm, text);
    const foreign = called.filter((each) => /\$\{(?!LEN\(|RINGFENCE_(?:AGI|AUDIOSOCKET|CALL_ID)\b|agi\b)/.test(each));
    assert.deepEqual(foreign, [], name);
  }
  assert.ok(code.includes("ExecIf("));
});

test("what comes from elsewhere is escaped on its way into an AGI address, and nothing is left on the house's channel", () => {
  for (const query of all(/(agi:\/\/\S+|query\)=\S+)/g)) {
    const bare = all(/=(\$\{(?!URIENCODE)\w+[^&]*)/g, query);
    // Numbers and words of Asterisk's own, and what was escaped before.
    const own =
      /^\$\{(?:uuid|callee|query|CALLERID\(num-pres\)|UNIQUEID|RINGFENCE_(?:KNOWN|OF|CALL|CAUSE|SECONDS|TALK))\}/;
    assert.deepEqual(
      bare.filter((value) => !own.test(value)),
      [],
      query,
    );
  }
  // The channel of a report is our own, and has no subroutine whose variable it could be.
  const report = code.slice(code.indexOf("exten => send"), code.indexOf("[ringfence-listen]"));
  const others = code.replace(report, "");
  assert.ok(others.includes("Set(LOCAL(AGIEXITONHANGUP)=yes)"));
  assert.ok(!others.includes("Set(AGIEXITONHANGUP"));
});

test("every variable of the dialplan is in its list, and the other way round", () => {
  const [head = ""] = dialplan.split("[ringfence-check]");
  const listed = all(/^; {3}(RINGFENCE_\w+)/gm, head);
  // Of the dialplan's own use: what one context hands to another.
  const inner = /^RINGFENCE_(?:TO|OF|CALL|CAUSE|SECONDS|TALK|UUID|CALLEE_UUID|SPIED|LISTENING|IDENTITY|ATTESTATION)$/;
  assert.deepEqual(
    all(/\b_{0,2}(RINGFENCE_\w+)/g).filter((name) => !inner.test(name) && !listed.includes(name)),
    [],
  );
  assert.deepEqual(
    listed.filter((name) => !code.includes(name)),
    [],
  );
});

test("defaults are the same on both sides", () => {
  const { agi, audioSocket, mediaWebSocket } = defaults;
  const pairs: readonly (readonly [string, string])[] = [
    ["AGI", `${agi.listenAddress}:${agi.listenPort}`],
    ["AUDIOSOCKET", `${audioSocket.listenAddress}:${audioSocket.listenPort}`],
    ["MEDIA_WEBSOCKET", `${mediaWebSocket.listenAddress}:${mediaWebSocket.listenPort}`],
  ];
  for (const [name, address] of pairs) assert.equal(defaultOf(name), address);
  for (const address of pairs.slice(0, 2).map(([, text]) => text)) assert.ok(code.includes(`=${address})`), address);
  const server = ariServerSchema.parse({ id: "a", ariUrl: "http://127.0.0.1:8088/ari", username: "a", password: "b" });
  assert.equal(defaultOf("ARI_APP"), server.app);
  assert.ok(code.includes(`}:${server.app})`));
  const websocket = templates.find(({ name }) => name === "secrets/websocket_client.conf")?.text ?? "";
  assert.ok(websocket.includes(`@MEDIA_WEBSOCKET@${mediaWebSocket.path}`));
});
