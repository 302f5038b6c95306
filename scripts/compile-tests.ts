// Compiles gateway/, detection/, scripts/ and test/ to dist-tests/, as tsx would file by file in each of hundreds of test processes:
// a small test took 2.1 s, nearly all of it compiling and looking up, and takes 0.7 s so.
import { build } from "esbuild";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

export const COMPILED = "dist-tests";
const FOLDERS = ["gateway", "detection", "scripts", "test"] as const;
const TEMPLATE = "gateway/adapters/store/pglite-template.tar.gz";

/** Where a source lies when it is compiled. */
export const compiledPath = (source: string): string => join(COMPILED, source.replace(/\.ts$/, ".js"));

/**
 * The product may know that it is compiled, as it does in `dist/`; tests find their fixtures beside their sources.
 * `import.meta.resolve` stays what it is: a test that gives a module's path away gets the compiled one.
 */
function placed(path: string, text: string): string {
  if (!/^(test|scripts)\//.test(path)) return text;
  const file = resolve(path);
  const literals = { url: pathToFileURL(file).href, filename: file, dirname: resolve(path, "..") };
  return text.replace(/\bimport\.meta\.(url|filename|dirname)\b/g, (_, name: keyof typeof literals) =>
    JSON.stringify(literals[name]),
  );
}

const sources = (): string[] =>
  FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => join(folder, name)),
  );

/** @throws Error with esbuild's complaint, when a file is no TypeScript */
export async function compileTests(): Promise<void> {
  const entryPoints = sources();
  // Written over, not deleted first: another run may be reading.
  await build({
    entryPoints,
    outdir: COMPILED,
    outbase: ".",
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: "inline",
    sourcesContent: false,
    logLevel: "error",
    plugins: [
      {
        name: "one-to-one",
        setup: (esbuild) => {
          esbuild.onResolve({ filter: /.*/ }, ({ kind, path }) =>
            kind === "entry-point" ? { path: resolve(path) } : { path, external: true },
          );
          esbuild.onLoad({ filter: /\.ts$/ }, ({ path }) => ({
            contents: placed(path.slice(process.cwd().length + 1), readFileSync(path, "utf8")),
            loader: "ts",
          }));
        },
      },
    ],
  });
  const current = new Set(entryPoints.map(compiledPath));
  for (const name of readdirSync(COMPILED, { recursive: true, encoding: "utf8" }))
    if (name.endsWith(".js") && !current.has(join(COMPILED, name))) rmSync(join(COMPILED, name));
  // What the build makes beside the code: an empty database, with which a start takes 1 s instead of 4 s.
  if (existsSync(join("dist", TEMPLATE))) cpSync(join("dist", TEMPLATE), join(COMPILED, TEMPLATE));
}
