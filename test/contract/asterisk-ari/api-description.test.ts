import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import ts from "typescript";
import { HEARING_EVENTS } from "../../../gateway/adapters/asterisk-ari/hearing/ari-hearing.js";
import { SCREENING_EVENTS } from "../../../gateway/adapters/asterisk-ari/screening/ari-screened-line.js";
import { WATCHED_EVENTS } from "../../../gateway/adapters/asterisk-ari/watch/call-watcher.js";
import { asteriskMissing, startAsterisk, type Asterisk } from "../../support/asterisk.js";

// What the code takes for granted, against the description that the running Asterisk serves of itself.

interface Model {
  readonly properties: Readonly<Record<string, { readonly type: string; readonly required?: boolean }>>;
  readonly subTypes?: readonly string[];
}
interface Description {
  readonly models: Readonly<Record<string, Model>>;
  readonly apis: readonly {
    readonly path: string;
    readonly operations: readonly {
      readonly httpMethod: string;
      readonly parameters?: readonly { readonly name: string; readonly paramType: string }[];
    }[];
  }[];
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

/** Members of every interface, and whether each may be missing. */
function interfacesOf(
  files: readonly ts.SourceFile[],
): ReadonlyMap<string, readonly { name: string; optional: boolean }[]> {
  const found = new Map<string, readonly { name: string; optional: boolean }[]>();
  for (const file of files)
    file.forEachChild((node) => {
      if (!ts.isInterfaceDeclaration(node)) return;
      const members = node.members.filter(ts.isPropertySignature);
      found.set(
        node.name.text,
        members.map((member) => ({ name: member.name.getText(file), optional: member.questionToken !== undefined })),
      );
    });
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
    test(`every member of ${ours} is one of ${theirs}; what we rely on is required there`, () => {
      const members = interfaces.get(ours) ?? [];
      assert.ok(members.length > 0);
      for (const { name, optional } of members) {
        const property = model(theirs).properties[name];
        assert.ok(property !== undefined, `${theirs} has no ${name}`);
        if (!optional) assert.equal(property.required, true, `${theirs}.${name} may be missing`);
      }
    });
  }

  for (const [ours, theirs] of Object.entries(EVENTS)) {
    test(`every member of ${ours} is one of the event ${theirs}`, () => {
      for (const { name } of interfaces.get(ours) ?? assert.fail(ours))
        assert.ok(model(theirs).properties[name] !== undefined, `${theirs} has no ${name}`);
    });
  }

  test("every event that is used is one of Asterisk's", () => {
    for (const type of [...WATCHED_EVENTS, ...HEARING_EVENTS, ...SCREENING_EVENTS, "ApplicationReplaced"])
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

  test("the parameters of what ends calls and finds them are there", () => {
    const operation = (path: string, method: string): readonly string[] =>
      [...described.values()]
        .flatMap(({ apis }) => apis)
        .filter((api) => api.path === path)
        .flatMap(({ operations }) => operations)
        .filter(({ httpMethod }) => httpMethod === method)
        .flatMap(({ parameters = [] }) => parameters.map(({ name }) => name));
    assert.ok(operation("/channels/{channelId}", "DELETE").includes("reason_code"));
    assert.ok(operation("/applications/{applicationName}/eventFilter", "PUT").includes("filter"));
    assert.ok(operation("/applications/{applicationName}/subscription", "POST").includes("eventSource"));
    assert.ok(operation("/events", "GET").includes("app"));
  });
});
