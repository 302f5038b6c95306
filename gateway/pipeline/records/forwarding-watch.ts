import type { ForwardKind, SettingChange, UnixMs } from "../../../detection/index.js";
import type { ForwardTarget } from "./normaliser.js";

/** One user's call forwarding as a service has it now. */
export interface ForwardingNow {
  readonly user: string;
  readonly site?: string | undefined;
  /** Where calls go, by when they go there; empty: nowhere. */
  readonly targets: Readonly<Partial<Record<ForwardKind, string>>>;
}

/** What was seen of a user last, as one text: `always=+576011234567;busy=`; a semicolon of a SIP URI is a line feed in it. */
export type SeenForwarding = Readonly<Record<string, string>>;

/** How numbers are read: `RecordNormaliser`. */
export interface ForwardingPlan {
  target(raw: string, site: string | undefined): ForwardTarget;
}

const spell = (targets: ForwardingNow["targets"]): string =>
  Object.entries(targets)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, target]) => `${kind}=${target.replaceAll("\n", " ").replaceAll(";", "\n")}`)
    .join(";");

function unspell(text: string | undefined): ReadonlyMap<string, string> {
  return new Map(
    (text ?? "").split(";").flatMap((part) => {
      const at = part.indexOf("=");
      return at < 0 ? [] : [[part.slice(0, at), part.slice(at + 1).replaceAll("\n", ";")] as const];
    }),
  );
}

/**
 * Compares what is set with what was seen last. A user who is seen for the first time changed nothing. Who changed it is not known:
 * the service does not say.
 * @param at When it was looked at: the change is not older than the look before.
 */
export function forwardingChanges(
  now: readonly ForwardingNow[],
  seen: SeenForwarding,
  at: UnixMs,
  plan: ForwardingPlan,
): { readonly changes: readonly SettingChange[]; readonly seen: SeenForwarding } {
  const changes: SettingChange[] = [];
  const next: Record<string, string> = { ...seen };
  for (const each of now) {
    const before = seen[each.user];
    next[each.user] = spell(each.targets);
    if (before === undefined) continue;
    const old = unspell(before);
    for (const kind of Object.keys(each.targets) as ForwardKind[]) {
      const target = each.targets[kind] ?? "";
      if ((old.get(kind) ?? "") !== target) changes.push(changeOf(each, kind, target, at, plan));
    }
  }
  return { changes, seen: next };
}

function changeOf(
  { user, site }: ForwardingNow,
  kind: ForwardKind,
  raw: string,
  at: UnixMs,
  plan: ForwardingPlan,
): SettingChange {
  const facts = plan.target(raw, site);
  return {
    id: `${user}|${kind}|${at}`,
    user,
    ...(site === undefined ? {} : { site }),
    at,
    setting: "call-forwarding",
    kind,
    enabled: facts.target !== undefined,
    ...facts,
  };
}
