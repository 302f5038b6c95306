import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import ts from "typescript";
import { HEARING_EVENTS } from "../../../gateway/adapters/asterisk-ari/hearing/ari-hearing.js";
import { OWN_EVENTS } from "../../../gateway/adapters/asterisk-ari/hearing/own-objects.js";
import { SCREENING_EVENTS } from "../../../gateway/adapters/asterisk-ari/screening/ari-screened-line.js";
import { WATCHED_EVENTS } from "../../../gateway/adapters/asterisk-ari/watch/call-watcher.js";
import { asteriskMissing, startAsterisk, type Asterisk } from "../../support/asterisk.js";

// What the code takes for granted, against the description that the running Asterisk serves of itself.

interface Model {
  readonly properties: Readonly<Record<string, { readonly type: string; readonly required?: boolean }>>;
  readonly subTypes?: readonly string[];
}
interface Operation {
  readonly httpMethod: string;
  readonly parameters?: readonly { readonly name: string; readonly paramType: string }[];
}
interface Description {
  readonly models: Readonly<Record<string, Model>>;
  readonly apis: readonly { readonly path: string; readonly operations: readonly Operation[] }[];
}

const FOLDER = "gateway/adapters/asterisk-ari";
const DESCRIPTIONS = ["channels", "bridges", "applications", "events", "playbacks", "asterisk"] as const;
const skip = asteriskMissing() ?? false;

/** Members of the interfaces in ari-contracts.ts that are models of Asterisk. */
const MODELS: Readonly<Record<string, string>> = {
  AriCallerId: "CallerID",
  AriDialplan: "DialplanCEP",
  AriChannel: "Channel",
  AriBridge: "Bridge",
  AriPlayback: "Playback",
};
/** Members of events beside those of `AriEvent`, by the interface that reads them. */
const EVENTS: Readonly<Record<string, string>> = { DialEvent: "Dial", TransferEvent: "BridgeAttendedTransfer" };

function sources(): readonly ts.SourceFile[] {
  const names = readdirSync(FOLDER, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  return names.map((name) =>
    ts.createSourceFile(name, readFileSync(join(FOLDER, name), "utf8"), ts.ScriptTarget.Latest, true),
  );
}

interface Member {
  readonly name: string;
  readonly optional: boolean;
  /** As it stands in the source: `readonly string[]`. */
  readonly type: string;
}

/** Members of every interface, and whether each may be missing. */
function interfacesOf(files: readonly ts.SourceFile[]): ReadonlyMap<string, readonly Member[]> {
  const found = new Map<string, readonly Member[]>();
  for (const file of files)
    file.forEachChild((node) => {
      if (!ts.isInterfaceDeclaration(node)) return;
      const members = node.members.filter(ts.isPropertySignature);
      found.set(
        node.name.text,
        members.map((member) => ({
          name: member.name.getText(file),
          optional: member.questionToken !== undefined,
          type: member.type?.getText(file) ?? "unknown",
        })),
      );
    });
  return found;
}

/** Of Asterisk's types, in our words. */
const TYPES: Readonly<Record<string, string>> = {
  string: "string",
  Date: "string",
  int: "number",
  long: "number",
  double: "number",
  boolean: "boolean",
  object: "Readonly<Record<string, string>>",
  ...Object.fromEntries(Object.entries(MODELS).map(([ours, theirs]) => [theirs, ours])),
};

function ourType(theirs: string): string {
  const element = /^List\[(\w+)\]$/.exec(theirs)?.[1];
  return element === undefined ? (TYPES[theirs] ?? `none for ${theirs}`) : `readonly ${ourType(element)}[]`;
}

interface Used {
  readonly method: string;
  /** Its parameters are `*`. */
  readonly path: string;
  /** Names of the query's and the body's members, where they are written there. */
  readonly names: readonly string[];
}

const textOf = (node: ts.Expression): string | undefined =>
  ts.isTemplateExpression(node)
    ? node.head.text + node.templateSpans.map((span) => `*${span.literal.text}`).join("")
    : ts.isStringLiteralLike(node)
      ? node.text
      : undefined;

/** Every request whose method and path are written side by side. */
function requestsOf(files: readonly ts.SourceFile[]): readonly Used[] {
  const found: Used[] = [];
  const member = (node: ts.ObjectLiteralExpression, name: string): ts.Expression | undefined =>
    node.properties.filter(ts.isPropertyAssignment).find((each) => each.name.getText() === name)?.initializer;
  const visit = (node: ts.Node): void => {
    if (ts.isObjectLiteralExpression(node)) {
      const [method, path] = ["method", "path"].map((name) => member(node, name)).map((each) => each && textOf(each));
      const given = ["query", "body"].map((name) => member(node, name)).filter((each) => each !== undefined);
      const names = given.filter(ts.isObjectLiteralExpression).flatMap(({ properties }) => properties);
      if (method !== undefined && path?.startsWith("/") === true)
        found.push({ method, path, names: names.flatMap((each) => each.name?.getText() ?? []) });
    }
    node.forEachChild(visit);
  };
  for (const file of files) visit(file);
  return found;
}

/** Every text that is a path of ARI; its parameters are `*`. */
function pathsOf(files: readonly ts.SourceFile[]): readonly string[] {
  const found = new Set<string>();
  for (const file of files) {
    const visit = (node: ts.Node): void => {
      if (ts.isTemplateExpression(node) || ts.isNoSubstitutionTemplateLiteral(node) || ts.isStringLiteral(node)) {
        const text = ts.isTemplateExpression(node)
          ? node.head.text + node.templateSpans.map((span) => `*${span.literal.text}`).join("")
          : node.text;
        if (/^\/(channels|bridges|applications|playbacks|asterisk|\*)(\/|$)/.test(text) && !text.includes(" "))
          found.add(text);
      }
      node.forEachChild(visit);
    };
    visit(file);
  }
  return [...found];
}

/** Of requests that are put together of parts. */
const PARAMETERS: readonly (readonly [what: string, method: string, path: string, names: readonly string[]])[] = [
  ["a snoop", "POST", "/channels/*/snoop/*", ["app", "appArgs", "spy", "whisper"]],
  [
    "external media",
    "POST",
    "/channels/externalMedia",
    [
      ...["app", "channelId", "external_host", "encapsulation", "transport", "connection_type"],
      ...["format", "direction", "data", "transport_data"],
    ],
  ],
  ["a hang-up", "DELETE", "/channels/*", ["reason_code"]],
  ["the filter of events", "PUT", "/applications/*/eventFilter", ["filter"]],
  ["a subscription", "POST", "/applications/*/subscription", ["eventSource"]],
  ["the events", "GET", "/events", ["app"]],
];

describe("ARI as the running Asterisk describes it", { skip }, () => {
  let asterisk: Asterisk;
  const described = new Map<string, Description>();
  const model = (name: string): Model => {
    for (const { models } of described.values()) if (models[name] !== undefined) return models[name];
    throw new Error(`no model ${name}`);
  };
  const files = sources();
  const interfaces = interfacesOf(files);

  before(async () => {
    asterisk = await startAsterisk();
    const authorization = `Basic ${btoa(`${asterisk.ariUser}:${asterisk.ariPassword}`)}`;
    for (const name of DESCRIPTIONS) {
      const answer = await fetch(`${asterisk.ariUrl}/api-docs/${name}.json`, { headers: { authorization } });
      described.set(name, (await answer.json()) as Description);
    }
  });
  after(() => asterisk.stop());

  for (const [ours, theirs] of Object.entries(MODELS)) {
    test(`every member of ${ours} is one of ${theirs}, of that type; what we rely on is required there`, () => {
      const members = interfaces.get(ours) ?? [];
      assert.ok(members.length > 0);
      for (const { name, optional, type } of members) {
        const property = model(theirs).properties[name];
        assert.ok(property !== undefined, `${theirs} has no ${name}`);
        assert.equal(type, ourType(property.type), `${theirs}.${name}`);
        if (!optional) assert.equal(property.required, true, `${theirs}.${name} may be missing`);
      }
    });
  }

  for (const [ours, theirs] of Object.entries(EVENTS)) {
    test(`every member of ${ours} is one of the event ${theirs}, of that type`, () => {
      for (const { name, type } of interfaces.get(ours) ?? assert.fail(ours)) {
        const property = model(theirs).properties[name];
        assert.ok(property !== undefined, `${theirs} has no ${name}`);
        assert.equal(type.replace(/ \| undefined$/, ""), ourType(property.type), `${theirs}.${name}`);
      }
    });
  }

  test("every event that is used is one of Asterisk's", () => {
    for (const type of [
      ...WATCHED_EVENTS,
      ...HEARING_EVENTS,
      ...SCREENING_EVENTS,
      ...OWN_EVENTS,
      "ApplicationReplaced",
    ])
      assert.ok(Object.keys(model(type)).length > 0, type);
    assert.equal(model("ChannelDestroyed").properties["cause"]?.required, true);
    for (const type of [
      "ChannelCreated",
      "ChannelStateChange",
      "ChannelHangupRequest",
      "ChannelDestroyed",
      "ChannelDialplan",
      "StasisStart",
      "StasisEnd",
    ])
      assert.equal(model(type).properties["channel"]?.required, true, type);
  });

  test("every path in our code is one of Asterisk's", () => {
    const theirs = [...described.values()].flatMap(({ apis }) => apis.map(({ path }) => path.replace(/\{\w+\}/g, "*")));
    const ours = pathsOf(files).filter((path) => path !== "/*/*");
    assert.ok(ours.length >= 6, ours.join());
    for (const path of ours) assert.ok(theirs.includes(path), `${path} is none of Asterisk's`);
  });

  const operations = (path: string): readonly Operation[] =>
    [...described.values()]
      .flatMap(({ apis }) => apis)
      .filter((api) => api.path.replace(/\{\w+\}/g, "*") === path)
      .flatMap(({ operations }) => operations);
  const parameters = (path: string, method: string): readonly string[] =>
    operations(path)
      .filter(({ httpMethod }) => httpMethod === method)
      .flatMap(({ parameters = [] }) => parameters.map(({ name }) => name));

  test("every request in our code has a method that Asterisk has for that path, and parameters that it takes", () => {
    const ours = requestsOf(files).filter(({ path }) => !path.startsWith("/*") && !path.startsWith("*"));
    assert.ok(ours.length >= 10, JSON.stringify(ours));
    for (const { method, path, names } of ours) {
      const methods = operations(path).map(({ httpMethod }) => httpMethod);
      assert.ok(methods.includes(method), `${method} ${path}: there are ${methods.join()}`);
      // A body is said to be `variables` and means all; what is not named there is Asterisk's own rest.
      const theirs = new Set(parameters(path, method));
      for (const name of names)
        assert.ok(theirs.has(name), `${method} ${path} takes no ${name}: ${[...theirs].join()}`);
    }
  });

  for (const [what, method, path, wanted] of PARAMETERS) {
    test(`${what} takes ${wanted.join(", ")}`, () => {
      const theirs = parameters(path, method);
      for (const name of wanted) assert.ok(theirs.includes(name), `${name} is none of ${theirs.join()}`);
    });
  }
});
