import assert from "node:assert/strict";
import { test } from "node:test";
import { AnswerRepeater } from "../../gateway/sip/dialog/answer-repeater.js";
import { monoMs } from "../../gateway/core/time.js";
import { InviteClientTransaction } from "../../gateway/sip/transaction/invite-client-transaction.js";
import { InviteServerTransaction } from "../../gateway/sip/transaction/invite-server-transaction.js";
import { NonInviteClientTransaction } from "../../gateway/sip/transaction/non-invite-client-transaction.js";
import { NonInviteServerTransaction } from "../../gateway/sip/transaction/non-invite-server-transaction.js";
import { OFF, RFC_TIMERS } from "../../gateway/sip/transaction/sip-timers.js";
import { response, TransactionLog } from "../support/transaction-log.js";

const inviteClient = (reliable = false) => {
  const log = new TransactionLog();
  const machine = new InviteClientTransaction(RFC_TIMERS, reliable, log, undefined);
  machine.start(log.now);
  return { log, machine };
};
const nonInviteClient = (reliable = false) => {
  const log = new TransactionLog();
  const machine = new NonInviteClientTransaction(RFC_TIMERS, reliable, log, undefined);
  machine.start(log.now);
  return { log, machine };
};
const inviteServer = (reliable = false) => {
  const log = new TransactionLog();
  const machine = new InviteServerTransaction(RFC_TIMERS, reliable, log, undefined);
  machine.start(log.now, 200);
  return { log, machine };
};
const nonInviteServer = (reliable = false) => {
  const log = new TransactionLog();
  const machine = new NonInviteServerTransaction(RFC_TIMERS, reliable, log, undefined);
  machine.start(log.now);
  return { log, machine };
};

// RFC 3261 §17.1.1.2, timers A and B
test("an unanswered INVITE over UDP is repeated at doubling intervals without a cap and given up at 64·T1", () => {
  const { log, machine } = inviteClient();
  log.runUntil(machine, 60_000);
  assert.deepEqual(log.lines, [
    "0 send",
    "500 send",
    "1500 send",
    "3500 send",
    "7500 send",
    "15500 send",
    "31500 send",
    "32000 timed out",
    "32000 terminated",
  ]);
  assert.equal(machine.state, "terminated");
});

test("an unanswered INVITE over TCP is not repeated, and given up at 64·T1 (timer B)", () => {
  const { log, machine } = inviteClient(true);
  log.runUntil(machine, 60_000);
  assert.deepEqual(log.lines, ["0 send", "32000 timed out", "32000 terminated"]);
});

test("after a provisional response an INVITE is neither repeated nor given up (§17.1.1.2)", () => {
  const { log, machine } = inviteClient();
  log.runUntil(machine, 600);
  machine.onResponse(log.now, response(180));
  log.runUntil(machine, 600_000);
  assert.deepEqual(log.lines, ["0 send", "500 send", "600 deliver 180"]);
  assert.equal(machine.deadline, OFF);
});

test("a refused INVITE is acknowledged, each repeat of the refusal again, for 32 s (timer D)", () => {
  const { log, machine } = inviteClient();
  log.runUntil(machine, 100);
  machine.onResponse(log.now, response(486));
  log.runUntil(machine, 1000);
  machine.onResponse(log.now, response(486));
  machine.onResponse(log.now, response(180));
  machine.onResponse(log.now, response(200));
  log.runUntil(machine, 60_000);
  assert.deepEqual(log.lines, ["0 send", "100 ack", "100 deliver 486", "1000 ack", "32100 terminated"]);
});

test("over TCP a refused INVITE is over at once (timer D is zero)", () => {
  const { log, machine } = inviteClient(true);
  machine.onResponse(log.now, response(486));
  assert.deepEqual(log.lines, ["0 send", "0 ack", "0 deliver 486", "0 terminated"]);
});

// RFC 6026 §7.2, timer M
test("every 2xx of the 64·T1 after the first is delivered: repeats and forks", () => {
  for (const reliable of [false, true]) {
    const { log, machine } = inviteClient(reliable);
    machine.onResponse(log.now, response(200));
    log.runUntil(machine, 31_000);
    machine.onResponse(log.now, response(200));
    machine.onResponse(log.now, response(486));
    log.runUntil(machine, 60_000);
    assert.deepEqual(log.lines, ["0 send", "0 deliver 200", "31000 deliver 200", "32000 terminated"]);
  }
});

test("an INVITE that cannot be sent is reported once (§17.1.4)", () => {
  const { log, machine } = inviteClient();
  machine.onTransportError();
  machine.onTransportError();
  log.runUntil(machine, 60_000);
  assert.deepEqual(log.lines, ["0 send", "0 transport failed", "0 terminated"]);
});

test("an ACK that cannot be sent ends the transaction without a second report", () => {
  const { log, machine } = inviteClient();
  machine.onResponse(log.now, response(404));
  machine.onTransportError();
  assert.deepEqual(log.lines, ["0 send", "0 ack", "0 deliver 404", "0 terminated"]);
});

// RFC 3261 §17.1.2.1: over UDP a request is repeated after 500 ms, 1 s, 2 s, 4 s, 4 s, 4 s, ...
test("an unanswered request over UDP is repeated on the RFC's schedule and given up at 64·T1 (timers E, F)", () => {
  const { log, machine } = nonInviteClient();
  log.runUntil(machine, 60_000);
  assert.deepEqual(log.lines, [
    "0 send",
    "500 send",
    "1500 send",
    "3500 send",
    "7500 send",
    "11500 send",
    "15500 send",
    "19500 send",
    "23500 send",
    "27500 send",
    "31500 send",
    "32000 timed out",
    "32000 terminated",
  ]);
});

test("after a provisional response a request is repeated every T2 (§17.1.2.2)", () => {
  const { log, machine } = nonInviteClient();
  log.runUntil(machine, 600);
  machine.onResponse(log.now, response(100));
  log.runUntil(machine, 10_000);
  assert.deepEqual(log.lines, ["0 send", "500 send", "600 deliver 100", "1500 send", "5500 send", "9500 send"]);
});

test("an answered request stays for T4 to absorb repeats of the answer (timer K), over TCP not at all", () => {
  const { log, machine } = nonInviteClient();
  machine.onResponse(log.now, response(200));
  machine.onResponse(log.now, response(200));
  log.runUntil(machine, 60_000);
  assert.deepEqual(log.lines, ["0 send", "0 deliver 200", "5000 terminated"]);
  const tcp = nonInviteClient(true);
  tcp.machine.onResponse(tcp.log.now, response(200));
  assert.deepEqual(tcp.log.lines, ["0 send", "0 deliver 200", "0 terminated"]);
});

// RFC 3261 §17.2.1
test("100 is sent after 200 ms of silence and once for each repeat of the INVITE, never after the user has spoken", () => {
  const { log, machine } = inviteServer();
  log.runUntil(machine, 300);
  machine.onRequest();
  machine.respond(log.now, 180);
  log.runUntil(machine, 700);
  machine.onRequest();
  log.runUntil(machine, 600_000);
  assert.deepEqual(log.lines, ["200 send 100", "300 send 100", "300 send", "700 send"]);
  const quick = inviteServer();
  quick.machine.respond(quick.log.now, 180);
  quick.log.runUntil(quick.machine, 600_000);
  assert.deepEqual(quick.log.lines, ["0 send"]);
});

test("a refusal over UDP is repeated from T1 up to T2 until 64·T1 (timers G, H)", () => {
  const { log, machine } = inviteServer();
  machine.respond(log.now, 486);
  log.runUntil(machine, 60_000);
  assert.deepEqual(log.lines, [
    "0 send",
    "500 send",
    "1500 send",
    "3500 send",
    "7500 send",
    "11500 send",
    "15500 send",
    "19500 send",
    "23500 send",
    "27500 send",
    "31500 send",
    "32000 timed out",
    "32000 terminated",
  ]);
});

test("a refusal over TCP is not repeated, but its ACK is waited for (timer H)", () => {
  const { log, machine } = inviteServer(true);
  machine.respond(log.now, 486);
  log.runUntil(machine, 60_000);
  assert.deepEqual(log.lines, ["0 send", "32000 timed out", "32000 terminated"]);
});

test("the ACK ends the repeats of a refusal; further ACKs are absorbed for T4 (timer I), over TCP not at all", () => {
  const { log, machine } = inviteServer();
  machine.respond(log.now, 486);
  log.runUntil(machine, 600);
  assert.equal(machine.onAck(log.now), true);
  assert.equal(machine.onAck(log.now), true);
  machine.onRequest();
  log.runUntil(machine, 60_000);
  assert.deepEqual(log.lines, ["0 send", "500 send", "600 acknowledged", "5600 terminated"]);
  const tcp = inviteServer(true);
  tcp.machine.respond(tcp.log.now, 486);
  tcp.machine.onAck(tcp.log.now);
  assert.deepEqual(tcp.log.lines, ["0 send", "0 acknowledged", "0 terminated"]);
});

// RFC 6026 §7.1, timer L
test("after a 2xx repeats of the INVITE are swallowed for 64·T1, and its ACK is not the transaction's", () => {
  const { log, machine } = inviteServer();
  machine.respond(log.now, 200);
  machine.onRequest();
  assert.equal(machine.onAck(log.now), false);
  assert.equal(machine.respond(log.now, 486), false);
  log.runUntil(machine, 60_000);
  assert.deepEqual(log.lines, ["0 send", "32000 terminated"]);
});

// RFC 3261 §17.2.2
test("a repeated request gets the last answer again, for 64·T1 (timer J), over TCP the transaction is over at once", () => {
  const { log, machine } = nonInviteServer();
  machine.onRequest();
  log.runUntil(machine, 100);
  machine.respond(log.now, 180);
  machine.onRequest();
  machine.respond(log.now, 200);
  assert.equal(machine.respond(log.now, 404), false);
  log.runUntil(machine, 32_000);
  machine.onRequest();
  log.runUntil(machine, 60_000);
  assert.deepEqual(log.lines, ["100 send", "100 send", "100 send", "32000 send", "32100 terminated"]);
  const tcp = nonInviteServer(true);
  tcp.machine.respond(tcp.log.now, 200);
  assert.deepEqual(tcp.log.lines, ["0 send", "0 terminated"]);
});

test("a request that nobody answers is forgotten after 64·T1 without a late 408 (RFC 4320 §4.2)", () => {
  const { log, machine } = nonInviteServer();
  log.runUntil(machine, 60_000);
  assert.deepEqual(log.lines, ["32000 timed out", "32000 terminated"]);
});

const repeats = (kind: "answer" | "provisional") => {
  const repeater = new AnswerRepeater(RFC_TIMERS, kind, monoMs(0));
  const lines: string[] = [];
  while (repeater.deadline !== OFF) {
    const at = repeater.deadline;
    lines.push(`${at} ${repeater.onTime(monoMs(at))}`);
  }
  return lines;
};

// RFC 3261 §13.3.1.4
test("a 2xx is repeated from T1 up to T2 and given up at 64·T1", () => {
  assert.deepEqual(repeats("answer"), [
    "500 send",
    "1500 send",
    "3500 send",
    "7500 send",
    "11500 send",
    "15500 send",
    "19500 send",
    "23500 send",
    "27500 send",
    "31500 send",
    "32000 give-up",
  ]);
});

// RFC 3262 §3
test("a reliable 1xx is repeated at doubling intervals and given up at 64·T1", () => {
  assert.deepEqual(repeats("provisional"), [
    "500 send",
    "1500 send",
    "3500 send",
    "7500 send",
    "15500 send",
    "31500 send",
    "32000 give-up",
  ]);
});
