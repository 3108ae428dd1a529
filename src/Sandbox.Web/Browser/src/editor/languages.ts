import type { StreamParser } from "@codemirror/language";
import type { Extension } from "@codemirror/state";

/** A language of the editor. Its code is loaded with the first file of that language. */
interface Language {
  readonly name: string;
  /** Names of its files. */
  readonly files: RegExp;
  /** Programs in the first line of a script. */
  readonly programs?: RegExp;
  load(): Promise<Extension>;
}

async function legacy(parser: Promise<StreamParser<unknown>>): Promise<Extension> {
  const { StreamLanguage } = await import("@codemirror/language");
  return StreamLanguage.define(await parser);
}

const languages: readonly Language[] = [
  { name: "JavaScript", files: /\.[cm]?jsx?$/, programs: /\bnode\b/, load: async () => (await import("@codemirror/lang-javascript")).javascript({ jsx: true }) },
  { name: "TypeScript", files: /\.[cm]?tsx?$/, load: async () => (await import("@codemirror/lang-javascript")).javascript({ jsx: true, typescript: true }) },
  { name: "Python", files: /\.pyw?$/, programs: /\bpython[0-9.]*\b/, load: async () => (await import("@codemirror/lang-python")).python() },
  { name: "JSON", files: /\.(json|jsonc|webmanifest)$|^\.?(babelrc|prettierrc|eslintrc)$/, load: async () => (await import("@codemirror/lang-json")).json() },
  { name: "YAML", files: /\.ya?ml$/, load: async () => (await import("@codemirror/lang-yaml")).yaml() },
  { name: "Markdown", files: /\.(md|markdown)$|^readme$/i, load: async () => (await import("@codemirror/lang-markdown")).markdown() },
  { name: "HTML", files: /\.(x?html?|vue|tmpl)$/, load: async () => (await import("@codemirror/lang-html")).html() },
  { name: "CSS", files: /\.(css|scss|less)$/, load: async () => (await import("@codemirror/lang-css")).css() },
  { name: "XML", files: /\.(xml|svg|xsd|xslt?|csproj|props|targets|pom|plist)$/, load: async () => (await import("@codemirror/lang-xml")).xml() },
  { name: "SQL", files: /\.(sql|psql|ddl)$/, load: async () => (await import("@codemirror/lang-sql")).sql() },
  { name: "Java", files: /\.(java|kt|groovy|gradle|scala)$/, load: async () => (await import("@codemirror/lang-java")).java() },
  { name: "Go", files: /\.go$/, load: async () => (await import("@codemirror/lang-go")).go() },
  { name: "Rust", files: /\.rs$/, load: async () => (await import("@codemirror/lang-rust")).rust() },
  { name: "C and C++", files: /\.([ch]|cc|cpp|cxx|hh|hpp|ino)$/, load: async () => (await import("@codemirror/lang-cpp")).cpp() },
  { name: "PHP", files: /\.php$/, programs: /\bphp\b/, load: async () => (await import("@codemirror/lang-php")).php() },
  { name: "C#", files: /\.cs$/, load: () => legacy(import("@codemirror/legacy-modes/mode/clike").then(mode => mode.csharp)) },
  { name: "Shell", files: /\.(sh|bash|zsh|ash|ksh|profile|bashrc|zshrc|env)$|^\.?(bashrc|profile|bash_profile|zshrc|env)$/, programs: /\b(ba|z|da|a|k)?sh\b/, load: () => legacy(import("@codemirror/legacy-modes/mode/shell").then(mode => mode.shell)) },
  { name: "Dockerfile", files: /^(docker|container)file(\..+)?$|\.dockerfile$/i, load: () => legacy(import("@codemirror/legacy-modes/mode/dockerfile").then(mode => mode.dockerFile)) },
  { name: "TOML", files: /\.toml$/, load: () => legacy(import("@codemirror/legacy-modes/mode/toml").then(mode => mode.toml)) },
  { name: "nginx", files: /nginx.*\.conf$/, load: () => legacy(import("@codemirror/legacy-modes/mode/nginx").then(mode => mode.nginx)) },
  { name: "Settings", files: /\.(properties|ini|cfg|conf|cnf|service|desktop)$/, load: () => legacy(import("@codemirror/legacy-modes/mode/properties").then(mode => mode.properties)) },
  { name: "Ruby", files: /\.(rb|rake|gemspec)$|^(gem|rake|vagrant)file$/i, programs: /\bruby\b/, load: () => legacy(import("@codemirror/legacy-modes/mode/ruby").then(mode => mode.ruby)) },
  { name: "Perl", files: /\.p[lm]$/, programs: /\bperl\b/, load: () => legacy(import("@codemirror/legacy-modes/mode/perl").then(mode => mode.perl)) },
  { name: "Lua", files: /\.lua$/, programs: /\blua\b/, load: () => legacy(import("@codemirror/legacy-modes/mode/lua").then(mode => mode.lua)) },
  { name: "PowerShell", files: /\.ps[dm]?1$/, load: () => legacy(import("@codemirror/legacy-modes/mode/powershell").then(mode => mode.powerShell)) },
  { name: "Differences", files: /\.(diff|patch)$/, load: () => legacy(import("@codemirror/legacy-modes/mode/diff").then(mode => mode.diff)) },
];

/** The language of a file, by its name or by the program in its first line. */
export function languageOf(name: string, firstLine: string): Language | null {
  const program = /^#!\s*(.{1,200})/.exec(firstLine)?.[1];
  return languages.find(({ files }) => files.test(name))
    ?? (program === undefined ? null : languages.find(({ programs }) => programs?.test(program)) ?? null);
}
