namespace Sandbox.Web.Snippets;

internal static class SnippetSetup
{
    public static void AddSnippets(this IServiceCollection services) => services.AddSingleton<SnippetRuns>();
}
