import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freeTcpPort, startProcess, temporaryFolder, until } from "./processes.js";

const BINARY = "/usr/sbin/kamailio";
const MODULES = ["/usr/lib/x86_64-linux-gnu/kamailio/modules", "/usr/lib/aarch64-linux-gnu/kamailio/modules"];

/** Why a real Kamailio cannot be used here; undefined where it can. Give it to `test` as `skip`. */
export function kamailioMissing(): string | undefined {
  if (!existsSync(BINARY)) return "Kamailio is not installed (Debian package kamailio)";
  return modulesFolder() === undefined ? "Kamailio's modules are not where Debian puts them" : undefined;
}

const modulesFolder = (): string | undefined =>
  MODULES.find((folder) => ["dialog.so", "jsonrpcs.so", "xhttp.so"].every((name) => existsSync(join(folder, name))));

export interface DialogKamailio {
  readonly port: number;
  readonly rpcUrl: string;
  output(): string;
  stop(): Promise<void>;
}

/** A Kamailio that follows the dialogs it relays and takes JSON-RPC over HTTP, on loopback, UDP and TCP on one port. */
export async function startDialogKamailio(): Promise<DialogKamailio> {
  const folder = temporaryFolder("kamailio");
  for (let attempt = 1; ; attempt++) {
    const port = await freeTcpPort();
    const file = join(folder.path, "kamailio.cfg");
    writeFileSync(file, configuration(port));
    const args = ["-f", file, "-DD", "-E", "-Y", folder.path, "-P", join(folder.path, "pid"), "-m", "64", "-M", "8"];
    const running = startProcess(BINARY, args);
    const rpcUrl = `http://127.0.0.1:${port}/RPC`;
    await until("Kamailio", async () => running.child.exitCode !== null || (await answers(rpcUrl)), 60_000);
    if (running.child.exitCode === null) {
      const stop = async (): Promise<void> => {
        await running.stop();
        folder.remove();
      };
      return { port, rpcUrl, output: () => running.output(), stop };
    }
    // Somebody took the port between our look and its bind.
    if (attempt === 3) throw new Error(`Kamailio does not start: ${running.output()}`);
  }
}

const answers = (url: string): Promise<boolean> =>
  fetch(url, { method: "POST", body: JSON.stringify({ jsonrpc: "2.0", method: "core.version", id: 1 }) }).then(
    (response) => response.ok,
    () => false,
  );

const configuration = (port: number): string => `#!KAMAILIO
debug=1
log_stderror=yes
fork=yes
children=1
tcp_children=1
listen=udp:127.0.0.1:${port}
listen=tcp:127.0.0.1:${port}
tcp_accept_no_cl=yes
auto_aliases=no
dns=no
rev_dns=no
mpath="${modulesFolder() ?? ""}/"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "dialog.so"
loadmodule "xhttp.so"
loadmodule "jsonrpcs.so"
modparam("jsonrpcs", "transport", 1)
event_route[xhttp:request] {
  if ($hu =~ "^/RPC") { jsonrpc_dispatch(); exit; }
  xhttp_reply("404", "Not Found", "text/plain", "");
}
request_route {
  if (has_totag()) {
    if (loose_route()) { t_relay(); exit; }
    if (is_method("ACK")) { if (t_check_trans()) t_relay(); exit; }
    sl_send_reply("404", "Not here");
    exit;
  }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  record_route();
  if (is_method("INVITE")) dlg_manage();
  t_relay();
}
`;
