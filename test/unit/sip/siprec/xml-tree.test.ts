import assert from "node:assert/strict";
import { test } from "node:test";
import { readXml } from "../../../../gateway/sip/siprec/xml-tree.js";

const read = (text: string) => readXml(Buffer.from(text, "utf8"));

test("xml: names lose prefix and case, entities are undone once, CDATA is taken as it is", () => {
  const tree = read(
    `<?xml version="1.0"?><x:Root xmlns:x="u" x:Id="a&amp;b"><One>&lt; &amp;lt; &#65;<![CDATA[&lt;]]></One></x:Root>`,
  );
  assert.ok(tree.ok);
  const [root] = tree.value;
  assert.equal(root?.name, "root");
  assert.equal(root.attributes.get("id"), "a&b");
  assert.equal(root.children[0]?.text, "< &lt; A&lt;");
});

test("xml: an entity that is not one of the five stays text", () => {
  const tree = read("<a>&nbsp;&#0;&#xD800;&#x110000;&constructor;</a>");
  assert.ok(tree.ok);
  assert.equal(tree.value[0]?.text, "&nbsp;&constructor;");
});

for (const { name, bytes, text } of [
  { name: "UTF-8 bytes", bytes: Buffer.from("<a>Zoë</a>", "utf8"), text: "Zoë" },
  {
    name: "latin1 that says so",
    bytes: Buffer.from(`<?xml version="1.0" encoding="ISO-8859-1"?><a>Zoë</a>`, "latin1"),
    text: "Zoë",
  },
  { name: "UTF-16 with its mark", bytes: Buffer.from("\ufeff<a>Zoë</a>", "utf16le"), text: "Zoë" },
  { name: "bytes that are no UTF-8", bytes: Buffer.from([60, 97, 62, 0xff, 60, 47, 97, 62]), text: "\ufffd" },
])
  test(`xml: ${name}`, () => {
    const tree = readXml(bytes);
    assert.ok(tree.ok);
    assert.equal(tree.value[0]?.text, text);
  });

const lol = `<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><recording>&b;</recording>`;
for (const { name, text, error } of [
  { name: "a billion laughs", text: lol, error: "xml.doctype" },
  {
    name: "a file of ours",
    text: `<!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&f;</a>`,
    error: "xml.doctype",
  },
  { name: "a document type in small letters", text: "<!doctype html><a/>", error: "xml.doctype" },
  { name: "ten megabytes", text: `<a>${"x".repeat(10_000_000)}</a>`, error: "xml.too-large" },
  { name: "five thousand elements", text: `<a>${"<b/>".repeat(5_000)}</a>`, error: "xml.too-many" },
  { name: "a hundred levels", text: "<a>".repeat(100), error: "xml.malformed" },
  { name: "a keyword for a name", text: "<a><__proto__>x</__proto__></a>", error: "xml.malformed" },
  { name: "a tag without an end", text: "<a", error: "xml.malformed" },
])
  test(`xml: refused: ${name}`, () => assert.deepEqual(read(text), { ok: false, error }));

test("xml: an attribute named after an object's own members is an attribute", () => {
  const tree = read(`<a hasOwnProperty="1" toString="2" b="3"/>`);
  // Refused or read, but never a function.
  if (tree.ok) assert.equal(typeof tree.value[0]?.attributes.get("b"), "string");
});

test("xml: hostile shapes within the limits cost little", () => {
  const shapes = [
    `<a ${"x ".repeat(60_000)}/>`,
    `<a ${'x="'.repeat(40_000)}/>`,
    `<a ${"x=".repeat(60_000)}/>`,
    `<a>${" ".repeat(130_000)}</a>`,
    `<a>${"&lt;".repeat(30_000)}</a>`,
    "<![CDATA[".repeat(4_000),
    "<!--".repeat(4_000),
    "<?".repeat(4_000),
    "</a>".repeat(4_000),
    '<a b=" > '.repeat(4_000),
  ];
  const started = performance.now();
  for (const shape of shapes) read(shape);
  // About 0.3 s on a slow machine; what is guarded against is a cost that rises with the square.
  assert.ok(performance.now() - started < 10_000);
});
