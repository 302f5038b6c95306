import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { until, type Running } from "./processes.js";

/** Environment that opens the process's inspector on a loopback port of the kernel's choice. */
export const INSPECTED = { NODE_OPTIONS: "--inspect=127.0.0.1:0" } as const;

/** Runs in a process of its own: Node 20 has a WebSocket only behind a flag. Arguments: the inspector's address. */
const SCRIPT = `
const socket = new WebSocket(process.argv[1]);
const send = (method, params) => socket.send(JSON.stringify({ id: 1, method, params }));
socket.addEventListener("open", () => send("NodeWorker.enable", { waitForDebuggerOnStart: false }));
socket.addEventListener("error", () => process.exit(1));
socket.addEventListener("message", ({ data }) => {
  const { method, params } = JSON.parse(data);
  if (method === "NodeWorker.detachedFromWorker") process.exit(0);
  if (method !== "NodeWorker.attachedToWorker") return;
  const order = { id: 2, method: "Runtime.evaluate", params: { expression: "process.exit(7)" } };
  send("NodeWorker.sendMessageToWorker", { sessionId: params.sessionId, message: JSON.stringify(order) });
});
setTimeout(() => process.exit(2), 10_000);
`;

/**
 * Ends the worker threads of a process that was started with `INSPECTED`, as a crash of them would: the process goes on.
 * @throws Error when there was none, or it did not end within 10 s.
 */
export async function endWorkers(running: Running): Promise<void> {
  const address = (): string | undefined => /ws:\/\/127\.0\.0\.1:\d+\/[\w-]+/.exec(running.output())?.[0];
  await until("the inspector", () => address() !== undefined);
  await promisify(execFile)(process.execPath, ["--experimental-websocket", "-e", SCRIPT, address() ?? ""]);
}
