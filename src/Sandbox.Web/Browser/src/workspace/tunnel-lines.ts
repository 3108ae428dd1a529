/** Where a tunnel leads: a port of a sandbox, or its Docker daemon. */
export type Target = number | "docker";

/** A command, or an address for a browser, with the name of what it reaches. */
export interface Line {
  readonly words: string;
  readonly line: string;
}

/** The port of the visitor's computer: the same one, unless only its administrator may open it. */
export function localPort(port: number): number {
  return port < 1024 ? port + 10_000 : port;
}

/** The command that opens the tunnels to a sandbox. */
export function startLine(origin: string, sandbox: string, targets: readonly Target[]): string {
  const written = targets.map(target => target === "docker" || localPort(target) === target ? `${target}` : `${localPort(target)}:${target}`);
  return ["python3 sandbox-tunnel.py", `${origin}/api/v1/sandboxes/${sandbox}`, ...written].join(" ");
}

/** The commands and addresses that reach a target through its tunnel. */
export function useLines(sandbox: string, target: Target): readonly Line[] {
  if (target === "docker") {
    const context = `playground-${sandbox.slice(0, 4)}`;
    return [
      { words: "Tell docker once", line: `docker context create ${context} --docker "host=unix://$HOME/.sandbox/${sandbox}.sock"` },
      { words: "Then use it", line: `docker --context ${context} run --rm -it debian` },
    ];
  }
  const port = localPort(target);
  switch (target) {
    case 5432: return [{ words: "PostgreSQL", line: `psql -h 127.0.0.1 -p ${port} -U postgres` }];
    case 6379: return [{ words: "Redis", line: `redis-cli -h 127.0.0.1 -p ${port}` }];
    case 3306: return [{ words: "MariaDB", line: `mariadb -h 127.0.0.1 -P ${port} -u root -p` }];
    default: return [{ words: `Port ${target} in a browser`, line: `http://127.0.0.1:${port}` }];
  }
}
