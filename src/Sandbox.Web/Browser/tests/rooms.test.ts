import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

type Graph = Map<string, Set<string>>;

const src = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "src");

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap(entry => entry.isDirectory() ? sources(join(folder, entry.name)) : entry.name.endsWith(".ts") ? [join(folder, entry.name)] : []);
}

/** The files that each file imports, types and imports at run time included. */
function imports(): Graph {
  return new Map(sources(src).map(file => {
    const found = [...readFileSync(file, "utf8").matchAll(/\b(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)]
      .map(match => relative(src, `${normalize(join(dirname(file), match[1]!))}.ts`));
    return [relative(src, file), new Set(found)];
  }));
}

/** The same graph between groups of files. */
function between(files: Graph, group: (file: string) => string): Graph {
  const groups: Graph = new Map();
  for (const [from, targets] of files) {
    const edges = groups.get(group(from)) ?? new Set();
    groups.set(group(from), edges);
    for (const target of targets) {
      if (group(target) !== group(from)) {
        edges.add(group(target));
      }
    }
  }
  return groups;
}

/** A cycle as `a -> b -> a`, or null. */
function cycle(graph: Graph): string | null {
  const done = new Set<string>();
  const walk = (node: string, path: string[]): string | null => {
    if (path.includes(node)) {
      return [...path.slice(path.indexOf(node)), node].join(" -> ");
    }
    if (done.has(node)) {
      return null;
    }
    for (const next of graph.get(node) ?? []) {
      const found = walk(next, [...path, node]);
      if (found) {
        return found;
      }
    }
    done.add(node);
    return null;
  };
  for (const node of graph.keys()) {
    const found = walk(node, []);
    if (found) {
      return found;
    }
  }
  return null;
}

test("every import names a file that exists", () => {
  const files = imports();
  assert.ok(files.size > 90);
  for (const [file, targets] of files) {
    for (const target of targets) {
      assert.ok(files.has(target), `${file} imports ${target}`);
    }
  }
});

test("no files import each other in a cycle", () => {
  assert.equal(cycle(imports()), null);
});

test("no folders import each other in a cycle, and no rooms at the top", () => {
  const files = imports();
  assert.equal(cycle(between(files, dirname)), null);
  assert.equal(cycle(between(files, file => file.split("/")[0]!)), null);
});

test("a cycle is found", () => {
  assert.equal(cycle(new Map([["a", new Set(["b"])], ["b", new Set(["c"])], ["c", new Set(["b"])]])), "b -> c -> b");
});
