/** What the person at the keyboard can put right. */
export class UsageError extends Error {}

/** A switch that is `no` and an empty value count as unset. */
const isSet = (value) => value !== undefined && value !== "" && value !== "no";

/** `NAME`, `not NAME`, `NAME=one|two`. @throws Error for a setting that is not declared: a fault of the template. */
export function holds(condition, values) {
  const [, not, name, wanted] = /^(not )?([A-Z_]+)(?:=([\w|]+))?$/.exec(condition) ?? [];
  if (name === undefined || !values.has(name)) throw new Error(`no such condition: ${condition}`);
  const value = values.get(name);
  const found = wanted === undefined ? isSet(value) : wanted.split("|").includes(value);
  return found !== (not !== undefined);
}

/**
 * Fills in `@NAME@` and carries out lines `;@if CONDITION`, `;@else`, `;@each NAME` (a list with commas; `@EACH@` is its item), `;@end`,
 * which may stand within each other and do not come out themselves.
 * @param values Settings by name.
 * @throws Error naming file and line where the template is wrong.
 */
export function fillTemplate(file, text, values) {
  const lines = text.split("\n");
  const out = [];
  const wrong = (at, why) => new Error(`${file}:${at + 1}: ${why}`);

  /** Carries out lines from `at` to the `;@else` or `;@end` that closes them. @returns The line it stopped at. */
  const run = (at, shown, each) => {
    for (; at < lines.length; at++) {
      const line = lines[at];
      const [, word, rest = ""] = /^\s*;@(\w+)\s*(.*?)\s*$/.exec(line) ?? [];
      if (word === undefined) {
        if (shown) out.push(fillLine(line, at, each));
      } else if (word === "if") at = branch(at, rest, shown, each);
      else if (word === "each") at = loop(at, rest, shown);
      else if (word === "else" || word === "end") return at;
      else throw wrong(at, `;@${word} is not known`);
    }
    return at;
  };
  const branch = (start, condition, shown, each) => {
    let yes;
    try {
      yes = holds(condition, values);
    } catch (error) {
      throw wrong(start, error.message);
    }
    let at = run(start + 1, shown && yes, each);
    if (/;@else/.test(lines[at] ?? "")) at = run(at + 1, shown && !yes, each);
    if (at >= lines.length) throw wrong(start, ";@if without ;@end");
    return at;
  };
  const loop = (start, name, shown) => {
    if (!values.has(name)) throw wrong(start, `no such setting: ${name}`);
    const items = values
      .get(name)
      .split(",")
      .filter((item) => item !== "");
    let at = run(start + 1, false, "");
    for (const item of items) at = run(start + 1, shown, item);
    if (at >= lines.length) throw wrong(start, ";@each without ;@end");
    return at;
  };
  const fillLine = (line, at, each) =>
    line.replace(/@([A-Z][A-Z_]*?)(_EACH)?@/g, (whole, name, suffix) => {
      if (whole === "@EACH@" && each !== undefined) return each;
      const key = suffix === undefined ? name : `${name}_${each}`;
      if (!values.has(key)) throw wrong(at, `no such setting: ${key}`);
      return values.get(key);
    });

  if (run(0, true, undefined) < lines.length) throw new Error(`${file}: a ;@end too many`);
  return out.join("\n");
}
