using System.IO.Compression;
using System.Text;
using Xunit;

namespace Sandbox.EndToEnd.Tests;

/// <summary>A tutorial that a visitor publishes and opens.</summary>
internal static class Lesson
{
    private static readonly Dictionary<string, string> Files = new(StringComparer.Ordinal)
    {
        ["tutorial.yaml"] =
            """
            title: Files and lines
            summary: Make a file, and count its lines.
            difficulty: beginner
            time: 2 minutes
            image: debian
            steps:
              - file: 1-make.md
              - file: 2-count.md
              - file: 3-write.md
            """,
        ["1-make.md"] =
            """
            # Make a file

            This makes it:

            ```bash run
            echo hello > /root/greeting
            ```

            This fails:

            ```bash run
            cat /root/nothing
            ```

            This waits in another terminal:

            ```bash run in=2
            sleep 1000
            ```

            Several lines:

            ```bash run
            echo first-$((6*7))
            echo second-$((6*7))
            ```
            """,
        ["1-make.verify.sh"] =
            """
            #!/bin/sh
            if grep -q hello /root/greeting 2>/dev/null; then echo "The greeting is there"; else echo "There is no greeting yet"; exit 1; fi
            """,
        ["1-make.hint.sh"] =
            """
            #!/bin/sh
            echo "Use *echo*. Your last command ended with $2."
            """,
        ["1-make.solve.sh"] =
            """
            #!/bin/sh
            echo hello > /root/greeting
            """,
        ["2-count.md"] =
            """
            # Count the lines

            ```quiz
            How many lines has it?
            (x) One
            ( ) Seven
            ```

            The formula is $a^2$.

            ```port=8099 path=/greeting
            the greeting in a browser
            ```
            """,
        ["3-write.md"] =
            """
            # Write a program

            ```python file=/root/app.py
            print("hi")
            ```

            ```open=/root/app.py line=1
            the program
            ```
            """,
    };

    /// <summary>Publishes the tutorial for a visitor and answers with its hash.</summary>
    public static async Task<string> PublishAsync(Visitor visitor)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, text) in Files)
            {
                await using var file = await zip.CreateEntry(name).OpenAsync(TestContext.Current.CancellationToken);
                await file.WriteAsync(Encoding.UTF8.GetBytes(text + "\n"), TestContext.Current.CancellationToken);
            }
        }

        var answer = await visitor.Context.APIRequest.PostAsync("/api/v1/tutorials", new() { DataByte = bytes.ToArray(), Headers = new Dictionary<string, string> { ["content-type"] = "application/zip" } });
        Assert.True(answer.Ok, await answer.TextAsync());
        var published = (await answer.JsonAsync())!.Value;
        Assert.Equal("[]", published.GetProperty("problems").GetRawText());
        return published.GetProperty("tutorials")[0].GetProperty("hash").GetString()!;
    }

    /// <summary>Publishes the tutorial and starts it from its page.</summary>
    public static async Task StartAsync(Visitor visitor)
    {
        await visitor.Page.GotoAsync($"/t/{await PublishAsync(visitor)}");
        await visitor.Page.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Start" }).ClickAsync();
        await visitor.Page.Locator(".tut-text h2").WaitForAsync();
        // On a phone the text covers the terminal.
        await visitor.Page.Locator(".ws-pane.focused .ws-tab.active[data-state='live']").WaitForAsync(new() { State = Microsoft.Playwright.WaitForSelectorState.Attached });
        await visitor.SeesAsync(text => text.Length > 0, "a prompt");
    }
}
