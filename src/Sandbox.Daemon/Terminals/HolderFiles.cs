using System.Text.Json;
using Sandbox.Core.Sandboxes;
using Sandbox.Core.Terminals;
using Sandbox.Daemon.Linux;
using Sandbox.Rpc;

namespace Sandbox.Daemon.Terminals;

/// <summary>The files of terminals' holders in the run directory: a directory per sandbox with sockets, records and logs.</summary>
internal sealed class HolderFiles(DaemonOptions options)
{
    private const string Process = ".process.json";
    private const string Note = ".detached";

    /// <summary>The directory of all sandboxes.</summary>
    public string Root => TerminalSockets.RootOf(options.RunDirectory);

    public string DirectoryOf(SandboxId sandbox) => TerminalSockets.DirectoryOf(options.RunDirectory, sandbox);

    public string SocketOf(SandboxId sandbox, TerminalId terminal) => TerminalSockets.PathOf(options.RunDirectory, sandbox, terminal);

    /// <summary>The kept output of the sandbox's own command, or of a detached one.</summary>
    public string LogOf(SandboxId sandbox, TerminalId terminal) => FileOf(sandbox, terminal, ".log");

    /// <summary>The note of a detached command, which stays when its holder has ended.</summary>
    public string NoteOf(SandboxId sandbox, TerminalId terminal) => FileOf(sandbox, terminal, Note);

    /// <summary>The holders of detached commands, also of those that have ended.</summary>
    public IEnumerable<Holder> ReadNotes(SandboxId sandbox)
    {
        try
        {
            return Directory.GetFiles(DirectoryOf(sandbox), "*" + Note).Select(Read).OfType<Holder>();
        }
        catch (DirectoryNotFoundException)
        {
            return []; // it has no terminals, or has stopped
        }
    }

    /// <summary>The holder of one detached command; null if there is none.</summary>
    public Holder? ReadNote(SandboxId sandbox, TerminalId terminal) => Read(NoteOf(sandbox, terminal));

    /// <summary>The process that the runtime starts in a terminal, as OCI JSON; it exists until it has started.</summary>
    public string ProcessOf(SandboxId sandbox, TerminalId terminal) => FileOf(sandbox, terminal, Process);

    /// <summary>The holder's account makes and removes its socket in it, the web process may enter it, and nobody else.</summary>
    public void MakeDirectory(SandboxId sandbox)
    {
        var directory = DirectoryOf(sandbox);
        if (!Directory.Exists(directory))
        {
            var (uid, _) = HostUsers.Find(options.TtyUser);
            var (_, webGroup) = HostUsers.Find(options.WebUser);
            Directory.CreateDirectory(directory);
            File.SetUnixFileMode(directory, (UnixFileMode)0b111_001_000);
            Mounting.Chown(directory, uid, webGroup);
        }
    }

    /// <summary>Writes the record of a holder.</summary>
    public void Keep(SandboxId sandbox, Holder holder) =>
        WritePrivately(FileOf(sandbox, holder.Id, ".json"), JsonSerializer.SerializeToUtf8Bytes(holder, HolderJson.Default.Holder));

    /// <summary>The holders on record in a sandbox's directory that still run. Records of others are removed.</summary>
    public static IEnumerable<Holder> ReadLiving(string directory)
    {
        foreach (var file in Directory.GetFiles(directory, "*.json").Where(file => !file.EndsWith(Process, StringComparison.Ordinal)))
        {
            if (Read(file) is { IsAlive: true } holder)
            {
                yield return holder;
            }
            else
            {
                File.Delete(file);
            }
        }
    }

    /// <summary>Removes the socket and the record of a holder.</summary>
    public void Forget(SandboxId sandbox, TerminalId terminal)
    {
        try
        {
            File.Delete(SocketOf(sandbox, terminal));
            File.Delete(FileOf(sandbox, terminal, ".json"));
        }
        catch (DirectoryNotFoundException)
        {
            // The whole sandbox was removed.
        }
    }

    /// <summary>Removes the directory of a sandbox.</summary>
    public void Forget(SandboxId sandbox)
    {
        try
        {
            Directory.Delete(DirectoryOf(sandbox), recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // It does not exist, or a concurrent removal was quicker.
        }
    }

    /// <summary>Writes a file that only root reads, and that is there whole or not at all.</summary>
    public static void WritePrivately(string file, byte[] content, uint? reader = null)
    {
        using var stream = new FileStream(file + ".new", new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        stream.Write(content);
        stream.Close();
        if (reader is { } user)
        {
            Mounting.Chown(file + ".new", user, user);
        }

        File.Move(file + ".new", file, overwrite: true);
    }

    private static Holder? Read(string file)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(file), HolderJson.Default.Holder);
        }
        catch (Exception fault) when (fault is IOException or JsonException)
        {
            return null;
        }
    }

    private string FileOf(SandboxId sandbox, TerminalId terminal, string ending) => Path.Combine(DirectoryOf(sandbox), terminal.Value + ending);
}
