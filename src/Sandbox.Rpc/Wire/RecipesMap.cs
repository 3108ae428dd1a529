using Port = Sandbox.Core.Recipes;

namespace Sandbox.Rpc.Wire;

/// <summary>The content of a recipe's node in and out of messages.</summary>
internal static class RecipesMap
{
    internal static RecipeContent ToWire(this Port.RecipeContent content)
    {
        var wire = new RecipeContent();
        if (content.Workdir is not null)
        {
            wire.Workdir = content.Workdir;
        }

        if (content.User is not null)
        {
            wire.User = content.User;
        }

        if (content.Network is not Core.Networks.NetworkPolicy.Egress)
        {
            wire.Network = content.Network;
        }

        wire.Domains.AddRange(content.Domains);
        if (content.Isolation is not null)
        {
            wire.Isolation = content.Isolation;
        }

        foreach (var (name, value) in content.Env)
        {
            wire.Env.Add(name, value);
        }

        foreach (var file in content.Files)
        {
            wire.Files.Add(file.ToWire());
        }

        return wire;
    }

    internal static Port.RecipeContent ToCore(this RecipeContent wire) => new()
    {
        Env = new Dictionary<string, string>(wire.Env, StringComparer.Ordinal),
        Workdir = wire.HasWorkdir ? wire.Workdir : null,
        User = wire.HasUser ? wire.User : null,
        Files = [.. wire.Files.Select(ToCore)],
        Network = wire.HasNetwork ? wire.Network : Core.Networks.NetworkPolicy.Egress,
        Domains = [.. wire.Domains],
        Isolation = wire.HasIsolation ? wire.Isolation : null,
    };

    private static RecipeFile ToWire(this Port.RecipeFile file)
    {
        var wire = new RecipeFile { Path = file.Path };
        if (file.Text is not null)
        {
            wire.Text = file.Text;
        }

        if (file.Base64 is not null)
        {
            wire.Base64 = file.Base64;
        }

        if (file.Mode is not null)
        {
            wire.Mode = file.Mode;
        }

        return wire;
    }

    private static Port.RecipeFile ToCore(this RecipeFile wire) => new()
    {
        Path = wire.Path,
        Text = wire.HasText ? wire.Text : null,
        Base64 = wire.HasBase64 ? wire.Base64 : null,
        Mode = wire.HasMode ? wire.Mode : null,
    };
}
