import assert from "node:assert/strict";
import { test } from "node:test";
import { NumberPlan } from "../../../detection/index.js";
import {
  identifyCall,
  identifyReported,
  isOwnHeader,
  reportedCalled,
  trunkNameOf,
} from "../../../gateway/call/identify-call.js";
import { TrunkTable, type Trunk, type TrunkSettings } from "../../../gateway/call/trunks.js";
import { inviteRequest, trunkSettings } from "../../support/call-doubles.js";

function trunk(over: Partial<TrunkSettings> = {}): Trunk {
  const table = TrunkTable.of({
    trunks: [],
    defaultTrunk: trunkSettings("carrier", over),
    trustedHops: [],
    unknownSources: "refuse",
  });
  assert.ok(table.ok);
  return table.value.default;
}

type Header = readonly [string, string];
const FROM: Header = ["From", '"Alice" <sip:+12025550101@caller.example>;tag=a'];
const PAI: Header = ["P-Asserted-Identity", "<sip:+12025550142@carrier.example>"];

const callers: readonly {
  name: string;
  headers: readonly Header[];
  settings?: Partial<TrunkSettings>;
  caller: string;
}[] = [
  { name: "From, where there is nothing else", headers: [FROM], caller: "+12025550101" },
  {
    name: "P-Asserted-Identity of a trusted trunk",
    headers: [FROM, PAI],
    settings: { trusted: true },
    caller: "+12025550142",
  },
  {
    name: "P-Asserted-Identity of a trunk that is not trusted is ignored (RFC 3325 §5)",
    headers: [FROM, PAI],
    caller: "+12025550101",
  },
  {
    name: "the trunk's own order of headers",
    headers: [FROM, PAI],
    settings: { trusted: true, callerFrom: ["from", "p-asserted-identity"] },
    caller: "+12025550101",
  },
  {
    name: "the tel URI of a P-Asserted-Identity whose SIP URI has no number",
    headers: [FROM, ["P-Asserted-Identity", "<sip:carrier.example>, <tel:+12025550143;cpc=ordinary>"]],
    settings: { trusted: true },
    caller: "+12025550143",
  },
  {
    name: "Remote-Party-ID, where the trunk says so",
    headers: [FROM, ["Remote-Party-ID", "<sip:+12025550144@carrier.example>;party=calling"]],
    settings: { trusted: true, callerFrom: ["remote-party-id", "from"] },
    caller: "+12025550144",
  },
  {
    name: "a bare addr-spec: its parameters are the header's",
    headers: [["From", "sip:+12025550145@caller.example;tag=b"]],
    caller: "+12025550145",
  },
  { name: "an escaped user", headers: [["From", "<sip:%2B12025550146@caller.example>;tag=b"]], caller: "+12025550146" },
  {
    name: "a user with password",
    headers: [["From", "<sip:+12025550147:secret@caller.example>;tag=b"]],
    caller: "+12025550147",
  },
  {
    name: "anonymous.invalid (RFC 3323 §4.1.1.3)",
    headers: [["From", '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=b']],
    caller: "anonymous@carrier",
  },
  {
    name: "a number at anonymous.invalid",
    headers: [["From", "<sip:+12025550101@anonymous.invalid>;tag=b"]],
    caller: "anonymous@carrier",
  },
  { name: "the user Restricted", headers: [["From", "<sip:Restricted@192.0.2.1>;tag=b"]], caller: "anonymous@carrier" },
  {
    name: "the user unavailable",
    headers: [["From", "<sip:unavailable@192.0.2.1>;tag=b"]],
    caller: "anonymous@carrier",
  },
  { name: "no user", headers: [["From", "<sip:192.0.2.1>;tag=b"]], caller: "anonymous@carrier" },
  { name: "no URI that can be read", headers: [["From", "<<<"]], caller: "anonymous@carrier" },
  {
    name: "Privacy: id hides the asserted identity",
    headers: [FROM, PAI, ["Privacy", "id;critical"]],
    settings: { trusted: true },
    caller: "anonymous@carrier",
  },
  {
    name: "Privacy: id with withheldNumbers use: the asserted identity counts",
    headers: [FROM, PAI, ["Privacy", "user; ID"]],
    settings: { trusted: true, withheldNumbers: "use" },
    caller: "+12025550142",
  },
  {
    name: "Privacy: id with withheldNumbers use, but only a From",
    headers: [FROM, ["Privacy", "id"]],
    settings: { withheldNumbers: "use" },
    caller: "anonymous@carrier",
  },
  { name: "Privacy: none is no wish for privacy", headers: [FROM, ["Privacy", "none"]], caller: "+12025550101" },
];
for (const { name, headers, settings, caller } of callers) {
  test(`caller: ${name}`, () =>
    assert.equal(identifyCall(inviteRequest("sip:+12025550199@gw.example", headers), trunk(settings)).caller, caller));
}

const called: readonly (readonly [name: string, uri: string, expected: string])[] = [
  ["the Request-URI's user", "sip:+12025550199@gw.example;user=phone", "+12025550199"],
  [
    "with its number portability parameters cut off by the plan",
    "sip:+12025550199;npdi;rn=+12025550100@gw.example",
    "+12025550199",
  ],
  ["a tel URI", "tel:+12025550199;phone-context=example.com", "+12025550199"],
  ["upper-case scheme", "SIP:+12025550199@gw.example", "+12025550199"],
  ["the host, where there is no user", "sip:gw.example:5060;transport=tcp", "gw.example"],
  ["the URI itself, where it is of another scheme", "urn:service:counseling", "urn:service:counseling"],
];
for (const [name, uri, expected] of called) {
  test(`called: ${name}`, () => assert.equal(identifyCall(inviteRequest(uri), trunk()).called, expected));
}

const emergencies: readonly {
  name: string;
  uri: string;
  headers?: readonly Header[];
  trusted?: boolean;
  emergency: boolean;
}[] = [
  { name: "a number of the plan", uri: "sip:112@gw.example", emergency: true },
  { name: "urn:service:sos (RFC 5031)", uri: "urn:service:sos", emergency: true },
  { name: "urn:service:sos.police in any case", uri: "URN:Service:SOS.police", emergency: true },
  { name: "another service is none", uri: "urn:service:sosumi", emergency: false },
  {
    name: "a call-back of a trusted trunk (RFC 7090)",
    uri: "sip:+12025550199@gw.example",
    headers: [FROM, ["Priority", "PSAP-callback"]],
    trusted: true,
    emergency: true,
  },
  {
    name: "esnet priority of a trusted trunk (RFC 7135)",
    uri: "sip:+12025550199@gw.example",
    headers: [FROM, ["Resource-Priority", "q735.1, esnet.0"]],
    trusted: true,
    emergency: true,
  },
  {
    name: "esnet priority that anybody could claim is none",
    uri: "sip:+12025550199@gw.example",
    headers: [FROM, ["Resource-Priority", "esnet.0"]],
    emergency: false,
  },
  {
    name: "a call-back that anybody could claim is none",
    uri: "sip:+12025550199@gw.example",
    headers: [FROM, ["Priority", "psap-callback"]],
    emergency: false,
  },
];
for (const { name, uri, headers, trusted, emergency } of emergencies) {
  test(`emergency: ${name}`, () =>
    assert.equal(identifyCall(inviteRequest(uri, headers), trunk({ trusted: trusted === true })).emergency, emergency));
}

for (const user of ["+12025550142x1", "+12025550142%20", "+12025550142#", "+1202x5550142", "#31#+12025550142"])
  test(`called: ${user} is the number that a switch behind us may put it through to, whoever tells of it`, () => {
    const carrier = trunk({ numbers: new NumberPlan() });
    const uri = `sip:${user}@gw.example`;
    const read = [
      identifyCall(inviteRequest(uri), carrier).called,
      identifyReported("", uri, carrier).called,
      identifyReported("", user, carrier).called,
      reportedCalled(user, carrier),
    ];
    assert.deepEqual(read, Array(4).fill("+12025550142"));
  });

test("five anonymous callers of one trunk are one, of two trunks two", () => {
  const anonymous = inviteRequest("sip:+12025550199@gw.example", [["From", "<sip:anonymous@anonymous.invalid>;tag=1"]]);
  const other = TrunkTable.of({
    trunks: [],
    defaultTrunk: trunkSettings("other"),
    trustedHops: [],
    unknownSources: "refuse",
  });
  assert.ok(other.ok);
  assert.equal(identifyCall(anonymous, trunk()).caller, identifyCall(anonymous, trunk()).caller);
  assert.notEqual(identifyCall(anonymous, trunk()).caller, identifyCall(anonymous, other.value.default).caller);
});

const names: readonly (readonly [
  name: string,
  uri: string,
  headers: readonly Header[],
  expected: string | undefined,
])[] = [
  ["X-Ringfence-Trunk", "sip:+12025550199@gw.example", [["X-Ringfence-Trunk", " north "]], "north"],
  [
    "X-Ringfence-Trunk before trgp",
    "sip:+12025550199;trgp=south@gw.example",
    [["x-ringfence-trunk", "north"]],
    "north",
  ],
  [
    "the trunk group in the Contact's user (RFC 4904 §5)",
    "sip:+12025550199@gw.example",
    [["Contact", "<sip:+12025550101;trgp=west;trunk-context=example.com@192.0.2.1:5060;user=phone>"]],
    "west",
  ],
  [
    "the trunk group in the Request-URI",
    "sip:+12025550199;trgp=south;trunk-context=example.com@gw.example",
    [],
    "south",
  ],
  ["in a tel URI", "tel:+12025550199;trgp=south;trunk-context=example.com", [], "south"],
  ["trgp after the host is no trunk group", "sip:+12025550199@gw.example;trgp=south", [], undefined],
  ["nothing", "sip:+12025550199@gw.example", [], undefined],
];
for (const [name, uri, headers, expected] of names) {
  test(`trunk name: ${name}`, () => assert.equal(trunkNameOf(inviteRequest(uri, headers)), expected));
}

test("headers between a trusted hop and us do not pass on; others do", () => {
  assert.equal(isOwnHeader("x-ringfence-trunk"), true);
  assert.equal(isOwnHeader("x-other"), false);
});
