using System.Globalization;
using Sandbox.Recipes.Problems;

namespace Sandbox.Tutorials.Katacoda;

/// <summary>Reads <c>environment</c> and the files that open in the editor.</summary>
internal sealed class KatacodaLayout(string index, ProblemLog log)
{
    /// <summary>Read here, or a matter of looks that this page decides in its own way.</summary>
    private static readonly HashSet<string> Known = new(StringComparer.Ordinal)
    {
        "uilayout", "showdashboard", "dashboards", "dashboard", "showdashboards", "uimessage1", "uieditorpath", "uisettings", "hideintro", "hidefinish", "terminals",
        "hidesidebar", "hideHiddenFiles", "exclusionPatterns", "delayToSaveFileAfterStopTypingMilliseconds",
    };

    public Layout Read(LocatedValue json)
    {
        var environment = json["environment"];
        var layout = environment?.ValueOf("uilayout") ?? json["interface"]?.ValueOf("layout") ?? "";
        NameUnknown(environment);
        var files = (json["files"]?.Items ?? []).Concat(json["asyncFiles"]?.Items ?? []).Select(file => file.Value).OfType<string>().ToList();
        return new Layout
        {
            Editor = files.Count > 0 || layout == "ide" || layout.StartsWith("editor", StringComparison.Ordinal) || layout.StartsWith("vscode", StringComparison.Ordinal) || (environment?["showide"]?.IsTrue ?? false),
            EditorPath = environment?.ValueOf("uieditorpath") ?? "/root",
            Terminals = layout == "terminal-terminal" ? 2 : Math.Clamp(environment?["terminals"]?.Items.Count ?? 1, 1, 6),
            Welcome = environment?.ValueOf("uimessage1"),
            OpenFiles = files,
            Dashboards = [.. (environment?["dashboards"]?.Items ?? []).Select(Dashboard).OfType<Dashboard>()],
        };
    }

    private Dashboard? Dashboard(LocatedValue tab)
    {
        var name = tab.ValueOf("name") ?? "Page";
        if (int.TryParse(tab.ValueOf("port"), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536)
        {
            return new Dashboard(name, port, null);
        }

        if (tab.ValueOf("href") is not { } href)
        {
            log.Unsupported(index, tab.Line, "a dashboard must have a port or a href", "environment.dashboards", tab.Column);
            return null;
        }

        return PortLinks.At(href, 0, out _) is { } link ? new Dashboard(name, link.Port, link.Path == "/" ? null : link.Path) : new Dashboard(name, null, href);
    }

    private void NameUnknown(LocatedValue? environment)
    {
        foreach (var (name, value) in environment?.Members ?? new Dictionary<string, LocatedValue>(StringComparer.Ordinal))
        {
            if (!Known.Contains(name) && !(name == "showide" || value.Text is "false"))
            {
                log.Unsupported(index, value.Line, "not supported", "environment." + name, value.Column);
            }
        }

        foreach (var terminal in environment?["terminals"]?.Items ?? [])
        {
            if (terminal["command"] is { Value: not null } command)
            {
                log.Unsupported(index, command.Line, "a command of a terminal is not run", "environment.terminals.command", command.Column);
            }
        }
    }
}
