using System.Net.Sockets;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Net.Client;
using Sandbox.Core.Errors;
using Sandbox.Core.Execs;
using Sandbox.Core.Files;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Quotas;
using Sandbox.Core.Sandboxes;
using Sandbox.Rpc;
using Sandbox.Rpc.Wire;
using Sandbox.Testing;
using Xunit;
using CoreRecipeFile = Sandbox.Core.Recipes.RecipeFile;
using CoreSandboxSpec = Sandbox.Core.Sandboxes.SandboxSpec;

namespace Sandbox.Core.Tests.Rpc;

public sealed class RuntimeClientTests : IAsyncLifetime
{
    private readonly FakeRuntime _runtime = new();
    private readonly string _socket = RpcServer.NewSocket();
    private readonly RuntimeClient _client;
    private RpcServer? _server;

    public RuntimeClientTests() => _client = new RuntimeClient(_socket);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await RpcServer.StartAsync(_socket, _runtime);

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server!.DisposeAsync();
        _runtime.Dispose();
        Directory.Delete(Path.GetDirectoryName(_socket)!, recursive: true);
    }

    [Fact]
    public async Task Every_code_and_its_words_come_across()
    {
        foreach (var code in Enum.GetValues<ErrorCode>())
        {
            _runtime.Before = (_, _) => throw new SandboxException(code, $"Grüße: {code}\nzweite Zeile");

            var fault = await Assert.ThrowsAsync<SandboxException>(() => _client.Sandboxes.ListAsync(Cancellation));

            Assert.Equal(code, fault.Code);
            Assert.Equal($"Grüße: {code}\nzweite Zeile", fault.Message);
        }
    }

    [Fact]
    public async Task The_time_to_come_back_comes_across()
    {
        _runtime.Before = (_, _) => throw new SandboxException(ErrorCode.Timeout, "Not your turn.") { RetryAfter = TimeSpan.FromMilliseconds(1500) };
        Assert.Equal(TimeSpan.FromMilliseconds(1500), (await Assert.ThrowsAsync<SandboxException>(() => _client.Sandboxes.ListAsync(Cancellation))).RetryAfter);

        _runtime.Before = (_, _) => throw new SandboxException(ErrorCode.Timeout, "Never.");
        Assert.Null((await Assert.ThrowsAsync<SandboxException>(() => _client.Sandboxes.ListAsync(Cancellation))).RetryAfter);
    }

    [Fact]
    public async Task Words_for_the_owner_of_a_sandbox_come_across()
    {
        _runtime.Store("busybox");
        await _client.Sandboxes.CreateAsync(Spec(), Cancellation);
        Assert.Null((await _client.Sandboxes.ListAsync(Cancellation))[0].Notice);
        _runtime.Note((await _client.Sandboxes.ListAsync(Cancellation))[0].Id, "Grüße vom Speicher");

        Assert.Equal("Grüße vom Speicher", (await _client.Sandboxes.ListAsync(Cancellation))[0].Notice);
    }

    [Fact]
    public async Task Words_that_are_too_long_are_cut()
    {
        _runtime.Before = (_, _) => throw new SandboxException(ErrorCode.Invalid, new string('ü', 100_000));

        var fault = await Assert.ThrowsAsync<SandboxException>(() => _client.GetInfoAsync(Cancellation));

        Assert.Equal(ErrorCode.Invalid, fault.Code);
        Assert.Equal(4001, fault.Message.Length);
    }

    [Fact]
    public async Task A_bug_of_the_runtime_shows_nothing_of_the_host()
    {
        _runtime.Before = (_, _) => throw new InvalidOperationException("/var/lib/sandbox/runtime/secret");

        var fault = await Assert.ThrowsAsync<SandboxException>(() => _client.Sandboxes.FindAsync(SandboxId.New(), Cancellation));

        Assert.Equal(ErrorCode.Internal, fault.Code);
        Assert.DoesNotContain("secret", fault.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_runtime_that_is_down_is_unavailable_and_the_first_call_after_its_return_goes_through()
    {
        for (var round = 0; round < 3; round++)
        {
            await _client.GetInfoAsync(Cancellation);
            await _server!.DisposeAsync();

            for (var attempt = 0; attempt < 5; attempt++)
            {
                var fault = await Assert.ThrowsAsync<SandboxException>(() => _client.GetInfoAsync(Cancellation));
                Assert.Equal(ErrorCode.RuntimeUnavailable, fault.Code);
            }

            _server = await RpcServer.StartAsync(_socket, _runtime);
            await _client.GetInfoAsync(Cancellation);
        }
    }

    [Fact]
    public async Task A_watch_ends_as_unavailable_when_the_runtime_goes_away()
    {
        _runtime.Store("busybox");
        await _client.Sandboxes.CreateAsync(Spec(), Cancellation);
        await using var changes = _client.Sandboxes.WatchAsync(Cancellation).GetAsyncEnumerator(Cancellation);
        Assert.True(await changes.MoveNextAsync());
        var next = changes.MoveNextAsync().AsTask();

        await _server!.DisposeAsync();

        var fault = await Assert.ThrowsAsync<SandboxException>(() => next);
        Assert.Equal(ErrorCode.RuntimeUnavailable, fault.Code);
        _server = await RpcServer.StartAsync(_socket, _runtime);
    }

    [Fact]
    public async Task A_call_taken_back_is_a_cancellation_and_reaches_the_runtime()
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var takenBack = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _runtime.Before = async (_, cancellation) =>
        {
            reached.SetResult();
            await using var registration = cancellation.Register(takenBack.SetResult);
            await Task.Delay(Timeout.Infinite, cancellation);
        };
        using var cut = new CancellationTokenSource();
        var call = _client.GetInfoAsync(cut.Token);
        await reached.Task.WaitAsync(Cancellation);

        await cut.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await takenBack.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
    }

    [Fact]
    public async Task A_create_cancelled_while_it_starts_is_undone()
    {
        _runtime.Store("busybox");
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _runtime.Before = async (operation, cancellation) =>
        {
            if (operation == "Create")
            {
                reached.SetResult();
                await Task.Delay(Timeout.Infinite, cancellation);
            }
        };
        var spec = Spec();
        using var cut = new CancellationTokenSource();
        var create = _client.Sandboxes.CreateAsync(spec, cut.Token);
        await reached.Task.WaitAsync(Cancellation);
        Assert.Equal(Core.Sandboxes.SandboxState.Starting, (await _client.Sandboxes.FindAsync(spec.Id, Cancellation))?.State);

        await cut.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => create);

        for (var attempt = 0; attempt < 600 && await _client.Sandboxes.FindAsync(spec.Id, Cancellation) is not null; attempt++)
        {
            await Task.Delay(50, Cancellation);
        }

        Assert.Null(await _client.Sandboxes.FindAsync(spec.Id, Cancellation));
    }

    [Fact]
    public async Task Every_field_of_a_spec_comes_across()
    {
        var image = _runtime.Store("busybox");
        var spec = Spec() with
        {
            Image = image.Digest,
            Env = new Dictionary<string, string> { ["A"] = "", ["B"] = "ü\n" },
            Workdir = "/tmp",
            User = "1:2",
            Files = [new CoreRecipeFile { Path = "/a", Text = "", Mode = "7" }, new CoreRecipeFile { Path = "/b", Base64 = "AA==" }],
            Network = Core.Networks.NetworkPolicy.None,
            Isolation = "container",
            Deadline = new DateTimeOffset(2042, 3, 4, 5, 6, 7, TimeSpan.FromHours(2)).AddTicks(1),
        };

        var info = await _client.Sandboxes.CreateAsync(spec, Cancellation);

        Assert.Equal(spec.Deadline, info.Deadline);

        // Asked again without the wire between: a field lost on the way would make it another spec.
        Assert.Equal(info, await _runtime.Sandboxes.CreateAsync(spec, Cancellation));
    }

    [Fact]
    public async Task Domains_of_a_spec_come_across()
    {
        var spec = Spec() with { Image = _runtime.Store("busybox").Digest, Domains = ["github.com", "git.example:22"] };

        var info = await _client.Sandboxes.CreateAsync(spec, Cancellation);

        Assert.Equal(info, await _runtime.Sandboxes.CreateAsync(spec, Cancellation));
    }

    [Fact]
    public async Task An_image_comes_across_whole()
    {
        var stored = _runtime.Store("postgres", new Core.Images.ImageConfig
        {
            Entrypoint = ["docker-entrypoint.sh"],
            Command = ["postgres"],
            Env = ["PATH=/bin", "PGDATA=/var/lib/postgresql"],
            Workdir = "/srv",
            User = "postgres",
            ExposedPorts = ["5432/tcp"],
        });

        var image = Assert.Single(await _client.Images.ListAsync(Cancellation));

        Assert.Equivalent(stored, image, strict: true);
        var progress = new List<Core.Images.ImageProgress>();
        await foreach (var report in _client.Images.AddAsync(new ImageSource.Recipe("busybox"), Cancellation))
        {
            progress.Add(report);
        }

        Assert.Equal([0, 50, 100], progress.Select(report => report.Percent));
        Assert.Null(progress[1].Image);
        Assert.NotNull(progress[2].Image);
    }

    [Fact]
    public async Task An_upload_whose_sender_fails_throws_what_the_sender_threw_and_adds_nothing()
    {
        async IAsyncEnumerable<ReadOnlyMemory<byte>> Broken()
        {
            yield return new byte[200_000];
            await Task.Yield();
            throw new IOException("the sender went away");
        }

        await Assert.ThrowsAsync<IOException>(async () =>
        {
            await foreach (var _ in _client.Images.AddAsync(new ImageSource.Archive(Core.Images.ArchiveKind.Oci, Broken()), Cancellation))
            {
            }
        });

        Assert.Empty(await _client.Images.ListAsync(Cancellation));
    }

    [Fact]
    public async Task An_upload_the_runtime_refuses_stops_and_says_why()
    {
        var sent = 0L;
        async IAsyncEnumerable<ReadOnlyMemory<byte>> Endless()
        {
            while (true)
            {
                sent += 64 * 1024;
                yield return new byte[64 * 1024];
                await Task.Yield();
            }
        }

        var fault = await Assert.ThrowsAsync<SandboxException>(async () =>
        {
            await foreach (var _ in _client.Images.AddAsync(new ImageSource.Archive(Core.Images.ArchiveKind.Oci, Endless()), Cancellation))
            {
            }
        });

        Assert.Equal(ErrorCode.TooLarge, fault.Code);
        var before = sent;
        await Task.Delay(100, Cancellation);
        Assert.Equal(before, sent);
    }

    [Fact]
    public async Task A_write_the_runtime_refuses_stops_and_says_why()
    {
        async IAsyncEnumerable<ReadOnlyMemory<byte>> Endless()
        {
            while (true)
            {
                yield return new byte[1024 * 1024];
                await Task.Yield();
            }
        }

        _runtime.Store("busybox");
        var spec = Spec();
        await _client.Sandboxes.CreateAsync(spec, Cancellation);
        Assert.True(SandboxPath.TryParse("/root/big", out var path));

        var fault = await Assert.ThrowsAsync<SandboxException>(() => _client.Files.WriteAsync(spec.Id, path, (int?)null, Endless(), Cancellation));

        Assert.Equal(ErrorCode.DiskFull, fault.Code);
        Assert.Null(await _client.Files.FindAsync(spec.Id, path, Cancellation));
    }

    [Fact]
    public async Task Refused_writes_leave_the_connection_to_everybody_else()
    {
        async IAsyncEnumerable<ReadOnlyMemory<byte>> TooMuch()
        {
            for (var piece = 0; piece < 320; piece++)
            {
                yield return new byte[64 * 1024];
                if (piece % 7 == 0)
                {
                    await Task.Yield();
                }
            }
        }

        _runtime.Store("busybox");
        var spec = Spec();
        await _client.Sandboxes.CreateAsync(spec, Cancellation);
        await using var changes = _client.Sandboxes.WatchAsync(Cancellation).GetAsyncEnumerator(Cancellation);
        Assert.True(await changes.MoveNextAsync());
        var next = changes.MoveNextAsync().AsTask();

        await Parallel.ForEachAsync(Enumerable.Range(0, 100), new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Cancellation }, async (number, _) =>
        {
            Assert.True(SandboxPath.TryParse($"/root/{number}", out var path));
            var fault = await Assert.ThrowsAsync<SandboxException>(() => _client.Files.WriteAsync(spec.Id, path, (int?)null, TooMuch(), Cancellation));
            Assert.Equal(ErrorCode.DiskFull, fault.Code);
        });

        Assert.False(next.IsCompleted);
        var other = await _client.Sandboxes.CreateAsync(Spec(), Cancellation);
        Assert.True(await next);
        Assert.Equal(other.Id, changes.Current.Id);
    }

    [Fact]
    public async Task An_asker_that_does_not_stop_is_cut_off()
    {
        _runtime.Before = (operation, _) => operation == "WriteFile" ? throw new SandboxException(ErrorCode.DiskFull, "full") : Task.CompletedTask;
        using var channel = RawChannel();
        using var call = new Sandbox.Rpc.Wire.Files.FilesClient(channel).Write(cancellationToken: Cancellation);
        await call.RequestStream.WriteAsync(new WriteFileRequest { Header = new WriteFileHeader { Id = SandboxId.New().Value, Path = ByteString.CopyFromUtf8("/a") } }, Cancellation);
        await call.ResponseHeadersAsync;
        Assert.False(call.ResponseAsync.IsCompleted);

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        async Task GoOnAsync()
        {
            while (true)
            {
                await call.RequestStream.WriteAsync(new WriteFileRequest { Chunk = ByteString.CopyFrom(new byte[64 * 1024]) }, stop.Token);
            }
        }

        // The answer is what tells: a write that .NET's client has under way at a reset sometimes never ends by itself.
        var writing = GoOnAsync();
        var fault = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync.WaitAsync(TimeSpan.FromMinutes(1), Cancellation));
        Assert.Equal(StatusCode.ResourceExhausted, fault.StatusCode);

        await stop.CancelAsync();
        Assert.NotNull(await Record.ExceptionAsync(() => writing));
    }

    [Fact]
    public async Task A_directory_larger_than_a_message_is_listed_whole()
    {
        _runtime.Store("busybox");
        var spec = Spec();
        await _client.Sandboxes.CreateAsync(spec, Cancellation);
        for (var number = 0; number < 2500; number++)
        {
            Assert.True(SandboxPath.TryParse($"/many/{number:D5}{new string('x', 200)}", out var path));
            await _runtime.Files.WriteAsync(spec.Id, path, (int?)null, AsyncEnumerable.Empty<ReadOnlyMemory<byte>>(), Cancellation);
        }

        Assert.True(SandboxPath.TryParse("/many", out var many));
        Assert.Equal(2500, (await _client.Files.ListAsync(spec.Id, many, Cancellation)).Count);
    }

    [Fact]
    public async Task A_spec_with_mistakes_is_refused_before_the_runtime_sees_it()
    {
        var fault = await Assert.ThrowsAsync<SandboxException>(() => _client.Sandboxes.CreateAsync(Spec() with { Name = "A", Workdir = "x" }, Cancellation));

        Assert.Equal(ErrorCode.Invalid, fault.Code);
        Assert.Contains("name:", fault.Message, StringComparison.Ordinal);
        Assert.Contains("workdir:", fault.Message, StringComparison.Ordinal);
        Assert.Empty(_runtime.Calls);
    }

    [Fact]
    public async Task A_request_larger_than_a_message_is_TooLarge()
    {
        var command = new string('x', 5 * 1024 * 1024);

        var fault = await Assert.ThrowsAsync<SandboxException>(() =>
            _client.Sandboxes.ExecAsync(SandboxId.New(), new ExecSpec { Command = [command], Timeout = TimeSpan.FromSeconds(1) }, Cancellation));

        Assert.Equal(ErrorCode.TooLarge, fault.Code);
        Assert.Empty(_runtime.Calls);
    }

    [Fact]
    public async Task What_a_hostile_asker_sends_is_refused_before_the_runtime_sees_it()
    {
        using var channel = RawChannel();
        var (images, sandboxes) = (new Sandbox.Rpc.Wire.Images.ImagesClient(channel), new Sandbox.Rpc.Wire.Sandboxes.SandboxesClient(channel));
        var (terminals, files) = (new Sandbox.Rpc.Wire.Terminals.TerminalsClient(channel), new Sandbox.Rpc.Wire.Files.FilesClient(channel));
        var id = SandboxId.New().Value;
        var climbing = ByteString.CopyFromUtf8("/../../etc/shadow");

        await RefusedAsync(sandboxes.FindAsync(new SandboxRequest { Id = "../../../etc" }, cancellationToken: Cancellation));
        await RefusedAsync(sandboxes.RemoveAsync(new SandboxRequest(), cancellationToken: Cancellation));
        await RefusedAsync(images.RemoveAsync(new RemoveImageRequest { Digest = "sha256:.." }, cancellationToken: Cancellation));
        await RefusedAsync(sandboxes.CreateAsync(new Sandbox.Rpc.Wire.SandboxSpec(), cancellationToken: Cancellation));
        await RefusedAsync(sandboxes.StopAsync(new StopRequest { Id = id, Grace = -1 }, cancellationToken: Cancellation));
        await RefusedAsync(sandboxes.StopAsync(new StopRequest { Id = id, Grace = long.MaxValue }, cancellationToken: Cancellation));
        await RefusedAsync(sandboxes.ExtendAsync(new ExtendRequest { Id = id, Deadline = long.MaxValue }, cancellationToken: Cancellation));
        await RefusedAsync(sandboxes.ExecAsync(new ExecRequest { Id = id, Timeout = 1 }, cancellationToken: Cancellation));
        await RefusedAsync(sandboxes.ExecAsync(new ExecRequest { Id = id, Command = { "x" }, Timeout = long.MaxValue, OutputLimit = 1 }, cancellationToken: Cancellation));
        await RefusedAsync(sandboxes.ExecAsync(new ExecRequest { Id = id, Command = { "x" }, Timeout = 1, OutputLimit = int.MaxValue }, cancellationToken: Cancellation));
        await RefusedAsync(terminals.OpenAsync(new OpenTerminalRequest { Id = id, Terminal = "x", Cols = 80, Rows = 24 }, cancellationToken: Cancellation));
        await RefusedAsync(terminals.OpenAsync(new OpenTerminalRequest { Id = id, Terminal = id, Cols = 0, Rows = 100_000 }, cancellationToken: Cancellation));
        await RefusedAsync(files.FindAsync(new FileRequest { Id = id, Path = climbing }, cancellationToken: Cancellation));
        await RefusedAsync(files.DeleteAsync(new FileRequest { Id = id, Path = climbing }, cancellationToken: Cancellation));
        using (var read = files.Read(new ReadFileRequest { Id = id, Path = ByteString.CopyFromUtf8("/a") }, cancellationToken: Cancellation))
        {
            Refused(await Assert.ThrowsAsync<RpcException>(() => read.ResponseStream.MoveNext(Cancellation)));
        }

        using (var write = files.Write(cancellationToken: Cancellation))
        {
            await write.RequestStream.WriteAsync(new WriteFileRequest { Header = new WriteFileHeader { Id = id, Path = ByteString.CopyFromUtf8("/a"), Mode = 0x1000 } }, Cancellation);
            await write.ResponseHeadersAsync;
            await write.RequestStream.CompleteAsync();
            Refused(await Assert.ThrowsAsync<RpcException>(() => write.ResponseAsync));
        }

        using (var write = files.Write(cancellationToken: Cancellation))
        {
            await write.RequestStream.CompleteAsync();
            Refused(await Assert.ThrowsAsync<RpcException>(() => write.ResponseAsync));
        }

        using (var add = images.Add(cancellationToken: Cancellation))
        {
            await add.RequestStream.WriteAsync(new AddImageRequest { Chunk = climbing }, Cancellation);
            Assert.True(await add.ResponseStream.MoveNext(Cancellation));
            Assert.True(add.ResponseStream.Current.IsEnough);
            await add.RequestStream.CompleteAsync();
            Refused(await Assert.ThrowsAsync<RpcException>(() => add.ResponseStream.MoveNext(Cancellation)));
        }

        Assert.Empty(_runtime.Calls);
    }

    [Fact]
    public async Task Bytes_that_are_no_request_are_refused_by_every_call_and_never_reach_the_runtime()
    {
        using var channel = RawChannel();
        var calls = channel.CreateCallInvoker();
        var random = new Random(20261128);
        var bytes = Marshallers.Create(static (byte[] given) => given, static given => given);
        ServiceDescriptor[] services =
        [
            Sandbox.Rpc.Wire.Images.Descriptor,
            Sandbox.Rpc.Wire.Sandboxes.Descriptor,
            Sandbox.Rpc.Wire.Terminals.Descriptor,
            Sandbox.Rpc.Wire.Files.Descriptor,
        ];
        foreach (var method in services.SelectMany(service => service.Methods))
        {
            if (method.InputType == Nothing.Descriptor)
            {
                // There is nothing in it to get wrong.
                continue;
            }

            // Both ends are treated as streams, which is the same on the wire.
            var call = new Method<byte[], byte[]>(MethodType.DuplexStreaming, method.Service.FullName, method.Name, bytes, bytes);
            for (var round = 0; round < 40; round++)
            {
                using var talk = calls.AsyncDuplexStreamingCall(call, null, new CallOptions(cancellationToken: Cancellation));
                var refusal = await Assert.ThrowsAsync<RpcException>(async () =>
                {
                    await talk.RequestStream.WriteAsync(Nonsense(random, round), Cancellation);
                    await talk.RequestStream.CompleteAsync();
                    while (await talk.ResponseStream.MoveNext(Cancellation))
                    {
                    }
                });
                Assert.DoesNotContain("   at ", refusal.Status.Detail, StringComparison.Ordinal);
                Assert.DoesNotContain("Sandbox.Rpc", refusal.Status.Detail, StringComparison.Ordinal);
            }
        }

        Assert.Empty(_runtime.Calls);
        Assert.Empty(await _client.Sandboxes.ListAsync(Cancellation));
    }

    /// <summary>Noise; or fields as they are written, with numbers, lengths and bytes that are not what is asked for.</summary>
    private static byte[] Nonsense(Random random, int round)
    {
        using var bytes = new MemoryStream();
        for (var field = 0; field < random.Next(1, 12); field++)
        {
            if (round % 2 == 1)
            {
                bytes.WriteByte((byte)((random.Next(1, 12) << 3) | random.Next(8)));
            }

            var noise = new byte[random.Next(1, 40)];
            random.NextBytes(noise);
            bytes.WriteByte((byte)random.Next(random.Next(2) == 0 ? noise.Length + 1 : 256));
            bytes.Write(noise);
        }

        return bytes.ToArray();
    }

    private static async Task RefusedAsync<T>(AsyncUnaryCall<T> call)
    {
        using (call)
        {
            Refused(await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync));
        }
    }

    private static void Refused(RpcException error) => Assert.Equal("invalid", error.Trailers.GetValue("sandbox-code"));

    private static CoreSandboxSpec Spec() => new()
    {
        Id = SandboxId.New(),
        Playground = PlaygroundId.New(),
        Owner = PersonId.New(),
        Name = "main",
        Image = new FakeRuntime().Store("busybox").Digest,
        Limits = Plan.Guest.PerSandbox with { DiskBytes = 16 << 20 },
        OwnerLimits = Plan.Guest.Total,
        Deadline = DateTimeOffset.UtcNow.AddHours(1),
    };

    private GrpcChannel RawChannel() => GrpcChannel.ForAddress("http://sandboxd", new GrpcChannelOptions
    {
        HttpHandler = new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(_socket), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        },
        DisposeHttpClient = true,
    });
}
