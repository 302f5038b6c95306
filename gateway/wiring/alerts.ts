import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { EmailRoute } from "../adapters/email/email-route.js";
import { SplunkRoute } from "../adapters/siem-http/splunk-route.js";
import { SlackRoute } from "../adapters/slack/slack-route.js";
import { SyslogRoute } from "../adapters/syslog/syslog-route.js";
import { WebexRoute } from "../adapters/webex-bot/webex-route.js";
import { postWebhook } from "../adapters/webhook/post-webhook.js";
import { WebhookRoute, type NoticeBody } from "../adapters/webhook/webhook-route.js";
import { alertView, incidentView } from "../api/views.js";
import { alertsSchema, type AlertRouteConfig, type AlertsConfig } from "../config/alerts-schema.js";
import { GatewayError } from "../core/errors.js";
import type { Clock } from "../core/clock.js";
import { noticeJson } from "../../detection/index.js";
import type { AlertDeskOptions } from "../pipeline/alerts/alert-desk.js";
import { RAISED_ROUTE } from "../pipeline/alerts/alert-intake.js";
import type { DeskRoute } from "../pipeline/alerts/route-sender.js";
import type { AlertRoute } from "../ports/alert-route.js";

export interface AlertRouteDeps {
  readonly clock: Clock;
  /** Shown by routes that say who reports. */
  readonly version: string;
}

/** Where nothing is configured. */
export const NO_ALERTS: AlertsConfig = alertsSchema.parse({});

const DAY_MS = 24 * 3_600_000;

/** `webhook.*` */
export interface RaisedWebhook {
  readonly alertUrl?: string | undefined;
  readonly secret?: string | undefined;
  readonly timeoutMs: number;
  readonly giveUpMs: number;
  readonly attempts?: number | undefined;
}

/** What people and machines are told, and by what: what a reload exchanges. */
export interface AlertSides {
  readonly alerts: AlertsConfig;
  readonly webhook: RaisedWebhook;
}

/** The desk's options, with the routes open. @throws GatewayError `tls.certificate` */
export function alertDeskOptions(
  { alerts, webhook }: AlertSides,
  retentionDays: number,
  deps: AlertRouteDeps,
): AlertDeskOptions {
  const routes = alerts.routes.map((route): DeskRoute => ({ ...route, route: openRoute(route, deps) }));
  return {
    settings: alerts,
    routes: [...routes, ...raisedRoute(webhook, deps)],
    keepMs: retentionDays * DAY_MS,
  };
}

/** As `webhook.alertUrl` was told before there were cases: each alert as it is raised, and its incident. */
const raisedBody: NoticeBody = (notice) => {
  const { raised } = notice;
  if (raised === undefined) return noticeJson(notice);
  const { alert, incident } = raised;
  return { event: "alert", alert: alertView(alert), incident: incident === undefined ? null : incidentView(incident) };
};

const RAISED_LIMITS = { concurrency: 4, maxQueue: 100_000, retryFirstMs: 500, retryMostMs: 60_000 } as const;

function raisedRoute(webhook: RaisedWebhook, deps: AlertRouteDeps): DeskRoute[] {
  const { alertUrl: url, secret, timeoutMs, giveUpMs, attempts } = webhook;
  if (url === undefined) return [];
  return [
    {
      ...{ name: RAISED_ROUTE, rules: [], called: [], trunks: [], teams: [], events: [], minSeverity: "low" },
      ...{ ...RAISED_LIMITS, timeoutMs, giveUpMs, attempts, maskNumbers: "none" },
      route: new WebhookRoute({ url, secret, timeoutMs }, deps.clock, postWebhook, raisedBody),
    },
  ];
}

function openRoute(config: AlertRouteConfig, deps: AlertRouteDeps): AlertRoute {
  switch (config.kind) {
    case "webhook":
      return new WebhookRoute(config, deps.clock, postWebhook);
    case "slack":
      return new SlackRoute(config, postWebhook);
    case "webex":
      return new WebexRoute(config, postWebhook);
    case "splunk":
      return new SplunkRoute(config, postWebhook);
    case "email":
      return new EmailRoute({ ...config, tls: tlsFiles(config) });
    case "syslog":
      return new SyslogRoute({ ...config, tls: tlsFiles(config), hostname: hostname(), version: deps.version });
  }
}

interface TlsFiles {
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

function tlsFiles({ caFile, certFile, keyFile }: TlsFiles): { ca?: string; cert?: string; key?: string } {
  return {
    ...(caFile === undefined ? {} : { ca: readPem(caFile) }),
    ...(certFile === undefined ? {} : { cert: readPem(certFile) }),
    ...(keyFile === undefined ? {} : { key: readPem(keyFile) }),
  };
}

function readPem(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new GatewayError("tls.certificate", `alerts.routes: ${file} cannot be read`, { cause });
  }
}
