import type { AriServerConfig } from "../../config/asterisk/ari-schema.js";
import type { Config } from "../../config/schema.js";

const ANY_ADDRESS = new Set(["0.0.0.0", "::"]);

const HTTP = new Set(["http:", "https:"]);

/** Two servers of one name cannot be told apart; two of one URL and application take the events from each other. */
export function serverProblems(config: Config): string[] {
  const { asterisk } = config;
  return asterisk.servers.flatMap((server, i) => {
    const path = `asterisk.servers.${i}`;
    const before = asterisk.servers.slice(0, i);
    const sameId = before.findIndex(({ id }) => id === server.id);
    const sameApp = before.findIndex(({ ariUrl, app }) => ariUrl === server.ariUrl && app === server.app);
    return [
      ...(sameId < 0 ? [] : [`${path}.id: ${JSON.stringify(server.id)} is the id of asterisk.servers.${sameId} too`]),
      ...(sameApp < 0 ? [] : [`${path}.app: the same URL and application as asterisk.servers.${sameApp}`]),
      ...urlProblems(`${path}.ariUrl`, server.ariUrl),
      ...audioSocketProblems(config, path, server),
    ];
  });
}

/** Paths are put behind it, and the user goes into a header. It is not shown: it may hold a password. */
function urlProblems(path: string, text: string): string[] {
  const { protocol, username, password, search, hash } = new URL(text);
  return [
    ...(HTTP.has(protocol) ? [] : [`${path}: must begin with http:// or https://`]),
    ...(username === "" && password === "" ? [] : [`${path}: no user in the URL: use username and passwordFile`]),
    ...(search === "" && hash === "" ? [] : [`${path}: nothing may come after the path`]),
  ];
}

function audioSocketProblems(config: Config, path: string, server: AriServerConfig): string[] {
  const { enabled, listenAddress } = config.asterisk.audioSocket;
  if (server.media !== "audiosocket" || !carriesSound(config, server)) return [];
  if (!enabled) return [`${path}.media: audiosocket needs asterisk.audioSocket.enabled`];
  if (server.mediaAddress !== undefined || !ANY_ADDRESS.has(listenAddress)) return [];
  return [
    `${path}.mediaAddress: asterisk.audioSocket listens on every address: say which of them Asterisk connects to`,
  ];
}

/** Calls of that Asterisk are heard or screened over ARI. */
export const carriesSound = ({ asterisk, speech }: Config, { listen }: AriServerConfig): boolean =>
  speech.engine !== "none" && (listen !== "none" || asterisk.screening.enabled);
