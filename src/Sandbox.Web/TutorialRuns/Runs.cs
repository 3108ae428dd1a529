using System.Globalization;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Core.Playgrounds;
using Sandbox.Core.Sandboxes;
using Sandbox.Tutorials;
using Sandbox.Tutorials.Blocks;
using Sandbox.Tutorials.Checks;
using Sandbox.Tutorials.Katacoda;
using Sandbox.Tutorials.Rendering;
using Sandbox.Web.Previews;
using Sandbox.Web.Store;
using Sandbox.Web.Tutorials;

namespace Sandbox.Web.TutorialRuns;

/// <summary>A run with its tutorial.</summary>
/// <param name="Row">The run.</param>
/// <param name="Open">Its tutorial.</param>
/// <param name="Sandbox">The sandbox in which its scripts run.</param>
/// <param name="Addresses">What placeholders of other formats stand for; null where ports have no origins.</param>
internal sealed record OpenRun(TutorialRunRow Row, OpenTutorial Open, SandboxId Sandbox, PlaygroundAddresses? Addresses)
{
    /// <summary>A text of the tutorial with addresses in place of its placeholders.</summary>
    public string Addressed(string text) => Addresses is null ? text : Placeholders.Substitute(text, Addresses);

    /// <summary>A script with addresses in place of its placeholders.</summary>
    public Script Addressed(Script script) => script with { Text = Addressed(script.Text) };

    public Tutorial Tutorial => Open.Tutorial;

    /// <summary>The values of all parameters.</summary>
    public IReadOnlyDictionary<string, string> Values
    {
        get
        {
            var values = Tutorial.Parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Default, StringComparer.Ordinal);
            foreach (var asked in Tutorial.Steps.SelectMany(step => step.Blocks).OfType<ParameterBlock>())
            {
                values.TryAdd(asked.Name, asked.Default);
            }

            foreach (var (name, value) in JsonSerializer.Deserialize<Dictionary<string, string>>(Row.Parameters) ?? [])
            {
                values[name] = value;
            }

            return values;
        }
    }

    /// <summary>The page of a number from outside. Code: NotFound.</summary>
    public Step StepAt(int number) => number >= 1 && number <= Tutorial.Steps.Count
        ? Tutorial.Steps[number - 1]
        : throw new SandboxException(ErrorCode.NotFound, $"This tutorial has {Tutorial.Steps.Count} pages.");

    /// <summary>The page, which somebody may act on. Codes: NotFound, Conflict (it is ahead).</summary>
    public Step OpenStepAt(int number)
    {
        var step = StepAt(number);
        return Runs.IsOpen(Row, number) ? step : throw new SandboxException(ErrorCode.Conflict, $"Page {number} is not open yet: pass or skip the pages before it.");
    }
}

/// <summary>The runs of tutorials. A run belongs to whose playground it takes place in.</summary>
internal sealed class Runs(SqliteStore store, TutorialLibrary library, PreviewDomain previews, TimeProvider time)
{
    /// <summary>The address of runs that test a tutorial. No tutorial has it, and what they do is not counted.</summary>
    public const string Tested = "test";

    /// <summary>The port of a link that names none.</summary>
    private const int HttpPort = 80;

    /// <summary>The address of the machine, as its own programs reach it.</summary>
    private const string Loopback = "127.0.0.1";

    /// <summary>The run that takes place in a person's playground. Code: NotFound.</summary>
    public async Task<OpenRun> FindAsync(PersonId owner, PlaygroundId playground)
    {
        var found = await store.ReadAsync(db => db.Playgrounds.AsNoTracking().Include(row => row.Sandboxes).Include(row => row.Run!.Steps)
            .SingleOrDefaultAsync(row => row.Id == playground.Value && row.OwnerId == owner.Value))
            ?? throw new SandboxException(ErrorCode.NotFound, "You have no such playground.");
        if (found.Run is not { } run)
        {
            throw new SandboxException(ErrorCode.NotFound, "This playground was not started from a tutorial, or the tutorial went on in another one.");
        }

        return await OpenAsync(run, SandboxId.Parse(found.Sandboxes.Single(sandbox => sandbox.Node == 0).Id));
    }

    /// <summary>A run in a sandbox.</summary>
    public async Task<OpenRun> OpenAsync(TutorialRunRow run, SandboxId sandbox) =>
        new(run, await library.OpenAsync(run.SourceHash, run.Path), sandbox, previews.Exists ? new PlaygroundAddresses((_, port) => new Uri(previews.UrlOf(new SandboxPort(sandbox, port ?? HttpPort))), _ => Loopback) : null);

    /// <summary>Changes a run in one transaction and returns it.</summary>
    public async Task<OpenRun> ChangeAsync(OpenRun run, Func<SandboxDb, TutorialRunRow, Task> change)
    {
        var row = await store.WriteAsync(async db =>
        {
            var row = await db.TutorialRuns.Include(row => row.Steps).SingleOrDefaultAsync(row => row.Id == run.Row.Id)
                ?? throw new SandboxException(ErrorCode.NotFound, "This run of a tutorial was forgotten.");
            await change(db, row);
            row.UsedAt = time.GetUtcNow();
            return row;
        });
        return run with { Row = row };
    }

    /// <summary>The row of a page, which is added if it is new.</summary>
    public static TutorialRunStepRow StepOf(TutorialRunRow run, int number)
    {
        if (run.Steps.Find(step => step.Number == number) is { } known)
        {
            return known;
        }

        var row = new TutorialRunStepRow { RunId = run.Id, Number = number };
        run.Steps.Add(row);
        return row;
    }

    /// <summary>How far a page is.</summary>
    public static TutorialRunState StateOf(TutorialRunRow run, int number) => run.Steps.Find(step => step.Number == number)?.State ?? TutorialRunState.Ahead;

    /// <summary>Whether somebody may act on a page: all up to the furthest, and those that were passed before a jump back.</summary>
    public static bool IsOpen(TutorialRunRow run, int number) => number <= run.Current || StateOf(run, number) != TutorialRunState.Ahead;

    /// <summary>Marks a page as passed or skipped and opens the next one. True if that is new.</summary>
    public static bool Settle(TutorialRunRow run, int number, TutorialRunState state, int pages)
    {
        var step = StepOf(run, number);
        var isNew = step.State != TutorialRunState.Passed && step.State != state;
        step.State = isNew ? state : step.State;
        if (run.Current == number && number < pages)
        {
            run.Current = number + 1;
        }

        return isNew;
    }

    /// <summary>The indices of the questions of a page that were answered right.</summary>
    public static HashSet<int> AnsweredOf(TutorialRunRow run, int number) =>
        [.. (run.Steps.Find(step => step.Number == number)?.Answered ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(index => int.Parse(index, CultureInfo.InvariantCulture))];

    /// <summary>Counts what a visitor did, for the author.</summary>
    public static async Task CountAsync(SandboxDb db, TutorialRunRow run, int number, Action<TutorialCountRow> count)
    {
        if (run.Address == Tested)
        {
            return;
        }

        var row = await db.TutorialCounts.FindAsync(run.Hash, number);
        if (row is null)
        {
            row = new TutorialCountRow { Hash = run.Hash, Number = number };
            db.TutorialCounts.Add(row);
        }

        count(row);
    }

    /// <summary>Counts a check that failed, and which part of it did, for the author.</summary>
    public static async Task CountFailureAsync(SandboxDb db, TutorialRunRow run, int number, string part)
    {
        await CountAsync(db, run, number, count => count.Failed++);
        if (run.Address == Tested)
        {
            return;
        }

        var row = await db.TutorialFailures.FindAsync(run.Hash, number, part);
        if (row is null)
        {
            row = new TutorialFailureRow { Hash = run.Hash, Number = number, Part = part };
            db.TutorialFailures.Add(row);
        }

        row.Count++;
    }

    /// <summary>The values of a visitor for a tutorial, checked, as JSON. What is left out keeps its value of before. Code: Invalid, naming every mistake.</summary>
    public static string Checked(Tutorial tutorial, IReadOnlyDictionary<string, string>? before, IReadOnlyDictionary<string, string>? values)
    {
        var mistakes = new List<string>();
        var asked = tutorial.Steps.SelectMany(step => step.Blocks).OfType<ParameterBlock>().Select(block => block.Name).ToHashSet(StringComparer.Ordinal);
        var kept = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in before ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            kept[name] = value;
        }

        foreach (var (name, value) in values ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            var parameter = tutorial.Parameters.FirstOrDefault(parameter => parameter.Name == name);
            if (parameter is null && !asked.Contains(name))
            {
                mistakes.Add($"parameters: the tutorial has no parameter {(name.Length > 40 ? name[..40] : name)}");
            }
            else if (value is null || value.Length > ParameterText.MaxValueLength || value.Any(char.IsControl))
            {
                mistakes.Add($"parameters.{name}: a text of at most {ParameterText.MaxValueLength} characters on one line");
            }
            else if (parameter is { Choices.Count: > 0 } && !parameter.Choices.Contains(value, StringComparer.Ordinal))
            {
                mistakes.Add($"parameters.{name}: one of the choices");
            }
            else
            {
                kept[name] = value;
            }
        }

        return mistakes.Count == 0 ? JsonSerializer.Serialize(kept) : throw new SandboxException(ErrorCode.Invalid, string.Join("; ", mistakes));
    }
}
