import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSipMessage } from "../../gateway/sip/message/parse-message.js";
import { statusOf } from "../support/raw-message.js";
import { endpointAndPeer } from "../support/sip-pair.js";
import { missingCases, readCase } from "../support/torture-cases.js";
import { TORTURE_CASES } from "./rfc4475-cases.js";

/** Requests that the message layer accepts and the UAS core refuses by itself. */
const REFUSED_BY_THE_CORE: Readonly<Record<string, number>> = {
  // In a dialog that does not exist here.
  wsinv: 481,
  // §3.3.13: a Proxy-Require that nobody knows. (Its Require is the B2BUA's affair.)
  bext01: 420,
};

for (const { file, section, title, expect } of TORTURE_CASES) {
  test(
    `RFC 4475 §${section} ${file} at a live endpoint: ${title}`,
    { skip: missingCases("rfc4475") ?? false },
    async () => {
      const { user, peer, network, settle } = await endpointAndPeer();
      const bytes = readCase(`rfc4475/${file}.dat`);
      peer.send(bytes.toString("latin1"));
      await settle(10);
      const sent = network.log.slice(1).map((line) => statusOf(line.slice(line.indexOf("SIP/2.0"))));
      const asked = user.seen.filter((each) => !each.startsWith("stray"));
      const refusal = typeof expect === "number" ? expect : REFUSED_BY_THE_CORE[file];
      if (refusal !== undefined) {
        assert.deepEqual([sent, asked], [[refusal], []]);
        return;
      }
      const parsed = parseSipMessage(bytes);
      const method = parsed.ok && parsed.value.kind === "request" ? parsed.value.method : undefined;
      // A response that belongs to nothing is dropped like one that is malformed.
      assert.deepEqual([sent, asked], [[], expect === "accepted" && method !== undefined ? [method] : []]);
    },
  );
}
