import type { JournalEntry } from "../../gateway/ports/dialog-journal.js";
import type { DialogSnapshot } from "../../gateway/ports/sip-endpoint.js";

export const snapshot: DialogSnapshot = {
  callId: "x",
  localTag: "l",
  remoteTag: "r",
  localParty: "<sip:a@192.0.2.1>",
  remoteParty: '"J\u00fcrgen \\"x\\"" <sip:b@192.0.2.2>',
  localCseq: 1,
  remoteCseq: undefined,
  remoteTarget: "sip:b@192.0.2.2",
  routeSet: [],
  secure: false,
  protocol: "udp",
  state: "confirmed",
};
export const invited = (callId: string): JournalEntry => ({
  kind: "invited",
  callId,
  bCallId: `b-${callId}`,
  bFromTag: "t",
  at: 1,
});
export const answered = (callId: string): Extract<JournalEntry, { readonly kind: "answered" }> => ({
  kind: "answered",
  callId,
  a: snapshot,
  b: snapshot,
  facts: {
    caller: "+12025550101",
    called: "+12025550102",
    trunk: "t",
    startedAt: 1,
    answeredAt: 2,
    nextHop: "192.0.2.9",
    emergency: false,
  },
  at: 2,
});
export const ended = (callId: string): JournalEntry => ({ kind: "ended", callId });
