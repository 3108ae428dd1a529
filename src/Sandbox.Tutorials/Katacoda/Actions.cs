using Sandbox.Tutorials.Blocks;

namespace Sandbox.Tutorials.Katacoda;

/// <summary>From code and its annotation to a block.</summary>
internal static class Actions
{
    /// <summary>The block; <paramref name="unknown"/> says why it only copies, when it was meant to do something else.</summary>
    public static Block Read(string code, Annotation annotation, out string? unknown)
    {
        unknown = null;
        switch (annotation.Verb)
        {
            case "execute" or "exec":
                if (Run(code, annotation.Arguments, out var argument) is { } run)
                {
                    return run;
                }

                unknown = $"{annotation.Text} has an unknown argument ({argument}): the code can be copied, not run";
                return new CopyBlock(code);
            case "copy":
                return new CopyBlock(code);
            case "open":
                return new OpenFileBlock(code.Trim()) { Label = code };
            default:
                unknown = $"{annotation.Text} is an unknown mark: the code can be copied, not run";
                return new CopyBlock(code);
        }
    }

    private static RunBlock? Run(string code, IReadOnlyList<string> arguments, out string? unknown)
    {
        var run = new RunBlock(code);
        unknown = null;
        foreach (var argument in arguments)
        {
            switch (argument.ToLowerInvariant())
            {
                case "interrupt":
                    run = run with { Interrupt = true };
                    break;
                case "no-newline":
                    run = run with { Enter = false };
                    break;
                case "ctrl-seq":
                    run = run with { Keys = true, Enter = false };
                    break;
                case ['t', >= '1' and <= '9' and var terminal]:
                    run = run with { Terminal = terminal - '0' };
                    break;
                case ['h', 'o', 's', 't', >= '1' and <= '9' and var host]:
                    run = run with { Host = host - '0' };
                    break;
                default:
                    unknown = argument;
                    return null;
            }
        }

        return run;
    }
}
