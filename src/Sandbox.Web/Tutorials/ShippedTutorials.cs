using Sandbox.Core.Errors;
using Sandbox.Tutorials.Sources;
using Sandbox.Web.Links;
using Sandbox.Web.Store;

namespace Sandbox.Web.Tutorials;

/// <summary>
/// Publishes the tutorials that ship with the server: each folder of the operator's is one, public, under the folder's name.
/// A folder that changed becomes a new version, and one that is gone is not published any more.
/// </summary>
internal sealed partial class ShippedTutorials(TutorialPublishing publishing, WebOptions options, ILogger<ShippedTutorials> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await PublishAsync(stoppingToken);
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            // A full disk, say: everything else goes on without them.
            Log.Failed(logger, fault, options.TutorialDirectory);
        }
    }

    internal async Task PublishAsync(CancellationToken cancellationToken)
    {
        var shipped = new HashSet<string>(StringComparer.Ordinal);
        var isComplete = true;
        string[] folders = Directory.Exists(options.TutorialDirectory) ? Directory.GetDirectories(options.TutorialDirectory) : [];

        // The newest stands first in the list, so the first of a course is published last.
        foreach (var folder in folders.OrderDescending(StringComparer.Ordinal))
        {
            try
            {
                using var source = FolderSource.Open(folder);
                var name = LinkAddress.IsAlias(source.Name) ? source.Name : null;
                var published = await publishing.PublishAsync(TutorialRow.Shipped, source, new PublishOrder(name, IsPublic: true), cancellationToken);
                shipped.UnionWith(published.Tutorials.Select(row => row.Hash));
                foreach (var problem in published.Problems)
                {
                    Log.Problem(logger, folder, problem.ToString());
                }
            }
            catch (SandboxException refusal)
            {
                isComplete = false;
                Log.Failed(logger, refusal, folder);
            }
        }

        if (isComplete)
        {
            await publishing.RetainShippedAsync(shipped);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The tutorials of {Folder} could not be published")]
        public static partial void Failed(ILogger logger, Exception fault, string folder);

        [LoggerMessage(Level = LogLevel.Warning, Message = "In the tutorials of {Folder}: {Problem}")]
        public static partial void Problem(ILogger logger, string folder, string problem);
    }
}
