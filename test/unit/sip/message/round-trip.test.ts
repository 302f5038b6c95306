import assert from "node:assert/strict";
import { test } from "node:test";
import { parseNameAddr } from "../../../../gateway/sip/message/name-addr.js";
import { parseParams } from "../../../../gateway/sip/message/params.js";
import { parseSipMessage } from "../../../../gateway/sip/message/parse-message.js";
import { splitValues } from "../../../../gateway/sip/message/split-values.js";
import { escapeUri, quote, unescapeUri } from "../../../../gateway/sip/message/text.js";
import { parseSipUri, type SipUri } from "../../../../gateway/sip/message/uri.js";
import { formatVia, parseVia } from "../../../../gateway/sip/message/via.js";
import { SeededRandom } from "../../../support/seeded-random.js";
import { formatNameAddr, formatSipUri } from "../../../support/write-sip.js";

// Made from known parts, in every form that the grammar allows, and read back: the parts must come out.

const SEED = 3261;
const ROUNDS = 500;

class Maker {
  readonly #random: SeededRandom;
  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }
  below(limit: number): number {
    return this.#random.below(limit);
  }
  oneOf<T>(...choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
  text(alphabet: string, least: number, most: number): string {
    let text = "";
    for (let n = least + this.below(most - least + 1); n > 0; n--) text += alphabet.charAt(this.below(alphabet.length));
    return text;
  }
  token(): string {
    return this.text("abcXYZ019-.!%*_+`'~", 1, 12);
  }
  /** Any characters but line ends. */
  words(least = 0): string {
    return this.text('ab "\\,;<>@:=?\xc3\xa9\t()[]%', least, 20);
  }
  blanks(): string {
    return this.oneOf("", "", " ", "\t", "  ", "\r\n ", " \r\n\t");
  }
  host(): string {
    return this.oneOf("192.0.2.1", "example.com", "a-b.example.org", "[2001:db8::1]", "[::ffff:192.0.2.7]");
  }
  params(): (readonly [string, string])[] {
    return Array.from({ length: this.below(4) }, (_none, i) => {
      const value = this.oneOf("", this.token(), quote(this.words().replaceAll("\t", " ")), this.host());
      return [`p${i}-${this.text("abc", 1, 4)}`, value] as const;
    });
  }
  uri(): SipUri {
    const hasUser = this.below(3) > 0;
    return {
      scheme: this.oneOf("sip", "sips"),
      user: hasUser ? escapeUri(this.words(1), "user") : undefined,
      password: hasUser && this.below(4) === 0 ? this.text("ab&=+$,1", 0, 5) : undefined,
      host: this.host(),
      port: this.oneOf(undefined, undefined, this.below(65_536)),
      params: Array.from(
        { length: this.below(3) },
        () => `;${this.text("xyz", 1, 3)}=${escapeUri(this.words(1), "param")}`,
      ).join(""),
      headers: this.oneOf("", "", `Replaces=${escapeUri(this.words(), "header")}&Subject=`),
    };
  }
}

const unfold = (text: string): string => text.replace(/[ \t]*\r\n[ \t]+/g, " ");

test(`SIP URIs of known parts, seed ${SEED} (RFC 3261 §19.1.1)`, () => {
  const make = new Maker(SEED);
  for (let i = 0; i < ROUNDS; i++) {
    const uri = make.uri();
    const text = formatSipUri(uri);
    assert.deepEqual(parseSipUri(text), uri, text);
  }
});

test(`name-addr values of known parts, seed ${SEED + 1} (RFC 3261 §20.10)`, () => {
  const make = new Maker(SEED + 1);
  for (let i = 0; i < ROUNDS; i++) {
    const address = { display: make.words(), uri: formatSipUri(make.uri()) };
    const params = make.params();
    const tail = params
      .map(([name, value]) => `${make.oneOf(" ", "")};${name}${value === "" ? "" : `=${value}`}`)
      .join("");
    const value = `${quote(address.display)}${make.oneOf("", " ", "  ")}<${address.uri}>${tail}`;
    const read = parseNameAddr(value);
    assert.ok(read, value);
    assert.deepEqual({ display: read.display, uri: read.uri }, address);
    assert.deepEqual(parseParams(read.params), params, value);
    assert.deepEqual(parseNameAddr(formatNameAddr(read)), read);
    assert.deepEqual(splitValues(`${value},${make.oneOf("", " ")}${value}`), [value, value], "a list of two is two");
  }
});

test(`Via values of known parts, seed ${SEED + 2} (RFC 3261 §20.42)`, () => {
  const make = new Maker(SEED + 2);
  for (let i = 0; i < ROUNDS; i++) {
    const port = make.oneOf(undefined, make.below(65_536));
    const via = { transport: make.token(), host: make.host(), port, params: `;branch=z9hG4bK${make.token()}` };
    assert.deepEqual(parseVia(formatVia(via)), via);
    const slack = unfold(
      `SIP${make.blanks()}/${make.blanks()}2.0${make.blanks()}/${make.blanks()}${via.transport} ${make.blanks()}${via.host}` +
        `${port === undefined ? "" : `${make.blanks()}:${make.blanks()}${port}`}${make.blanks()}${via.params}`,
    );
    assert.deepEqual(parseVia(slack), via, slack);
  }
});

test(`messages of known headers under every spelling, blank and fold, seed ${SEED + 3} (RFC 3261 §7.3)`, () => {
  const make = new Maker(SEED + 3);
  const names: readonly (readonly [string, ...string[]])[] = [
    ["Call-ID", "i", "CALL-ID"],
    ["From", "f"],
    ["Subject", "s"],
    ["X-Thing", "x-thing"],
    ["Via", "v", "VIA"],
  ];
  for (let i = 0; i < ROUNDS; i++) {
    const fields = Array.from({ length: 1 + make.below(10) }, () => {
      const [name, ...others] = make.oneOf(...names);
      const words = Array.from({ length: make.below(4) }, () => make.text('ab"\\,;<>@:=?\xc3\xa9\0', 1, 10));
      return { key: name.toLowerCase(), name: make.oneOf(name, ...others), words };
    });
    const body = make.text("\0\r\n\xffab", 0, 40);
    const end = make.oneOf("\r\n", "\n");
    const head = fields.map(({ name, words }) => {
      const gap = make.oneOf(" ", `${end} `, `\t${end}\t`);
      return `${name}${make.oneOf("", " ", "\t")}:${make.oneOf("", " ", `${end} `)}${words.join(gap)}${make.oneOf("", " ")}${end}`;
    });
    const length = make.oneOf("", `Content-Length: ${body.length}${end}`, `l:${body.length} ${end}`);
    const text = `${make.oneOf("", "\r\n", "\n\n")}SIP/2.0 200 OK${end}${head.join("")}${length}${end}${body}`;
    const read = parseSipMessage(Buffer.from(text, "latin1"));
    assert.ok(read.ok, JSON.stringify(text));
    const lines = [...read.value.headers].filter(([name]) => !/^(l|content-length)$/i.test(name));
    assert.deepEqual(
      lines.map(([name]) => name),
      fields.map(({ name }) => name),
    );
    assert.deepEqual(
      lines.map(([, value]) => value.split(/[ \t]/).filter((word) => word !== "")),
      fields.map(({ words }) => words),
    );
    for (const { key } of fields) assert.ok(read.value.headers.has(key));
    assert.equal(Buffer.from(read.value.body).toString("latin1"), body);
  }
});

test(`any bytes survive a URI component, seed ${SEED + 4}`, () => {
  const make = new Maker(SEED + 4);
  for (let i = 0; i < ROUNDS; i++) {
    const text = make.text('\0\x01 %@;<>"\xff\x80é{}|^', 0, 12);
    assert.equal(unescapeUri(escapeUri(text, make.oneOf("user", "param", "header"))), text);
  }
});
