import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import type { SipEndpoint } from "../../../gateway/ports/sip-endpoint.js";
import { DIALECTS, sdpOf } from "../../fixtures/siprec/dialects.js";
import { headerOf, tagOf } from "../../support/raw-message.js";
import { openRecordingPlace, type RecordingPlace } from "../../support/recording-place.js";
import { RawUa } from "../../support/raw-ua.js";
import { until } from "../../support/processes.js";

export interface EngineUnderTest {
  /** Not started; listens on UDP where 127.0.0.1 reaches it. */
  readonly endpoint: SipEndpoint;
  close?(): Promise<void>;
}

interface Scene {
  readonly place: RecordingPlace;
  readonly ua: RawUa;
}

const RFC = DIALECTS[0]!;
const TYPE = `Content-Type: ${RFC.contentType}`;

/** The recording server over a SIP engine: nothing in it may depend on which one. Judged by a client that speaks text. */
export function describeRecordingServer(
  name: string,
  make: () => Promise<EngineUnderTest>,
  options: { readonly skip?: string } = {},
): void {
  const scenario = (title: string, run: (scene: Scene) => Promise<void>): void => {
    test(title, options.skip === undefined ? {} : { skip: options.skip }, async () => {
      const engine = await make();
      const place = await openRecordingPlace({ closeTimeoutMs: 200 }, { make: () => Promise.resolve(engine.endpoint) });
      const ua = await RawUa.open({ address: "127.0.0.1", port: place.port });
      try {
        await run({ place, ua });
      } finally {
        await place.close();
        await engine.close?.();
        await ua.close();
      }
    });
  };

  describe(`recording server over ${name}`, () => {
    scenario("answers, hears, and is freed by BYE", async ({ place, ua }) => {
      const client = await record(ua, RFC.body, ["Require: siprec", TYPE]);
      assert.match(client.answer, /a=label:96\r\na=recvonly\r\n[^]*a=label:97\r\na=recvonly\r\n/);
      assert.match(headerOf(client.answer, "Contact") ?? "", /\+sip\.srs/);
      assert.deepEqual(place.listening.speakers(client.callId), ["caller", "callee"]);
      assert.equal(place.media.open, 2);
      client.request("BYE", 2);
      await ua.receive(/^SIP\/2\.0 200[^]*CSeq: 2 BYE/);
      await until("the ports are free", () => place.media.open === 0);
      assert.deepEqual(place.listening.openCalls, []);
    });

    scenario("holds and goes on by re-INVITE, learns by UPDATE", async ({ place, ua }) => {
      const client = await record(ua, RFC.body, ["Require: siprec", TYPE]);
      client.request("INVITE", 2, ["Content-Type: application/sdp"], sdpOf(["96", "97"], ["a=inactive"]));
      const held = await ua.receive(/^SIP\/2\.0 200[^]*CSeq: 2 INVITE/);
      assert.match(held, /a=inactive/);
      client.request("ACK", 2);
      const metadata =
        `<recording xmlns="urn:ietf:params:xml:ns:recording:1"><datamode>partial</datamode>` +
        `<participant participant_id="P2"><nameID aor="sip:+12025550177@192.0.2.2"/></participant></recording>`;
      client.request("UPDATE", 3, ["Content-Type: application/rs-metadata+xml"], metadata);
      await ua.receive(/^SIP\/2\.0 200[^]*CSeq: 3 UPDATE/);
      assert.equal(place.desk.calls.at(-1)?.called?.aor, "sip:+12025550177@192.0.2.2");
      assert.equal(place.media.open, 2);
    });

    scenario("offers where the client does not, and takes the answer from its ACK", async ({ place, ua }) => {
      const from = "<sip:2005@192.0.2.7;x-nearend;x-refci=99;x-nearendaddr=2005;x-farendaddr=+12025550101>";
      const client = await record(ua, "", [], { from, answer: sdpOf([""]) });
      assert.match(client.answer, /m=audio \d+ RTP\/AVP 0 8 9 101/);
      const stream = () => [...place.listening.streams.values()][0];
      await until("the answer is taken", () => stream()?.formats.length === 2);
      assert.equal(stream()?.speaker, "agent");
    });

    scenario("ends a recording by BYE", async ({ place, ua }) => {
      const client = await record(ua, RFC.body, ["Require: siprec", TYPE]);
      const ending = place.server.endRecording(client.callId);
      ua.respond(await ua.receive("BYE "), 200);
      assert.equal(await ending, true);
      assert.equal(place.media.open, 0);
    });

    scenario("refuses what it cannot hear", async ({ place, ua }) => {
      invite(ua, randomUUID(), sdpOf(["1"]).replace("AVP 0 101", "AVP 18"), [
        "Require: siprec",
        "Content-Type: application/sdp",
      ]);
      await ua.receive("SIP/2.0 488");
      assert.equal(place.server.size, 0);
    });

    scenario("leaves calls to the hop", async ({ place, ua }) => {
      invite(ua, randomUUID(), sdpOf([""]), ["Content-Type: application/sdp"]);
      await ua.receive("SIP/2.0 100");
      assert.equal(place.server.size, 0);
    });
  });
}

function invite(ua: RawUa, callId: string, body: string, headers: readonly string[], from?: string): void {
  const id = callId.replaceAll("-", "");
  ua.request({
    method: "INVITE",
    callId,
    branch: `z9hG4bK${id}`,
    fromTag: `f${id}`,
    headers,
    body,
    ...(from === undefined ? {} : { from }),
  });
}

/** A recording that is up. */
async function record(
  ua: RawUa,
  body: string,
  headers: readonly string[],
  more: { readonly from?: string; readonly answer?: string } = {},
) {
  const callId = randomUUID();
  const id = callId.replaceAll("-", "");
  invite(ua, callId, body, headers, more.from);
  const answer = await ua.receive("SIP/2.0 200");
  const toTag = tagOf(headerOf(answer, "To"));
  const request = (method: string, cseq: number, lines: readonly string[] = [], text = ""): void => {
    ua.request({
      method,
      callId,
      branch: `z9hG4bK${method}${cseq}${id}`,
      fromTag: `f${id}`,
      cseq,
      headers: lines,
      body: text,
      ...(toTag === undefined ? {} : { toTag }),
      ...(more.from === undefined ? {} : { from: more.from }),
    });
  };
  if (more.answer === undefined) request("ACK", 1);
  else request("ACK", 1, ["Content-Type: application/sdp"], more.answer);
  return { callId, answer, request };
}
