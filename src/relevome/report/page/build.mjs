// Builds the page: node build.mjs writes ../html/bundle, and with --check says whether what is there is what the
// sources give; node build.mjs --tests bundles the tests of ./tests and runs them.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const bundle = join(here, "..", "html", "bundle");

async function built() {
  const common = { bundle: true, minify: true, write: false, logLevel: "warning", charset: "utf8", target: "es2022" };
  const scripts = { "page.js": "main.ts", "view.js": "served.ts" };
  const found = {};
  for (const [name, source] of Object.entries(scripts)) {
    const script = await build({ ...common, entryPoints: [join(here, "src", source)], format: "iife" });
    found[name] = script.outputFiles[0].text;
  }
  const style = await build({ ...common, entryPoints: [join(here, "src", "page.css")] });
  return { ...found, "page.css": style.outputFiles[0].text };
}

async function tested() {
  const folder = mkdtempSync(join(tmpdir(), "page-"));
  const entryPoints = readdirSync(join(here, "tests")).map((name) => join(here, "tests", name));
  await build({
    bundle: true, entryPoints, outdir: folder, platform: "node", format: "esm", outExtension: { ".js": ".mjs" },
  });
  const files = readdirSync(folder).map((name) => join(folder, name));
  return spawnSync(process.execPath, ["--test", ...files], { stdio: "inherit" }).status ?? 1;
}

if (process.argv.includes("--tests")) process.exit(await tested());
for (const [name, text] of Object.entries(await built())) {
  // a script ends where its text says so, also inside of a string
  if (/<\/(script|style)/i.test(text)) throw new Error(`${name} holds what ends a script or a style`);
  const path = join(bundle, name);
  if (!process.argv.includes("--check")) writeFileSync(path, text);
  else if (readFileSync(path, "utf8") !== text) {
    console.error(`${name} is not what the sources give: run npm run build in src/relevome/report/page`);
    process.exitCode = 1;
  }
}
