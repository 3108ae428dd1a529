using Variables = System.Collections.Generic.IReadOnlyDictionary<string, string>;

namespace Sandbox.Core.Databases;

/// <summary>
/// A kind of database server: the variables that its image of the catalog reads, and those by which clients find it. The
/// names are the clients' own: libpq's, redis-cli's, those of the client of MariaDB and MySQL, and the addresses that
/// frameworks read.
/// </summary>
public sealed class DatabaseKind
{
    private const int LongestValue = 256;

    private readonly Func<Variables, Access> _access;
    private readonly Func<Access, string, IEnumerable<Variables>> _clients;

    private DatabaseKind(string image, string password, Func<Variables, Access> access, Func<Access, string, IEnumerable<Variables>> clients)
    {
        (Image, Password) = (image, password);
        (_access, _clients) = (access, clients);
    }

    /// <summary>All kinds.</summary>
    public static IReadOnlyList<DatabaseKind> All { get; } =
    [
        new(
            "postgres",
            "POSTGRES_PASSWORD",
            own => new Access("postgresql", 5432, own.GetValueOrDefault("POSTGRES_USER", "postgres"), own.GetValueOrDefault("POSTGRES_PASSWORD"), own.GetValueOrDefault("POSTGRES_DB") ?? own.GetValueOrDefault("POSTGRES_USER", "postgres")),
            (access, host) =>
            [
                // https://www.postgresql.org/docs/current/libpq-envars.html
                Group(("PGHOST", host), ("PGPORT", "5432"), ("PGUSER", access.User), ("PGPASSWORD", access.Password), ("PGDATABASE", access.Database)),
                Group(("DATABASE_URL", access.Address(host))),
            ]) { OtherPasswords = ["POSTGRES_PASSWORD_FILE"] },
        new(
            "redis",
            "REDIS_PASSWORD",
            own => new Access("redis", 6379, "default", own.GetValueOrDefault("REDIS_PASSWORD"), ""),
            (access, host) =>
            [
                Group(("REDISCLI_AUTH", access.Password)),
                Group(("REDIS_URL", access.Address(host))),
            ]) { IsOpen = true, InnerPassword = "REDISCLI_AUTH" },
        new(
            "mariadb",
            "MARIADB_ROOT_PASSWORD",
            own => Maria(own, "USER") is { } user
                ? new Access("mysql", 3306, user, Maria(own, "PASSWORD"), Maria(own, "DATABASE") ?? "")
                : new Access("mysql", 3306, "root", Maria(own, "ROOT_PASSWORD"), Maria(own, "DATABASE") ?? ""),
            (access, host) =>
            [
                // https://mariadb.com/kb/en/mariadb-environment-variables/
                Group(("MYSQL_HOST", host), ("MYSQL_TCP_PORT", "3306"), ("MYSQL_PWD", access.Password)),
                Group(("DATABASE_URL", access.Address(host))),
            ]) { OtherPasswords = ["MARIADB_ROOT_PASSWORD_FILE", "MYSQL_ROOT_PASSWORD", "MYSQL_ROOT_PASSWORD_FILE"] },
    ];

    /// <summary>The image of the catalog.</summary>
    public string Image { get; }

    /// <summary>The variable that holds the server's password.</summary>
    public string Password { get; }

    /// <summary>Other variables by which a recipe sets it.</summary>
    private IReadOnlyList<string> OtherPasswords { get; init; } = [];

    /// <summary>Whether the server lets other nodes in when it has no password.</summary>
    public bool IsOpen { get; private init; }

    /// <summary>The variable by which its client signs in inside the node of the server; null where that needs no password.</summary>
    public string? InnerPassword { get; private init; }

    /// <summary>The kind of an image of the catalog, or null.</summary>
    public static DatabaseKind? Find(string image) => All.FirstOrDefault(kind => kind.Image == image);

    /// <summary>
    /// The variables by which another node finds a server, in groups that belong together: a node with one of a group has none
    /// of the others. Empty if a value would be too long.
    /// </summary>
    /// <param name="node">The server's node.</param>
    /// <param name="own">The server's own variables.</param>
    public IReadOnlyList<Variables> Clients(string node, Variables own)
    {
        var access = _access(own);
        if (access.User.Length > LongestValue || access.Password?.Length > LongestValue || access.Database.Length > LongestValue)
        {
            return [];
        }

        // Names of nodes are different, so these are never another one's.
        var prefix = Prefix(node);
        return
        [
            Group(
                (prefix + "URL", access.Address(node)), (prefix + "HOST", node), (prefix + "PORT", access.Port.ToString(System.Globalization.CultureInfo.InvariantCulture)),
                (prefix + "USER", access.User), (prefix + "PASSWORD", access.Password), (prefix + "DATABASE", access.Database)),
            .. _clients(access, node),
        ];
    }

    /// <summary>Whether variables set the server's password.</summary>
    public bool HasPassword(Variables own) => OtherPasswords.Append(Password).Any(name => own.GetValueOrDefault(name) is { Length: > 0 });

    /// <summary>A variable of MariaDB's image by either of its names.</summary>
    private static string? Maria(Variables own, string name) => own.GetValueOrDefault("MARIADB_" + name) ?? own.GetValueOrDefault("MYSQL_" + name);

    /// <summary>The name of a node in front of its variables: <c>shop-db</c> is <c>SHOP_DB_</c>.</summary>
    private static string Prefix(string node) => (char.IsAsciiDigit(node[0]) ? "NODE_" : "") + node.ToUpperInvariant().Replace('-', '_') + "_";

    /// <summary>Variables without a value are left out.</summary>
    private static Dictionary<string, string> Group(params ReadOnlySpan<(string Name, string? Value)> variables)
    {
        var group = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in variables)
        {
            if (!string.IsNullOrEmpty(value))
            {
                group[name] = value;
            }
        }

        return group;
    }

    private sealed record Access(string Scheme, int Port, string User, string? Password, string Database)
    {
        /// <summary><c>postgresql://postgres:secret@db:5432/postgres</c></summary>
        public string Address(string host) => string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"{Scheme}://{(string.IsNullOrEmpty(Password) ? "" : $"{Uri.EscapeDataString(User)}:{Uri.EscapeDataString(Password)}@")}{host}:{Port}{(Database.Length == 0 ? "" : "/" + Uri.EscapeDataString(Database))}");
    }
}
