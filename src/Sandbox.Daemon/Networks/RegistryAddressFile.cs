using System.Globalization;
using System.Net;

namespace Sandbox.Daemon.Networks;

/// <summary>The file that tells the registry its address. The registry waits for it: it cannot listen before the host has the address.</summary>
internal sealed class RegistryAddressFile(string path)
{
    public async Task WriteAsync(IPAddress registry, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllTextAsync(path + ".new", string.Create(CultureInfo.InvariantCulture, $"{registry}:{AddressPlan.RegistryPort}\n"), cancellationToken);
        File.Move(path + ".new", path, overwrite: true);
    }

    public void Delete()
    {
        if (File.Exists(path)) // its directory is gone after the host's boot
        {
            File.Delete(path);
        }
    }
}
