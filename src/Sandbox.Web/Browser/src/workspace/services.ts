/** A database that is one click away as a node: what its image reads, and how the other nodes reach it. The server makes its password. */
export interface Service {
  readonly image: string;
  readonly title: string;
  /** The variable that holds the password. */
  readonly password: string;
  /** The directory of its data. */
  readonly data: string;
  /** The variables that the first node of this kind has in the others, and what they save. */
  readonly found: string;
  /** Ways in, from another node; with the image that has the program. */
  connect(node: string, password: string): readonly { words: string; line: string }[];
}

export const services: readonly Service[] = [
  {
    image: "postgres", title: "PostgreSQL", password: "POSTGRES_PASSWORD", data: "/var/lib/postgresql",
    found: "DATABASE_URL and PGHOST, PGUSER, PGPASSWORD, PGDATABASE: psql needs no arguments",
    connect: (node, password) => [
      { words: "Address", line: `postgresql://postgres:${password}@${node}:5432/postgres` },
      { words: "Shell", line: `psql postgresql://postgres:${password}@${node}/postgres` },
    ],
  },
  {
    image: "redis", title: "Redis", password: "REDIS_PASSWORD", data: "/var/lib/redis",
    found: "REDIS_URL and REDISCLI_AUTH: redis-cli needs no password",
    connect: (node, password) => [
      { words: "Address", line: `redis://default:${password}@${node}:6379` },
      { words: "Shell", line: `redis-cli -u redis://default:${password}@${node}` },
    ],
  },
  {
    image: "mariadb", title: "MariaDB", password: "MARIADB_ROOT_PASSWORD", data: "/var/lib/mysql",
    found: "DATABASE_URL and MYSQL_HOST, MYSQL_PWD: mariadb and mysql need no arguments",
    connect: (node, password) => [
      { words: "Address", line: `mysql://root:${password}@${node}:3306/` },
      { words: "Shell", line: `mariadb -h ${node} -u root -p${password}` },
    ],
  },
];

/** The least memory that these services are at ease with, so that more nodes fit into a plan. */
export const serviceMemory = 256;

/** The variable of the other nodes that holds the address of a database: `SHOP_DB_URL` for the node shop-db. */
export function urlVariable(node: string): string {
  return `${/^[0-9]/.test(node) ? "NODE_" : ""}${node.toUpperCase().replaceAll("-", "_")}_URL`;
}

/** A password that needs no quoting in a shell or an address. */
export function newPassword(random: (bytes: Uint8Array) => Uint8Array = bytes => crypto.getRandomValues(bytes)): string {
  return [...random(new Uint8Array(16))].map(byte => (byte % 32).toString(32)).join("");
}

/** The first name of the form `base`, `base2`, … that no node has. */
export function freeName(base: string, taken: readonly string[]): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base}${number}`;
    if (!taken.includes(name)) {
      return name;
    }
  }
}

/** The name of one more node: node2 beside the first. */
export function nextNode(taken: readonly string[]): string {
  for (let number = taken.length + 1; ; number++) {
    if (!taken.includes(`node${number}`)) {
      return `node${number}`;
    }
  }
}
