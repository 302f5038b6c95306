import type { RouteOptions } from "fastify";

interface Known {
  readonly segments: readonly string[];
  readonly methods: Set<string>;
}

/** Which methods a path knows, so that a wrong method is told (405) and not taken for a wrong path (404). */
export class RouteTable {
  readonly #routes: Known[] = [];

  /** Called once per route. Documentation pages get their permission here: their plugin does not know of ours. */
  add(route: RouteOptions): void {
    if (/^\/docs(\/|$)/.test(route.url)) route.config = { ...route.config, permission: "docs.read" };
    const segments = split(route.url);
    const methods = Array.isArray(route.method) ? route.method : [route.method];
    const same = this.#routes.find((known) => known.segments.join("/") === segments.join("/"));
    if (same !== undefined) for (const method of methods) same.methods.add(method);
    else this.#routes.push({ segments, methods: new Set(methods) });
  }

  methodsOf(url: string): readonly string[] {
    const path = split(url.split("?", 1)[0] ?? "");
    const found = this.#routes.filter(({ segments }) => matches(segments, path));
    return [...new Set(found.flatMap(({ methods }) => [...methods]))].sort();
  }
}

const split = (path: string): readonly string[] => path.split("/").slice(1);

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  for (const [index, segment] of pattern.entries()) {
    if (segment === "*") return true;
    const given = path[index];
    if (given === undefined) return false;
    if (segment.startsWith(":") ? given === "" : segment !== given) return false;
  }
  return pattern.length === path.length;
}
