using System.Globalization;
using System.Text;
using System.Text.Json;
using MessagePack;
using Microsoft.AspNetCore.SignalR.Client;
using Xunit;

namespace Sandbox.EndToEnd.Tests.Contract;

/// <summary>Any input to the hub is served, refused with a message, or costs its sender the connection; nobody else notices.</summary>
[Collection(typeof(Alone))]
public sealed class HubFuzzTests
{
    private const int Seed = 20261128;
    private const int Mutations = 400;

    private static readonly string[] ShellCommand = ["sh"];
    private static readonly string[] Methods = ["Open", "OpenShell", "Attach", "Follow", "Input", "Type", "Resize", "Ack", "Close", "Viewers", "SizePolicy", "Introduce", "Shared"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nonsense_in_messagepack_is_refused_or_costs_the_connection_and_nothing_else()
    {
        await using var scene = await Scene.StartAsync();
        foreach (var (what, bytes) in Broken().Concat(WrongMessages(scene.Terminal, scene.Sandbox)))
        {
            await scene.SayAsync(messagePack: true, what, bytes);
        }

        await scene.UnharmedAsync();
    }

    [Fact]
    public async Task Nonsense_in_json_is_refused_or_costs_the_connection_and_nothing_else()
    {
        await using var scene = await Scene.StartAsync();
        foreach (var text in JsonMessages(scene.Terminal, scene.Sandbox))
        {
            await scene.SayAsync(messagePack: false, text.Length > 200 ? text[..200] : text, [.. Encoding.UTF8.GetBytes(text), 0x1E]);
        }

        await scene.UnharmedAsync();
    }

    [Fact]
    public async Task Calls_with_bytes_changed_at_random_are_refused_or_cost_the_connection_and_nothing_else()
    {
        await using var scene = await Scene.StartAsync();
        var random = new Random(Seed);
        var calls = WrongMessages(scene.Terminal, scene.Sandbox).Select(call => call.Bytes).Where(bytes => bytes.Length is > 4 and < 2000).ToList();
        for (var round = 0; round < Mutations; round++)
        {
            var bytes = calls[random.Next(calls.Count)].ToArray();
            for (var change = random.Next(1, 4); change > 0; change--)
            {
                var at = random.Next(bytes.Length);
                bytes[at] = random.Next(3) == 0 ? (byte)random.Next(0xC0, 0xE0) : (byte)random.Next(256);
            }

            await scene.SayAsync(messagePack: true, string.Create(CultureInfo.InvariantCulture, $"change {round}: {Convert.ToHexString(bytes)}"), bytes);
        }

        await scene.UnharmedAsync();
    }

    [Fact]
    public async Task An_invalid_handshake_is_answered_or_closed()
    {
        await using var scene = await Scene.StartAsync();
        foreach (var words in new[]
        {
            """{"protocol":"messagepack","version":99}""", """{"protocol":"telnet","version":1}""", """{"protocol":null,"version":1}""", """{"protocol":"json"}""", """{"version":1}""", "{}", "[]", "null", "7", "", "{",
            """{"protocol":"json","version":1e400}""", """{"protocol":"json","version":-1}""", """{"protocol":["json"],"version":1}""", """{"protocol":"json","protocol":"messagepack","version":1}""",
            new string('[', 3000), new string('x', 3000), """{"protocol":"json","version":1,"more":""" + new string('[', 1500) + new string(']', 1500) + "}",
        })
        {
            await using var hub = await RawHub.OpenAsync(scene.Caller, messagePack: false);
            await hub.SendAsync(Encoding.UTF8.GetBytes(words + "\x1e"));
            if (await hub.HandshakeAsync() is not { } answer)
            {
                continue;
            }

            var error = (string?)System.Text.Json.Nodes.JsonNode.Parse(answer)!["error"];
            if (error is not null)
            {
                Scene.IsClean(words, error);
                Assert.False(await hub.ServesAsync(), words);
            }
        }

        foreach (var bytes in new byte[][] { [0xFF, 0xFE, 0x1E], [0, 0, 0, 0x1E], [0x1E, 0x1E, 0x1E], new byte[40_000], [.. Enumerable.Repeat((byte)'x', 70_000)] })
        {
            await using var hub = await RawHub.OpenAsync(scene.Caller, messagePack: true);
            await hub.SendAsync(bytes);
            if (!bytes.Contains((byte)0x1E))
            {
                // No end mark yet, so nothing to answer: it goes when its time is over, or now because it is too long.
                continue;
            }

            var answer = await hub.HandshakeAsync();
            Assert.True(answer is null || answer.Contains("error", StringComparison.Ordinal), answer);
        }

        await scene.UnharmedAsync();
    }

    [Fact]
    public async Task Many_messages_in_one_frame_and_one_message_in_many_frames_are_the_same()
    {
        await using var scene = await Scene.StartAsync();
        await using var hub = await RawHub.ConnectAsync(scene.Caller, messagePack: true);
        var resize = Framed(Call(1, null, "Resize", (ref MessagePackWriter writer) => Arguments(ref writer, scene.Shell, 90, 25)));
        await hub.SendAsync(Enumerable.Repeat(resize, 500).SelectMany(bytes => bytes).ToArray());
        Assert.True(await hub.ServesAsync(afterNonsense: false));
        var input = Framed(Call(1, "typed", "Input", (ref MessagePackWriter writer) =>
        {
            writer.WriteArrayHeader(2);
            writer.Write(scene.Shell);
            writer.Write("echo in-p''ieces\n"u8);
        }));
        for (var at = 0; at < input.Length; at++)
        {
            await hub.SendAsync(input.AsMemory(at, 1), whole: at % 2 == 0);
        }

        await hub.SendAsync(ReadOnlyMemory<byte>.Empty);
        Assert.True(await hub.ServesAsync(afterNonsense: false));
        Assert.Empty(hub.Refusals);
        await scene.Screen.UntilAsync("in-pieces");
        await scene.UnharmedAsync();
    }

    /// <summary>Bytes that are no message: with wrong lengths and values that never end.</summary>
    private static IEnumerable<(string What, byte[] Bytes)> Broken()
    {
        yield return ("a length of nothing", [0]);
        yield return ("many lengths of nothing", new byte[5000]);
        yield return ("a length without an end", [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
        yield return ("a negative length", [0xFF, 0xFF, 0xFF, 0xFF, 0x0F]);
        yield return ("two gigabytes promised", [0xFF, 0xFF, 0xFF, 0xFF, 0x07, 1, 2, 3]);
        yield return ("a message longer than what is taken", Framed(new byte[70_000]));
        yield return ("one byte", Framed([0xC1]));
        yield return ("nil", Framed([0xC0]));
        yield return ("a text", Framed([0xA3, 1, 2, 3]));
        yield return ("an empty array", Framed([0x90]));
        yield return ("an empty map", Framed([0x80]));
        yield return ("an array of four billion", Framed([0xDD, 0xFF, 0xFF, 0xFF, 0xFF, 1]));
        yield return ("a map of four billion", Framed([0xDF, 0xFF, 0xFF, 0xFF, 0xFF, 1]));
        yield return ("a text of four gigabytes", Framed([0xDB, 0xFF, 0xFF, 0xFF, 0xFF, 1]));
        yield return ("headers of four billion", Framed([0x96, 1, 0xDF, 0xFF, 0xFF, 0xFF, 0xFF, 0xA1]));
        yield return ("an id of four gigabytes", Framed([0x96, 1, 0x80, 0xDB, 0xFF, 0xFF, 0xFF, 0xFF]));
        yield return ("arguments of two billion", Framed([0x96, 1, 0x80, 0xC0, 0xA3, (byte)'A', (byte)'c', (byte)'k', 0xDD, 0x7F, 0xFF, 0xFF, 0xFF]));
        yield return ("streams of two billion", Framed([0x96, 1, 0x80, 0xC0, 0xA3, (byte)'A', (byte)'c', (byte)'k', 0x90, 0xDD, 0x7F, 0xFF, 0xFF, 0xFF]));
        yield return ("ten thousand arrays in one another", Framed([.. Enumerable.Repeat((byte)0x91, 10_000), 0xC0]));
        yield return ("ten thousand maps in one another", Framed([.. Enumerable.Repeat<byte[]>([0x81, 0xA0], 10_000).SelectMany(pair => pair), 0xC0]));
        yield return ("an extension", Framed([0x96, 0xD4, 1, 1]));
        foreach (var type in new byte[] { 0, 2, 3, 5, 6, 7, 8, 9, 42, 0x7F, 0xFF, 0xC0, 0xC3 })
        {
            yield return ($"a bare type {type}", Framed([0x91, type]));
            yield return ($"a type {type} with nothing after it", Framed([0x96, type]));
            yield return ($"a type {type} with nils", Framed([0x96, type, 0xC0, 0xC0, 0xC0, 0xC0, 0xC0]));
            yield return ($"a type {type} with numbers", Framed([0x96, type, 1, 1, 1, 1, 1]));
            yield return ($"a type {type} with texts", Framed([0x96, type, 0xA1, 65, 0xA1, 65, 0xA1, 65, 0xA1, 65, 0xA1, 65]));
        }

        var random = new Random(Seed);
        for (var round = 0; round < 60; round++)
        {
            var bytes = new byte[random.Next(1, 200)];
            random.NextBytes(bytes);
            yield return ($"noise {Convert.ToHexString(bytes)}", round % 2 == 0 ? bytes : Framed(bytes));
        }
    }

    /// <summary>Valid messages that ask for things that do not exist, or in a wrong way.</summary>
    private static IEnumerable<(string What, byte[] Bytes)> WrongMessages(string terminal, string sandbox)
    {
        var number = 0;
        (string, byte[]) Message(string what, byte[] bytes) => (what, Framed(bytes));
        string Id() => string.Create(CultureInfo.InvariantCulture, $"call-{++number}");

        foreach (var method in Methods.Concat(["open", "OnConnectedAsync", "OnDisconnectedAsync", "Dispose", "ToString", "GetType", "get_Context", "", "\0", "../Open", new string('x', 30_000)]))
        {
            var name = method.Length > 30 ? "a long name" : method;
            foreach (var type in new[] { 1, 4 })
            {
                yield return Message($"{name} by {type} with nothing", Call(type, Id(), method, (ref MessagePackWriter writer) => writer.WriteArrayHeader(0)));
                yield return Message($"{name} by {type} with nil for arguments", Call(type, Id(), method, (ref MessagePackWriter writer) => writer.WriteNil()));
                yield return Message($"{name} by {type} with a map for arguments", Call(type, Id(), method, (ref MessagePackWriter writer) => writer.WriteMapHeader(0)));
                yield return Message($"{name} by {type} with too many", Call(type, Id(), method, (ref MessagePackWriter writer) => Arguments(ref writer, terminal, 1, 2, 3, 4, 5, 6, 7)));
                yield return Message($"{name} by {type} without an id", Call(type, null, method, (ref MessagePackWriter writer) => Arguments(ref writer, terminal, 80)));
            }
        }

        foreach (var (method, others) in new[] { ("Open", 3), ("Attach", 1), ("Input", 1), ("Resize", 2), ("Ack", 1), ("Close", 0), ("Viewers", 0), ("SizePolicy", 1), ("Introduce", 1) })
        {
            var type = method is "Attach" or "Follow" or "Viewers" ? 4 : 1;
            foreach (var (what, value) in Values())
            {
                for (var wrong = 0; wrong <= others; wrong++)
                {
                    var at = wrong;
                    yield return Message($"{method} with {what} at {wrong}", Call(type, Id(), method, (ref MessagePackWriter writer) =>
                    {
                        writer.WriteArrayHeader(1 + others);
                        for (var place = 0; place <= others; place++)
                        {
                            if (place == at)
                            {
                                writer.WriteRaw(value);
                            }
                            else if (place == 0)
                            {
                                writer.Write(method == "Open" ? sandbox : terminal);
                            }
                            else
                            {
                                writer.Write(80);
                            }
                        }
                    }));
                }
            }
        }

        byte[] follow = Call(4, "same", "Viewers", (ref MessagePackWriter writer) => Arguments(ref writer, terminal));
        yield return ("one id for two streams", [.. Framed(follow), .. Framed(follow)]);
        byte[] ack = Call(1, "same-call", "Ack", (ref MessagePackWriter writer) => Arguments(ref writer, terminal, 0));
        yield return ("one id for many calls", [.. Enumerable.Repeat(Framed(ack), 50).SelectMany(bytes => bytes)]);
        yield return Message("the end of a stream that is none", RawHub.Pack((ref MessagePackWriter writer) =>
        {
            writer.WriteArrayHeader(3);
            writer.Write(5);
            writer.WriteMapHeader(0);
            writer.Write("no-such-stream");
        }));
        yield return Message("an item of a stream that is none", RawHub.Pack((ref MessagePackWriter writer) =>
        {
            writer.WriteArrayHeader(4);
            writer.Write(2);
            writer.WriteMapHeader(0);
            writer.Write("no-such-stream");
            writer.Write("item");
        }));
        foreach (var kind in new[] { -1, 1, 2, 3, 4 })
        {
            yield return Message($"an answer of kind {kind} to what was never asked", RawHub.Pack((ref MessagePackWriter writer) =>
            {
                writer.WriteArrayHeader(5);
                writer.Write(3);
                writer.WriteMapHeader(0);
                writer.Write("no-such-call");
                writer.Write(kind);
                writer.Write("result");
            }));
        }

        yield return Message("streams to a call that takes none", RawHub.Pack((ref MessagePackWriter writer) =>
        {
            writer.WriteArrayHeader(6);
            writer.Write(1);
            writer.WriteMapHeader(0);
            writer.Write("streams");
            writer.Write("Ack");
            Arguments(ref writer, terminal, 0);
            writer.WriteArrayHeader(3000);
            for (var stream = 0; stream < 3000; stream++)
            {
                writer.Write($"stream-{stream}");
            }
        }));
        yield return Message("headers", RawHub.Pack((ref MessagePackWriter writer) =>
        {
            writer.WriteArrayHeader(6);
            writer.Write(1);
            writer.WriteMapHeader(3000);
            for (var header = 0; header < 3000; header++)
            {
                writer.Write($"header-{header}");
                writer.Write("value");
            }

            writer.Write("headers");
            writer.Write("Ack");
            Arguments(ref writer, terminal, 0);
            writer.WriteArrayHeader(0);
        }));
        yield return ("numbers of a connection that may be taken up again", [.. Framed([0x92, 9, 0xFF]), .. Framed([0x92, 8, 0xCF, 255, 255, 255, 255, 255, 255, 255, 255])]);
        yield return ("goodbye, and a call after it", [.. Framed([0x92, 7, 0xC0]), .. Framed(ack)]);
    }

    private static IEnumerable<(string What, byte[] Value)> Values()
    {
        yield return ("nil", [0xC0]);
        yield return ("yes", [0xC3]);
        yield return ("a number", [1]);
        yield return ("a negative number", [0xFF]);
        yield return ("the least number", [0xD3, 0x80, 0, 0, 0, 0, 0, 0, 0]);
        yield return ("the greatest number", [0xCF, 255, 255, 255, 255, 255, 255, 255, 255]);
        yield return ("a number of 2^31", [0xCE, 0x80, 0, 0, 0]);
        yield return ("NaN", [0xCB, 0x7F, 0xF8, 0, 0, 0, 0, 0, 0]);
        yield return ("infinity", [0xCA, 0x7F, 0x80, 0, 0]);
        yield return ("half", [0xCB, 0x3F, 0xE0, 0, 0, 0, 0, 0, 0]);
        yield return ("a text", [0xA5, .. "seven"u8]);
        yield return ("no text", [0xA0]);
        yield return ("a text that is no UTF-8", [0xA4, 0xFF, 0xFE, 0xED, 0xA0]);
        yield return ("a text of nulls", [0xA4, 0, 0, 0, 0]);
        yield return ("a long text", RawHub.Pack((ref MessagePackWriter writer) => writer.Write(new string('x', 40_000))));
        yield return ("bytes", [0xC4, 3, 1, 2, 3]);
        yield return ("no bytes", [0xC4, 0]);
        yield return ("bytes that never come", [0xC6, 0xFF, 0xFF, 0xFF, 0xFF]);
        yield return ("an array", [0x91, 1]);
        yield return ("an array of nils", [0x93, 0xC0, 0xC0, 0xC0]);
        yield return ("an array of texts", [0x92, 0xA2, .. "sh"u8, 0xA1, 0]);
        yield return ("an array of four billion", [0xDD, 0xFF, 0xFF, 0xFF, 0xFF]);
        yield return ("a long array", RawHub.Pack((ref MessagePackWriter writer) =>
        {
            writer.WriteArrayHeader(20_000);
            for (var item = 0; item < 20_000; item++)
            {
                writer.Write("x");
            }
        }));
        yield return ("a map", [0x81, 0xA1, (byte)'a', 1]);
        yield return ("a map that repeats itself", [0x82, 0xA1, (byte)'a', 1, 0xA1, (byte)'a', 2]);
        yield return ("an extension", [0xD4, 5, 1]);
        yield return ("a moment", [0xD6, 0xFF, 0, 0, 0, 1]);
        yield return ("arrays in arrays", [.. Enumerable.Repeat((byte)0x91, 2000), 1]);
    }

    private static IEnumerable<string> JsonMessages(string terminal, string sandbox)
    {
        foreach (var text in new[]
        {
            "", " ", "null", "7", "\"x\"", "[]", "{}", "{", "}", "{\"type\":", "{\"type\":1", "{\"type\":1}", "{\"type\":\"1\"}", "{\"type\":null}", "{\"type\":1.5}", "{\"type\":1e999}", "{\"type\":-1}", "{\"type\":99}", "{\"type\":0}",
            "{\"type\":1,\"type\":6}", "{\"type\":6}", "{\"type\":7}", "{\"type\":7,\"error\":{}}", "{\"type\":5,\"invocationId\":\"none\"}", "{\"type\":5}", "{\"type\":2,\"invocationId\":\"none\",\"item\":1}",
            "{\"type\":3,\"invocationId\":\"none\",\"result\":1}", "{\"type\":3,\"invocationId\":\"none\",\"result\":1,\"error\":\"both\"}", "{\"type\":8,\"sequenceId\":-1}", "{\"type\":9,\"sequenceId\":1e30}",
            "\uFEFF{\"type\":6}", "{\"type\":1,\"target\":\"Ack\",\"arguments\":[\"\\ud800\",0]}", "{'type':6}", "// {\"type\":6}", "{\"type\":6,}", "{\"target\":\"Ack\",\"arguments\":[1,2],\"type\":1,\"invocationId\":\"late-type\"}",
            new string('[', 60_000), "{\"type\":1,\"target\":\"Ack\",\"invocationId\":\"deep\",\"arguments\":" + new string('[', 10_000) + new string(']', 10_000) + "}",
            "{\"type\":6,\"more\":" + string.Concat(Enumerable.Repeat("{\"a\":", 5000)) + "1" + new string('}', 5000) + "}", "{\"type\":6,\"x\":\"" + new string('x', 70_000) + "\"}",
        })
        {
            yield return text;
        }

        var number = 0;
        foreach (var method in Methods.Concat(["nothing", "", "OnConnectedAsync"]))
        {
            foreach (var arguments in new[]
            {
                "null", "{}", "7", "[]", "[null]", "[null,null]", "[null,null,null]", "[null,null,null,null]", "[1,2,3,4]", "[-1,-1,-1,-1]", "[true,false]", "[1e400,1]", "[{},{}]", "[[],[]]", $"[\"{terminal}\"]", $"[\"{terminal}\",null]",
                $"[\"{terminal}\",\"not base64 !\"]", $"[\"{terminal}\",\"AAA\"]", $"[\"{terminal}\",-9223372036854775809]", $"[\"{terminal}\",1.5]", $"[\"{terminal}\",\"NaN\"]", $"[\"{terminal}\",2147483648,1]",
                $"[\"{sandbox}\",80,24,[null]]", $"[\"{sandbox}\",80,24,[\"\"]]", $"[\"{sandbox}\",80,24,\"sh\"]", $"[\"{sandbox}\",80,24,[\"\\u0000\"]]", $"[\"{sandbox}\",1e9,24,null]",
            })
            {
                yield return $"{{\"type\":{(method is "Attach" or "Follow" or "Viewers" ? 4 : 1)},\"invocationId\":\"{++number}\",\"target\":{JsonSerializer.Serialize(method)},\"arguments\":{arguments}}}";
            }
        }
    }

    private static byte[] Call(int type, string? id, string target, RawHub.Writing arguments) =>
        RawHub.Pack((ref MessagePackWriter writer) => RawHub.Invocation(ref writer, type, id, target, arguments));

    private static void Arguments(ref MessagePackWriter writer, string first, params ReadOnlySpan<int> more)
    {
        writer.WriteArrayHeader(1 + more.Length);
        writer.Write(first);
        foreach (var number in more)
        {
            writer.Write(number);
        }
    }

    private static byte[] Framed(byte[] message) => [.. RawHub.Length(message.Length), .. message];

    /// <summary>A visitor with a shell, and the same visitor's other connections, on which anything is sent.</summary>
    private sealed class Scene : IAsyncDisposable
    {
        /// <summary>Far more than any of it may use, far less than the sizes that it announces.</summary>
        private const long MostGrowth = 160L * 1024 * 1024;

        private static readonly string[] Entrails = ["   at ", "System.", "Sandbox.Web", "Microsoft.", "StackTrace", "SQLite", "/run/", ".sock", "internal: "];

        private readonly HubConnection _hub;
        private readonly LogMark _log = LogMark.Now("web");
        private readonly long _memory;
        private RawHub? _raw;

        private Scene(Caller caller, string sandbox, HubConnection hub, (string Shell, string Terminal) terminals, long memory)
        {
            Caller = caller;
            Sandbox = sandbox;
            _hub = hub;
            (Shell, Terminal) = terminals;
            Screen = new Screen(hub, Shell);
            _memory = memory;
        }

        public Caller Caller { get; }

        public string Sandbox { get; }

        /// <summary>Where the visitor works.</summary>
        public string Shell { get; }

        /// <summary>Another terminal, which the nonsense is about; some of it may close it.</summary>
        public string Terminal { get; }

        public Screen Screen { get; }

        public static async Task<Scene> StartAsync()
        {
            var caller = await Caller.NewGuestAsync();
            var (_, sandbox) = await caller.LaunchAsync();
            var hub = await caller.ConnectAsync();
            var shell = await hub.InvokeAsync<string>("Open", sandbox, 80, 24, ShellCommand, Token);
            var terminal = await hub.InvokeAsync<string>("Open", sandbox, 80, 24, ShellCommand, Token);
            return new Scene(caller, sandbox, hub, (shell, terminal), await Instance.MemoryAsync("web"));
        }

        public static void IsClean(string what, string refusal)
        {
            foreach (var entrail in Entrails)
            {
                Assert.False(refusal.Contains(entrail, StringComparison.Ordinal), $"{what}: {refusal}");
            }
        }

        public async Task SayAsync(bool messagePack, string what, byte[] bytes)
        {
            _raw ??= await RawHub.ConnectAsync(Caller, messagePack);
            await _raw.SendAsync(bytes, text: !messagePack);
            if (messagePack && !RawHub.IsWhole(bytes))
            {
                // More was announced: sends it as long as the server reads.
                await _raw.SendAsync(Enumerable.Repeat((byte)0xC1, 70_000).ToArray());
            }

            var serves = false;
            try
            {
                serves = await _raw.ServesAsync();
            }
            catch (Xunit.Sdk.XunitException fault)
            {
                Assert.Fail($"{what}: {fault.Message}");
            }

            _raw.Refusals.ForEach(refusal => IsClean(what, refusal));
            _raw.Refusals.Clear();
            if (!serves)
            {
                await _raw.DisposeAsync();
                _raw = null;
            }
        }

        /// <summary>The shell answers, the server logged no error, and no memory was reserved for announced sizes.</summary>
        public async Task UnharmedAsync()
        {
            await _hub.InvokeAsync("Input", Shell, "echo un''harmed\n"u8.ToArray(), Token);
            await Screen.UntilAsync("unharmed");
            Assert.Empty(_log.Errors());
            Assert.InRange(await Instance.MemoryAsync("web") - _memory, long.MinValue, MostGrowth);
        }

        public async ValueTask DisposeAsync()
        {
            if (_raw is not null)
            {
                await _raw.DisposeAsync();
            }

            await Screen.DisposeAsync();
            await _hub.DisposeAsync();
            await Caller.DisposeAsync();
        }
    }
}
