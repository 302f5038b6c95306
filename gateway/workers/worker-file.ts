/**
 * The entry of a worker thread: the compiled file, or, when this runs from source, a line that teaches the new thread TypeScript first
 * (tsx does not reach into threads by itself).
 *
 * @param name Of the file in this folder, without its ending.
 */
export function workerFile(name: string): URL {
  if (!import.meta.url.endsWith(".ts")) return new URL(`./${name}.js`, import.meta.url);
  const tsx = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  const entry = JSON.stringify(new URL(`./${name}.ts`, import.meta.url).href);
  const code = `const { register } = await import(${tsx}); register(); await import(${entry});`;
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}
