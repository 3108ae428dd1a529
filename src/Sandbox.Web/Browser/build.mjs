// Bundles the browser code and styles into wwwroot/dist at the repository's top; with --tests, the tests into obj/tests.
import { build } from "esbuild";
import { readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const common = { absWorkingDir: here, bundle: true, target: "es2022", logLevel: "warning", legalComments: "none" };

if (process.argv.includes("--tests")) {
  const outdir = join(here, "obj", "tests");
  rmSync(outdir, { recursive: true, force: true });
  await build({
    ...common,
    entryPoints: readdirSync(join(here, "tests")).filter(f => f.endsWith(".test.ts")).map(f => join("tests", f)),
    outdir,
    platform: "node",
    format: "esm",
    outExtension: { ".js": ".mjs" },
    sourcemap: "inline",
  });
} else {
  const outdir = join(here, "..", "..", "..", "wwwroot", "dist");
  rmSync(outdir, { recursive: true, force: true });
  const shipped = { ...common, outdir, minify: true, sourcemap: false };
  await Promise.all([
    // Classic script: it has to run before the first paint, and modules are always deferred.
    build({ ...shipped, entryPoints: ["src/first.ts", "src/frame-first.ts"], format: "iife" }),
    build({
      ...shipped,
      entryPoints: {
        site: "src/site/site.ts", workspace: "src/workspace/workspace.ts", shared: "src/sharing/shared-page.ts",
        "terminal-frame": "src/frames/terminal-frame.ts", "tutorial-frame": "src/frames/tutorial-frame.ts", "run-frame": "src/frames/run-frame.ts", "refused-frame": "src/frames/refused-frame.ts",
      },
      format: "esm",
      splitting: true,
      chunkNames: "chunk-[name]-[hash]",
    }),
    // Alone, at an address that pages elsewhere write down: it is all that they load.
    build({ ...shipped, outdir: dirname(outdir), entryPoints: { embed: "src/embed/embed.ts" }, format: "esm" }),
    build({
      ...shipped,
      entryPoints: { frame: "src/styles/frame.css", site: "src/styles/site.css", workspace: "src/styles/workspace.css", recording: "src/styles/recording.css", admin: "src/styles/admin.css" },
      external: ["/images/*"],
    }),
  ]);
}
