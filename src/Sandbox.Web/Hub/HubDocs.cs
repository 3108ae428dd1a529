namespace Sandbox.Web.Hub;

/// <summary>The hub's contract as Markdown. It is not REST, so no generator describes it.</summary>
internal static class HubDocs
{
    public const string Text =
        """
        ## Terminals

        Terminals use SignalR at `/hubs/terminal`, with MessagePack or JSON (there bytes are base64). Send the token as `Authorization: Bearer`, or as `access_token` in the query. A refused call fails with a HubException whose message begins with the code: `not_found: …`.

        ### Calls

        - `Open(sandboxId, cols, rows, command)` starts a terminal and answers with its id. `command` is an array of strings, or null for the image's shell.
        - `OpenShell(sandboxId, cols, rows, directory)` starts bash, ash or sh, even if the image's own command is another program. It starts in `directory` if that exists; `directory` may be null.
        - `Attach(terminalId, after)` is a stream of items: the terminal's output after its first `after` bytes; 0 asks for everything that is kept.
        - `Follow(terminalId, after)` is the same stream, with items of the shell between them if the shell marks its commands.
        - `Ack(terminalId, bytesHeld)` says how many bytes of the terminal the client holds. Send it at least every 64 KiB: the server sends at most 256 KiB without it.
        - `Input(terminalId, data)` types up to 16 KiB. It fails with `conflict` if the program does not read and 64 KiB wait.
        - `Type(terminalId, at, data)` types too, if `at` is the number of bytes that the server accepted from this viewer since its `Attach`. Otherwise it fails with `conflict` and types nothing, so a client may send several calls without waiting for the answers.
        - `Resize(terminalId, cols, rows)` sets the size of the client's window, 1 to 1000 each.
        - `SizePolicy(terminalId, policy)` says whose window decides the size: `owner`, the window in which the owner typed or that the owner resized last, or `smallest`.
        - `Viewers(terminalId)` is a stream of the viewers, now and after each change: `{viewers: [{id, name, access, you, leads}], cols, rows, policy}`; `access` is `own`, `type` or `watch`.
        - `Introduce(terminalId, name)` sets the name that other viewers see, up to 32 characters.
        - `Close(terminalId)` ends the terminal for everybody.
        - `Shared()` describes the terminal of a share link: `{terminalId, image, title, access, expiresAt}`.

        The token of a share link opens its terminal only, for `Attach`, `Follow`, `Ack`, `Viewers`, `Introduce`, `Shared` and `Resize` (which is a wish), and for `Input` and `Type` if the link lets its visitors type.

        The server calls `Attached(terminalId)` before the first item of an `Attach`. It calls `Recording(terminalId, seconds)` when a client attaches to a recorded terminal and when a recording begins or ends: `seconds` is its length so far, or null without one.

        ### Items

        - An item is `{offset, data}`; `offset` is the number of bytes that the terminal printed before it.
        - The last item has `exitCode`.
        - An `offset` beyond the bytes that the client holds means a gap: that output is no longer kept. If the item has `screen: {cols, rows}`, its bytes draw the whole screen of a terminal of that size.
        - An item with `shell: {nonce, integration, cwd, running, lastCommand}` has no bytes. Marks (OSC 633) in the output count only with that nonce. A command is `{command, truncated, cwd, exitCode, startedAt, endedAt}`; unknown fields are absent.
        """;
}
