using System.Globalization;
using System.Text;
using Sandbox.Core.Sandboxes;
using Sandbox.Daemon.Records;
using Sandbox.Terminals.Flow;

namespace Sandbox.Daemon.Terminals;

/// <summary>
/// What the own commands of sandboxes printed before their last start, beside the records: the last
/// <see cref="TtyLog.Kept"/> bytes of each. It goes with the sandbox.
/// </summary>
internal sealed class KeptLogs(SandboxRecords records, OwnCommands commands)
{
    private const string FileName = "own.log";

    /// <summary>Moves what the holder kept to the disk. The holder writes no more.</summary>
    public void Keep(SandboxRecord sandbox)
    {
        using var log = commands.OpenLog(sandbox);
        if (log is not null && Directory.Exists(records.DirectoryOf(sandbox.Spec.Id)))
        {
            Append(sandbox.Spec.Id, log.ReadAfter(0, out _));
        }
    }

    /// <summary>Puts a line between what earlier starts printed and what the next one will.</summary>
    public void MarkStart(SandboxRecord sandbox) =>
        Append(sandbox.Spec.Id, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"\r\n--- started again at {DateTime.UtcNow:yyyy-MM-dd HH:mm:ss} UTC ---\r\n")));

    /// <summary>What earlier starts printed.</summary>
    public byte[] Read(SandboxId sandbox)
    {
        try
        {
            return File.ReadAllBytes(PathOf(sandbox));
        }
        catch (IOException)
        {
            return []; // there was none
        }
    }

    private void Append(SandboxId sandbox, byte[] bytes)
    {
        byte[] all = [.. Read(sandbox), .. bytes];
        var file = PathOf(sandbox);
        File.WriteAllBytes(file + ".new", all.Length > TtyLog.Kept ? all[^TtyLog.Kept..] : all);
        File.Move(file + ".new", file, overwrite: true);
    }

    private string PathOf(SandboxId sandbox) => Path.Combine(records.DirectoryOf(sandbox), FileName);
}
