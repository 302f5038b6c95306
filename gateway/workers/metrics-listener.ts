import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  METRICS_CONTENT_TYPE,
  renderMetrics,
  type MetricsJson,
} from "../adapters/metrics-prometheus/prometheus-metrics.js";
import { listenFailed } from "../core/listen-failed.js";

/** Each gives one thread's registry; a thread that does not answer leaves its part out. */
export type MetricsSource = () => Promise<MetricsJson>;

const MAX_CONNECTIONS = 64;
const REQUEST_TIMEOUT_MS = 10_000;

export interface MetricsListener {
  /** `http://127.0.0.1:9090` */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the metrics of all threads together at `/metrics` (and at `/`, the URL of the ready line), and nothing else. @throws GatewayError `listen.failed` */
export async function listenForMetrics(
  address: string,
  port: number,
  sources: readonly MetricsSource[],
): Promise<MetricsListener> {
  const server = createServer((request, response) => {
    const path = request.url?.split("?", 1)[0];
    if (path !== "/metrics" && path !== "/") {
      response.writeHead(404, { "content-type": "text/plain" }).end("not found\n");
    } else if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405, { allow: "GET, HEAD" }).end();
    } else {
      scrape(sources).then(
        (text) => {
          response.writeHead(200, { "content-type": METRICS_CONTENT_TYPE });
          response.end(request.method === "HEAD" ? undefined : text);
        },
        () => response.writeHead(500, { "content-type": "text/plain" }).end("the metrics cannot be put together\n"),
      );
    }
    request.resume();
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = REQUEST_TIMEOUT_MS;
  await listen(server, address, port);
  return {
    url: httpUrl(server.address() as AddressInfo),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function scrape(sources: readonly MetricsSource[]): Promise<string> {
  const parts = await Promise.all(sources.map((source) => source().catch((): MetricsJson => [])));
  return renderMetrics(parts);
}

function listen(server: Server, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const keys = ["metrics.listenAddress", "metrics.listenPort"] as const;
    server.once("error", (cause) => reject(listenFailed({ what: "/metrics", keys, address, port }, cause)));
    server.listen(port, address, () => resolve());
  });
}

/** An address as it is written in a URL. */
export const httpUrl = ({ address, port }: Pick<AddressInfo, "address" | "port">): string =>
  `http://${address.includes(":") ? `[${address}]` : address}:${port}`;
