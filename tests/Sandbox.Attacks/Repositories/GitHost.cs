using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Sandbox.Attacks.Repositories;

/// <summary>
/// A git host in a network namespace of its own, behind a router: git's own HTTP backend over TLS at a documentation
/// address, and the misbehaviours of a hostile one. Repositories are made with the host's git.
/// </summary>
internal sealed partial class GitHost : IAsyncDisposable
{
    public const string Address = "203.0.113.7";

    /// <summary>A private address that a redirect names.</summary>
    public const string Private = "10.213.7.2";

    private const string Link = "sdtgit";

    /// <summary>One at a time on a host: the address and the link are the same for every run.</summary>
    private const string LockFile = "/run/lock/sandbox-git-host";

    private readonly string _home = Directory.CreateTempSubdirectory("sandbox-git-").FullName;
    private readonly TaskCompletionSource _closing = new();
    private FileStream? _lock;
    private Process? _namespace;
    private WebApplication? _app;

    /// <summary>The certificate that sandboxes have to trust.</summary>
    public string CaFile => Path.Combine(_home, "ca.pem");

    public static string Url(string repository) => $"https://{Address}/{repository}";

    /// <summary>Starts one.</summary>
    /// <param name="identity">A directory with <c>ca.pem</c> and <c>key.pem</c>, for sandboxes that know the certificate already; null makes a new one.</param>
    public static async Task<GitHost> StartAsync(string? identity = null)
    {
        var host = new GitHost();
        while (host._lock is null)
        {
            try
            {
                host._lock = new FileStream(LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await Task.Delay(200);
            }
        }

        await host.ConnectAsync();
        await host.ServeAsync(identity is null ? NewCertificate() : X509CertificateLoader.LoadPkcs12(
            X509Certificate2.CreateFromPemFile(Path.Combine(identity, "ca.pem"), Path.Combine(identity, "key.pem")).Export(X509ContentType.Pkcs12), null));
        return host;
    }

    /// <summary>Commits files to a repository, which is made when it is not there, and returns the commit.</summary>
    public string Commit(string repository, params (string Path, string Content)[] files) => CommitTree(repository, tree =>
    {
        foreach (var (path, content) in files)
        {
            var file = Path.Combine(tree, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, content);
        }
    });

    /// <summary>The same for a tree that is changed in place.</summary>
    public string CommitTree(string repository, Action<string> change)
    {
        var bare = Path.Combine(_home, "srv", repository);
        var tree = Path.Combine(_home, "trees", repository);
        if (!Directory.Exists(bare))
        {
            Run("git", "init", "--quiet", "--bare", "--initial-branch=main", bare);
            Run("git", "-C", bare, "config", "uploadpack.allowFilter", "true");
            Run("git", "clone", "--quiet", bare, tree);
            Run("git", "-C", tree, "checkout", "--quiet", "-B", "main");
        }

        change(tree);
        Run("git", "-C", tree, "add", "--all");
        Run("git", "-C", tree, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "-m", "x");
        Run("git", "-C", tree, "push", "--quiet", "origin", "main");
        return Run("git", "-C", tree, "rev-parse", "HEAD").Trim();
    }

    public void Tag(string repository, string name)
    {
        var tree = Path.Combine(_home, "trees", repository);
        Run("git", "-C", tree, "-c", "user.name=t", "-c", "user.email=t@example.org", "tag", "-a", "-m", name, name);
        Run("git", "-C", tree, "push", "--quiet", "origin", name);
    }

    public async ValueTask DisposeAsync()
    {
        _closing.TrySetResult();
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }

        _namespace?.Kill();
        _namespace?.WaitForExit();
        _namespace?.Dispose();
        Run("sh", "-c", $"ip link del {Link} 2> /dev/null || true");
        Directory.Delete(_home, recursive: true);
        _lock?.Dispose();
    }

    public static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {errors.Result}");
    }

    private async Task ConnectAsync()
    {
        Run("sh", "-c", $"ip link del {Link} 2> /dev/null || true");
        _namespace = Process.Start("unshare", ["--net", "sleep", "3600"]);
        var ours = new FileInfo("/proc/self/ns/net").LinkTarget;
        while (new FileInfo($"/proc/{_namespace.Id}/ns/net").LinkTarget is not { } theirs || theirs == ours)
        {
            await Task.Delay(5);
        }

        var script = string.Create(CultureInfo.InvariantCulture, $"""
            ip link add {Link} type veth peer name eth0 netns {_namespace.Id}
            ip addr add 198.51.100.1/30 dev {Link}
            ip link set {Link} up
            nsenter --net=/proc/{_namespace.Id}/ns/net sh -ec 'ip link set lo up; ip addr add 198.51.100.2/30 dev eth0; ip addr add {Address}/32 dev lo; ip addr add {Private}/32 dev lo; ip link set eth0 up; ip route add default via 198.51.100.1'
            ip route add {Address}/32 via 198.51.100.2
            ip route add {Private}/32 via 198.51.100.2
            """);
        Run("sh", "-ec", script);
    }

    private async Task ServeAsync(X509Certificate2 certificate)
    {
        await File.WriteAllTextAsync(CaFile, certificate.ExportCertificatePem() + "\n");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseSockets(sockets => sockets.CreateBoundListenSocket = endpoint => Bound((IPEndPoint)endpoint));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Parse(Address), 443, listen => listen.UseHttps(certificate));
            kestrel.Listen(IPAddress.Parse(Address), 80);
            kestrel.Listen(IPAddress.Parse(Private), 443, listen => listen.UseHttps(certificate));
        });
        _app = builder.Build();
        _app.Run(AnswerAsync);
        await _app.StartAsync();
    }

    private Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        return path.Split('/')[1] switch
        {
            "hang" => _closing.Task.WaitAsync(context.RequestAborted),
            "private" => RedirectAsync(context, $"https://{Private}/team/app.git{path[path.IndexOf("/info", StringComparison.Ordinal)..]}{context.Request.QueryString}"),
            "plain" => RedirectAsync(context, $"http://{Address}/team/app.git{path[path.IndexOf("/info", StringComparison.Ordinal)..]}{context.Request.QueryString}"),
            "locked" => StatusAsync(context, 401),
            "page" => context.Response.WriteAsync("<html>no git</html>"),
            _ => BackendAsync(context),
        };
    }

    private static Task RedirectAsync(HttpContext context, string to)
    {
        context.Response.Redirect(to);
        return Task.CompletedTask;
    }

    private static Task StatusAsync(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        context.Response.Headers.WWWAuthenticate = "Basic realm=x";
        return Task.CompletedTask;
    }

    /// <summary>CGI, see git-http-backend(1).</summary>
    private async Task BackendAsync(HttpContext context)
    {
        var start = new ProcessStartInfo("git", "http-backend") { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["GIT_PROJECT_ROOT"] = Path.Combine(_home, "srv");
        start.Environment["GIT_HTTP_EXPORT_ALL"] = "1";
        start.Environment["PATH_INFO"] = context.Request.Path;
        start.Environment["QUERY_STRING"] = context.Request.QueryString.Value!.TrimStart('?');
        start.Environment["REQUEST_METHOD"] = context.Request.Method;
        start.Environment["CONTENT_TYPE"] = context.Request.ContentType ?? "";
        start.Environment["HTTP_CONTENT_ENCODING"] = context.Request.Headers.ContentEncoding.ToString();
        start.Environment["GIT_PROTOCOL"] = context.Request.Headers["Git-Protocol"].ToString();
        start.Environment["REMOTE_ADDR"] = "192.0.2.1";
        if (context.Request.ContentLength is { } length)
        {
            start.Environment["CONTENT_LENGTH"] = length.ToString(CultureInfo.InvariantCulture);
        }

        using var backend = Process.Start(start)!;
        _ = backend.StandardError.ReadToEndAsync();
        var sending = Task.Run(async () =>
        {
            await context.Request.Body.CopyToAsync(backend.StandardInput.BaseStream);
            backend.StandardInput.Close();
        });
        var output = backend.StandardOutput.BaseStream;
        while (await HeaderAsync(output) is { Length: > 0 } line)
        {
            var (name, value) = (line[..line.IndexOf(':', StringComparison.Ordinal)], line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim());
            if (name == "Status")
            {
                context.Response.StatusCode = int.Parse(value.Split(' ')[0], CultureInfo.InvariantCulture);
            }
            else
            {
                context.Response.Headers[name] = value;
            }
        }

        await output.CopyToAsync(context.Response.Body, context.RequestAborted);
        await sending;
    }

    private static async Task<string> HeaderAsync(Stream stream)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (await stream.ReadAsync(one) == 1 && one[0] != '\n')
        {
            line.Append((char)one[0]);
        }

        return line.ToString().TrimEnd('\r');
    }

    private static X509Certificate2 NewCertificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=git.example", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Parse(Address));
        names.AddIpAddress(IPAddress.Parse(Private));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }

    /// <summary>A socket that listens in the namespace. It stays there when another process uses it.</summary>
    private Socket Bound(IPEndPoint endpoint)
    {
        Socket? socket = null;
        Exception? fault = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var there = File.OpenHandle($"/proc/{_namespace!.Id}/ns/net");
                if (SetNamespace(there, 0x40000000) != 0)
                {
                    throw new IOException($"setns: {Marshal.GetLastPInvokeError()}");
                }

                socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(endpoint);
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                fault = e;
            }
        });
        thread.Start();
        thread.Join();
        return fault is null ? socket! : throw fault;
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeHandle descriptor, int kind);
}
