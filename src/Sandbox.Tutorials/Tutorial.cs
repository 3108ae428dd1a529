using Sandbox.Core.Recipes;
using Sandbox.Tutorials.Backends;

namespace Sandbox.Tutorials;

/// <summary>The formats that are read into a <see cref="Tutorial"/>.</summary>
public enum TutorialFormat
{
    /// <summary>Ours: <c>tutorial.yaml</c> and a Markdown file per step.</summary>
    Sandbox,

    /// <summary>Katacoda and Killercoda: <c>index.json</c>.</summary>
    Katacoda,

    /// <summary>Play with Docker: a Jekyll post with <c>.term1</c> fences.</summary>
    PlayWithDocker,

    /// <summary>Docker's <c>labspace.yaml</c>.</summary>
    Labspace,

    /// <summary>Educates: pages whose fences are clickable actions.</summary>
    Educates,

    /// <summary>Grafana's documentation with <c>INTERACTIVE</c> comment marks.</summary>
    Grafana,
}

/// <summary>Steps of Markdown over a recipe. Every format is read into this one.</summary>
public sealed record Tutorial
{
    public required TutorialFormat Format { get; init; }

    /// <summary>The folder or file it came from, relative to the root of the import.</summary>
    public required string Path { get; init; }

    public required string Title { get; init; }

    public string Summary { get; init; } = "";

    /// <summary>As the author wrote it: <c>beginner</c>, <c>intermediate</c>, …</summary>
    public string? Difficulty { get; init; }

    /// <summary>As the author wrote it: <c>10 minutes</c>.</summary>
    public string? Time { get; init; }

    /// <summary>A picture: a file of the source or an absolute URL.</summary>
    public string? Cover { get; init; }

    /// <summary>What it has to run on.</summary>
    public required Backend Backend { get; init; }

    /// <summary>The recipe written in the tutorial; null when the backend's image is all there is.</summary>
    public Recipe? Recipe { get; init; }

    /// <summary>A link (hash or alias) in place of a recipe.</summary>
    public string? Link { get; init; }

    /// <summary>The language of a translation, from its folder (<c>_es/</c>); null when none is named.</summary>
    public string? Language { get; init; }

    /// <summary>The pages in order: intro, steps, finish.</summary>
    public IReadOnlyList<Step> Steps { get; init; } = [];

    public IReadOnlyList<Parameter> Parameters { get; init; } = [];

    /// <summary>Files copied into the sandbox before any script runs.</summary>
    public IReadOnlyList<Asset> Assets { get; init; } = [];

    public Layout Layout { get; init; } = new();

    /// <summary>Whether a step opens only once the one before it passed, so that none is skipped.</summary>
    public bool IsGated { get; init; }

    /// <summary>Where visitors report mistakes: the page of a new issue, or a mailto address; null when only this server keeps reports.</summary>
    public string? Reports { get; init; }

    /// <summary>The tutorials that follow: paths, aliases or URLs.</summary>
    public IReadOnlyList<string> Next { get; init; } = [];
}

/// <summary>A value the visitor may choose; <c>$$name$$</c> in text and commands stands for it.</summary>
public sealed record Parameter(string Name, string Prompt, string Default, IReadOnlyList<string> Choices);

/// <summary>A file of the source and the path it is copied to.</summary>
/// <param name="File">Relative to the root of the import.</param>
/// <param name="Target">A path in the sandbox; <c>~</c> is the home of root.</param>
/// <param name="Mode">As chmod takes it (<c>+x</c>, <c>755</c>); null leaves 0644.</param>
public sealed record Asset(string File, string Target, string? Mode);

/// <summary>How the page is laid out, as far as the author asked for it.</summary>
public sealed record Layout
{
    /// <summary>An editor pane stands beside the terminals.</summary>
    public bool Editor { get; init; }

    /// <summary>The directory that relative paths of the editor start from.</summary>
    public string EditorPath { get; init; } = "/root";

    /// <summary>Terminals open at the start.</summary>
    public int Terminals { get; init; } = 1;

    /// <summary>Printed in the first terminal; may hold ANSI sequences.</summary>
    public string? Welcome { get; init; }

    /// <summary>Files the editor opens at the start, relative to <see cref="EditorPath"/>.</summary>
    public IReadOnlyList<string> OpenFiles { get; init; } = [];

    /// <summary>Tabs that show a port or a page.</summary>
    public IReadOnlyList<Dashboard> Dashboards { get; init; } = [];
}

/// <summary>A tab beside the terminals: a port of the sandbox or a URL.</summary>
public sealed record Dashboard(string Name, int? Port, string? Url);

/// <summary>Tutorials in the order their author put them in.</summary>
public sealed record Course(string Title, string Summary, string Path, IReadOnlyList<CourseItem> Items);

/// <summary>One entry of a course.</summary>
/// <param name="Target">The path of a tutorial or course of this import, or a URL.</param>
public sealed record CourseItem(string Title, string Target);
