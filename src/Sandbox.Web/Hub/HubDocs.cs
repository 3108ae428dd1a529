namespace Sandbox.Web.Hub;

/// <summary>The hub's contract as Markdown. It is not REST, so no generator describes it.</summary>
internal static class HubDocs
{
    public const string Text =
        """
        ## Terminals

        Bytes go over SignalR at `/hubs/terminal`, with MessagePack or JSON (there bytes are base64); the token goes as `Authorization: Bearer` or as `access_token` in the query. What is refused is a HubException whose message begins with the code: `not_found: …`.

        | call | |
        |---|---|
        | `Open(sandboxId, cols, rows, command)` | starts a terminal and gives its id; `command` is an array of strings, or null for the image's shell |
        | `OpenShell(sandboxId, cols, rows, directory)` | starts a shell, bash, ash or sh, also where the image has a program of its own; in `directory` if there is such a one, or null |
        | `Attach(terminalId, after)` | a stream of items: all that the terminal prints after the first `after` bytes; 0 is all that is kept |
        | `Follow(terminalId, after)` | the same with items of the shell between them, where it marks its commands |
        | `Ack(terminalId, bytesHeld)` | how many bytes of the terminal the client holds; at least every 64 KiB, at most 256 KiB are sent without |
        | `Input(terminalId, data)` | types up to 16 KiB; `conflict` when the program does not read and 64 KiB wait |
        | `Type(terminalId, at, data)` | the same, where `at` is how many bytes of this viewer were accepted since its `Attach`; when it differs the call is refused with `conflict` and nothing is typed, so several calls may be under way without one overtaking another that was refused |
        | `Resize(terminalId, cols, rows)` | how large the client's window is, 1 to 1000 each |
        | `SizePolicy(terminalId, policy)` | whose window decides the size: `owner`, the owner's that typed or was resized last, or `smallest` of all |
        | `Viewers(terminalId)` | a stream of who is there, now and after each change: `{viewers: [{id, name, access, you, leads}], cols, rows, policy}`; `access` is own, type or watch |
        | `Introduce(terminalId, name)` | what the others see this viewer called, up to 32 characters |
        | `Close(terminalId)` | hangs it up, for everybody |
        | `Shared()` | for who came by a link: `{terminalId, image, title, access, expiresAt}` |

        The token of a link is good for its terminal, and there for `Attach`, `Follow`, `Ack`, `Viewers`, `Introduce`, `Shared` and `Resize`, which is a wish then; if it is one to type, for `Input` and `Type` too.

        The server calls `Attached(terminalId)` before the first item of an `Attach`, and `Recording(terminalId, seconds)` on attaching to a terminal that is recorded and whenever that begins or ends: for how long it is, or null when it no longer is.

        An item is `{offset, data}`; `offset` is how many bytes of the terminal came before it.
        With `exitCode` it is the last one.
        One whose `offset` is more than the client holds comes after a gap: that much output is no longer kept. It has `screen: {cols, rows}` when its bytes draw the screen as it is now on a terminal of that size, in place of the last bytes skipped.
        One with `shell: {nonce, integration, cwd, running, lastCommand}` has no bytes; marks (OSC 633) in the output count only with that nonce. A command is `{command, truncated, cwd, exitCode, startedAt, endedAt}`, each absent when it is not known.
        """;
}
