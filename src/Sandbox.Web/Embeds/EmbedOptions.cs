using Sandbox.Web.Http;

namespace Sandbox.Web.Embeds;

/// <summary>Which pages elsewhere may show sandboxes of this server, in frames, and run code by <c>POST /v1/exec</c>.</summary>
public sealed class EmbedOptions
{
    /// <summary>Whether any page may.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>The pages that may: scheme://host[:port]. Empty: any page. A link with a list of its own goes by that list.</summary>
    public string[] Origins { get; set; } = [];

    internal IEnumerable<string> Validate() =>
        Origins.Where(origin => !PagePolicy.IsOrigin(origin)).Select(origin => $"Embeds:Origins: '{origin}' is no origin like https://docs.example.org");
}
