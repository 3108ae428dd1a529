/** How the code of an image is run when the element does not say: the file that it is written to, and the command. */
export interface Running {
  file: string;
  command: string;
}

const known: Record<string, Running> = {
  python: { file: "main.py", command: "python3 -u {file}" },
  node: { file: "main.js", command: "node {file}" },
  postgres: { file: "main.sql", command: "until pg_isready -q; do sleep 0.05; done; psql -v ON_ERROR_STOP=1 -q -f {file}" },
};

/** For any other image the code is a script of its shell. */
const shell: Running = { file: "main.sh", command: "sh {file}" };

export function runningOf(image: string | null): Running {
  return (image !== null && Object.hasOwn(known, image) ? known[image] : undefined) ?? shell;
}

/** Where files without a directory of their own go, and where the command runs. */
const directory = "/sandbox";

/** An absolute path without `..`, or null. */
export function pathOf(file: string): string | null {
  const path = file.startsWith("/") ? file : `${directory}/${file}`;
  return path.length <= 500 && !/[\x00-\x1f\x7f]/.test(path) && !path.split("/").some(part => part === "..") && !path.endsWith("/") ? path : null;
}

/** The words of a command that a shell runs, in which `{file}` is the path. */
export function commandOf(command: string, path: string): string[] {
  const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  return ["sh", "-c", `cd ${quoted(path.slice(0, path.lastIndexOf("/")) || "/")} && ${command.replaceAll("{file}", () => quoted(path))}`];
}
