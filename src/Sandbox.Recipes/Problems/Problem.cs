namespace Sandbox.Recipes.Problems;

public enum ProblemKind
{
    /// <summary>The document cannot be used as it is written.</summary>
    Mistake,

    /// <summary>A part that would run on the host or gain privileges. It is left out; the rest is imported.</summary>
    Refused,

    /// <summary>A part that is left out or shown without its function; the rest is imported.</summary>
    Unsupported,

    /// <summary>Works, and is probably not meant so.</summary>
    Advice,
}

/// <summary>Something an author has to know, with its place.</summary>
/// <param name="File">Relative to the root of the import; empty for the import as a whole.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
/// <param name="Field">The path of the field in a YAML or JSON file: <c>steps[2].verify</c>.</param>
public sealed record Problem(ProblemKind Kind, string File, int Line, int Column, string? Field, string What)
{
    public override string ToString() => $"{File}:{Line}:{Column}: {(Field is null ? "" : Field + ": ")}{What}";
}

/// <summary>The problems of one document or import, each named once.</summary>
public sealed class ProblemLog
{
    /// <summary>A hostile file must not fill the memory with its mistakes.</summary>
    private const int Most = 2000;

    private readonly List<Problem> problems = [];
    private readonly HashSet<Problem> seen = [];

    public IReadOnlyList<Problem> All => problems;

    public bool HasMistakes => problems.Exists(problem => problem.Kind == ProblemKind.Mistake);

    public void Mistake(string file, int line, string what, string? field = null, int column = 1) =>
        Add(new Problem(ProblemKind.Mistake, file, line, column, field, what));

    public void Refused(string file, int line, string what, string? field = null, int column = 1) =>
        Add(new Problem(ProblemKind.Refused, file, line, column, field, what));

    public void Unsupported(string file, int line, string what, string? field = null, int column = 1) =>
        Add(new Problem(ProblemKind.Unsupported, file, line, column, field, what));

    public void Advice(string file, int line, string what, string? field = null, int column = 1) =>
        Add(new Problem(ProblemKind.Advice, file, line, column, field, what));

    private void Add(Problem problem)
    {
        problem = problem with { What = Shown(problem.What), Field = problem.Field is null ? null : Shown(problem.Field) };
        if (problems.Count < Most && seen.Add(problem))
        {
            problems.Add(problem);
            if (problems.Count == Most)
            {
                problems.Add(new Problem(ProblemKind.Unsupported, problem.File, problem.Line, 1, null, "more problems follow that are not listed"));
            }
        }
    }

    /// <summary>Quoted content of a file goes to terminals: no control characters, and not much of it.</summary>
    private static string Shown(string text)
    {
        var shown = string.Concat(text.Take(301).Select(letter => char.IsControl(letter) ? ' ' : letter));
        return shown.Length > 300 ? shown[..300] + "…" : shown;
    }
}
