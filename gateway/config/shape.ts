/** No section lies so deep; what is deeper would be walked over until the stack is full. */
const MOST_DEPTH = 64;

type Path = readonly string[];

/**
 * What is wrong with the shape of a file before anything is known of its keys: by YAML aliases (`a: &a [*a]`) a value may contain
 * itself, and nobody who walks over it would come to an end.
 * @returns One line each, `path: what`. Each value is looked at once, however many aliases name it.
 */
export function shapeProblems(file: unknown): string[] {
  const problems: string[] = [];
  const around = new Map<object, Path>();
  const heights = new Map<object, number>();
  const tooDeep = (path: Path): void => {
    problems.push(`${placeOf(path.slice(0, 3))}: values in it are nested more than ${MOST_DEPTH} deep`);
  };
  /** @returns How many levels the value has. */
  const heightOf = (value: unknown, path: Path): number => {
    if (typeof value !== "object" || value === null) return 0;
    const outer = around.get(value);
    const known = heights.get(value);
    if (outer !== undefined)
      problems.push(`${placeOf(path)}: a value that contains itself (an alias of ${placeOf(outer)})`);
    else if (path.length + (known ?? 0) > MOST_DEPTH) tooDeep(path);
    else if (known === undefined) return measured(value, path);
    return known ?? 0;
  };
  const measured = (value: object, path: Path): number => {
    around.set(value, path);
    const inner = Object.entries(value).map(([key, child]) => heightOf(child, [...path, key]));
    around.delete(value);
    const height = 1 + inner.reduce((most, each) => Math.max(most, each), 0);
    heights.set(value, height);
    return height;
  };
  heightOf(file, []);
  return problems;
}

const placeOf = (path: Path): string => (path.length === 0 ? "(root)" : path.join("."));
