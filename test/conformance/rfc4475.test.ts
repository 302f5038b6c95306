import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSipMessage } from "../../gateway/sip/message/parse-message.js";
import type { SipMessage, SipRequest } from "../../gateway/sip/message/sip-message.js";
import { validateRequest, validateResponse, type RequestFacts } from "../../gateway/sip/message/validate-request.js";
import { listCases, missingCases, readCase } from "../support/torture-cases.js";
import { TORTURE_CASES } from "./rfc4475-cases.js";
import { serializeMessage } from "../support/write-sip.js";

type Outcome =
  | { readonly kind: "accepted"; readonly message: SipMessage; readonly facts: RequestFacts | undefined }
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly code: string;
      readonly request: SipRequest | undefined;
    }
  | { readonly kind: "dropped"; readonly code: string };

/** What the message half of the stack makes of these bytes. */
function judge(bytes: Uint8Array): Outcome {
  const parsed = parseSipMessage(bytes);
  if (!parsed.ok) {
    const { code, status, request } = parsed.error;
    return status === undefined ? { kind: "dropped", code } : { kind: "answered", status, code, request };
  }
  const message = parsed.value;
  if (message.kind === "response") {
    const valid = validateResponse(message);
    return valid.ok ? { kind: "accepted", message, facts: undefined } : { kind: "dropped", code: valid.error.code };
  }
  const valid = validateRequest(message);
  if (valid.ok) return { kind: "accepted", message, facts: valid.value };
  const { code, status } = valid.error;
  return status === undefined ? { kind: "dropped", code } : { kind: "answered", status, code, request: message };
}

for (const { file, section, title, expect, code, check } of TORTURE_CASES) {
  test(`RFC 4475 §${section} ${file}: ${title}`, { skip: missingCases("rfc4475") ?? false }, () => {
    const outcome = judge(readCase(`rfc4475/${file}.dat`));
    if (expect === "accepted") {
      assert.ok(outcome.kind === "accepted", JSON.stringify(outcome));
      check?.(outcome.message, outcome.facts);
      const again = parseSipMessage(serializeMessage(outcome.message));
      assert.ok(again.ok);
      assert.deepEqual(withoutLength(again.value), withoutLength(outcome.message), "what is sent on reads the same");
    } else if (expect === "dropped") {
      assert.deepEqual([outcome.kind, outcome.kind === "dropped" ? outcome.code : ""], ["dropped", code]);
    } else {
      assert.ok(outcome.kind === "answered", JSON.stringify(outcome));
      assert.deepEqual([outcome.status, outcome.code], [expect, code]);
      assert.equal(outcome.request?.headers.has("via"), true, "enough was read to answer");
    }
  });
}

function withoutLength(message: SipMessage): unknown {
  const { headers, body, ...rest } = message;
  return {
    ...rest,
    headers: [...headers].filter(([name]) => !/^(l|content-length)$/i.test(name)),
    body: Buffer.from(body).toString("latin1"),
  };
}

test(
  "RFC 4475: every message of the collection has an expected outcome here",
  { skip: missingCases("rfc4475") ?? false },
  () => {
    const names = listCases("rfc4475").filter((path) => path.endsWith(".dat"));
    assert.equal(names.length, 50);
    assert.deepEqual(TORTURE_CASES.map(({ file }) => `rfc4475/${file}.dat`).sort(), names);
  },
);
