import assert from "node:assert/strict";
import { test } from "node:test";
import { readCiscoForking } from "../../../../gateway/sip/siprec/cisco-forking.js";
import { recordingMark } from "../../../../gateway/sip/siprec/recognise-recording.js";
import { MULTIPART, multipart, sdpOf } from "../../../fixtures/siprec/dialects.js";
import { inviteRequest } from "../../../support/call-doubles.js";

const FAR =
  "<sip:2005@192.0.2.7;x-farend;x-refci=4711;x-nearendclusterid=Cluster-1;x-nearenddevice=SEP001122334455;" +
  "x-nearendaddr=2005;x-farendrefci=4710;x-farendclusterid=Cluster-1;x-farenddevice=GW1;x-farendaddr=+12025550101;" +
  "x-farendguid=0123456789ABCDEF0123456789ABCDEF;x-sessionid=abcdefabcdefabcdefabcdefabcdefab>;tag=t1";
const NEAR = FAR.replace("x-farend;", "x-nearend;").replace("tag=t1", "tag=t2");
const SDP = sdpOf(["1"]);

const marks: readonly {
  readonly name: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: string;
  readonly mark: string | undefined;
}[] = [
  { name: "Require: siprec", headers: [["Require", "timer, SIPREC"]], mark: "siprec" },
  { name: "a Contact with +sip.src", headers: [["Contact", "<sip:src@192.0.2.9>;+sip.src"]], mark: "contact" },
  { name: "BroadWorks' src", headers: [["Contact", "<sip:192.0.2.9:5060>;src"]], mark: "contact" },
  {
    name: "Avaya's URI parameter",
    headers: [["Contact", `"H" <sip:192.0.2.9;transport=tcp;+sip.src>`]],
    mark: "contact",
  },
  { name: "a Cisco phone's near end", headers: [["From", NEAR]], mark: "cisco" },
  {
    name: "metadata as the body",
    headers: [["Content-Type", "application/rs-metadata+xml"]],
    body: "<recording/>",
    mark: "metadata",
  },
  {
    name: "metadata in a part",
    headers: [["Content-Type", MULTIPART]],
    body: multipart([
      ["application/sdp", SDP],
      ["application/rs-metadata", "<recording/>"],
    ]),
    mark: "metadata",
  },
  {
    name: "a call",
    headers: [
      ["Contact", '<sip:a@192.0.2.9>;+sip.instance="x"'],
      ["Supported", "siprec"],
    ],
    mark: undefined,
  },
  {
    name: "a call with a multipart body",
    headers: [["Content-Type", MULTIPART]],
    body: multipart([
      ["application/sdp", SDP],
      ["application/isup", "x"],
    ]),
    mark: undefined,
  },
  { name: "a user called src", headers: [["Contact", "<sip:src@192.0.2.9>"]], mark: undefined },
  {
    name: "a From with a parameter that only begins so",
    headers: [["From", "<sip:1@192.0.2.9;x-nearendish=1>;tag=a"]],
    mark: undefined,
  },
];

for (const { name, headers, body, mark } of marks)
  test(`recording mark: ${name}`, () => {
    const request = inviteRequest("sip:rec@192.0.2.1", headers);
    request.body = Buffer.from(body ?? "", "latin1");
    assert.equal(recordingMark(request, new Set()), mark);
  });

test("recording mark: a Request-URI that is set aside for recordings", () => {
  const users = new Set(["recorder"]);
  assert.equal(recordingMark(inviteRequest("sip:Recorder@192.0.2.1"), users), "user");
  assert.equal(recordingMark(inviteRequest("sip:other@192.0.2.1"), users), undefined);
});

test("cisco forking: both ends of a recording have the same pair, and say who is who", () => {
  const near = readCiscoForking(NEAR);
  const far = readCiscoForking(FAR);
  assert.deepEqual([near?.end, far?.end], ["near", "far"]);
  assert.equal(near?.pair, far?.pair);
  assert.deepEqual([far?.nearAddress, far?.farAddress], ["2005", "+12025550101"]);
  assert.deepEqual(
    far?.identifiers.map(({ kind, value }) => `${kind} ${value}`),
    [
      "refci 4711",
      "refci 4710",
      "guid 0123456789ABCDEF0123456789ABCDEF",
      "session-id abcdefabcdefabcdefabcdefabcdefab",
    ],
  );
});

test("cisco forking: the same call of another cluster is another recording", () => {
  assert.notEqual(readCiscoForking(FAR.replaceAll("Cluster-1", "Cluster-2"))?.pair, readCiscoForking(FAR)?.pair);
});

for (const { name, from } of [
  { name: "no refci", from: FAR.replace("x-refci=4711;", "") },
  { name: "no parameters", from: "<sip:2005@192.0.2.7>;tag=t" },
  { name: "parameters outside of the URI", from: "<sip:2005@192.0.2.7>;x-nearend;x-refci=1;tag=t" },
  { name: "a tel URI", from: "<tel:+12025550101>;x-nearend;tag=t" },
])
  test(`cisco forking: none: ${name}`, () => assert.equal(readCiscoForking(from), undefined));

test("cisco forking: without the number of the recorded line the user of the URI stands for it", () => {
  assert.equal(readCiscoForking(NEAR.replace("x-nearendaddr=2005;", ""))?.nearAddress, "2005");
});
