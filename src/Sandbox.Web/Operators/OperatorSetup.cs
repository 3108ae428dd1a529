namespace Sandbox.Web.Operators;

internal static class OperatorSetup
{
    public static void AddOperator(this IServiceCollection services)
    {
        services.AddSingleton<SignInLinks>();
        services.AddSingleton<OperatorDesk>();
        services.AddSingleton<SuspensionDesk>();
    }

    public static void MapOperator(this IEndpointRouteBuilder app)
    {
        app.MapAdmin();
        app.MapSignIn();
    }
}
