using Sandbox.Core.Errors;
using Sandbox.Tutorials.Folders;

namespace Sandbox.Cli;

/// <summary>Makes a tutorial to begin with.</summary>
internal static class TutorialNewCommand
{
    public static int Run(string[] arguments, TextWriter output, TextWriter errors)
    {
        if (arguments is not [var folder] || folder.StartsWith("--", StringComparison.Ordinal))
        {
            errors.WriteLine("usage: tutorial-new DIR");
            return 2;
        }

        try
        {
            foreach (var file in NewTutorial.Write(folder))
            {
                output.WriteLine(file);
            }

            return 0;
        }
        catch (Exception e) when (e is SandboxException or IOException or UnauthorizedAccessException)
        {
            errors.WriteLine(e.Message);
            return 1;
        }
    }
}
