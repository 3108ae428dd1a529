using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Sandbox.Tutorials.Blocks;
using Sandbox.Tutorials.Rendering;

namespace Sandbox.Web.TutorialRuns;

/// <summary>Blocks as the page gets them: their fields in camelCase, with values in place of parameters, and without the answers of questions.</summary>
internal static class BlockViews
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>The blocks of a page.</summary>
    /// <param name="blocks">The blocks.</param>
    /// <param name="run">Whose values and addresses they get.</param>
    /// <param name="answered">The indices of the questions that were answered right.</param>
    public static IReadOnlyList<JsonObject> Of(IReadOnlyList<Block> blocks, OpenRun run, IReadOnlySet<int> answered) =>
        [.. blocks.Select((block, index) => View(Filled(block, run), index, answered.Contains(index)))];

    /// <summary>A block with values in place of parameters, and addresses in place of other formats' placeholders.</summary>
    public static Block Filled(Block block, OpenRun run)
    {
        var values = run.Values;
        string Fill(string text) => ParameterText.Substitute(run.Addressed(text), values);
        return block switch
        {
            RunBlock command => command with { Command = Fill(command.Command) },
            CopyBlock copy => copy with { Text = Fill(copy.Text) },
            WriteFileBlock write => write with { Path = Fill(write.Path), Text = Fill(write.Text), Marker = write.Marker is { } marker ? Fill(marker) : null },
            OpenFileBlock open => open with { Path = Fill(open.Path), Label = Fill(open.Label) },
            OpenPortBlock port => port with { Path = Fill(port.Path), Label = Fill(port.Label) },
            OpenUrlBlock url => url with { Url = Fill(url.Url), Label = Fill(url.Label) },
            TestBlock test => test with { Label = Fill(test.Label), Arguments = [.. test.Arguments.Select(Fill)] },
            DiagramBlock diagram => diagram with { Source = Fill(diagram.Source) },
            _ => block,
        };
    }

    private static JsonObject View(Block block, int index, bool isAnswered)
    {
        var view = new JsonObject { ["index"] = index };
        foreach (var (name, value) in JsonSerializer.SerializeToNode(block, block.GetType(), Json)!.AsObject().ToList())
        {
            view[name] = value?.DeepClone();
        }

        // Scripts of the author stay here.
        view.Remove("script");
        if (block is QuizBlock quiz)
        {
            view["choices"] = quiz.Answer is QuizKind.Exact or QuizKind.Contains ? new JsonArray() : new JsonArray([.. quiz.Choices.Select(choice => (JsonNode)new JsonObject { ["text"] = choice.Text })]);
            view["answered"] = isAnswered;
        }

        return view;
    }
}
