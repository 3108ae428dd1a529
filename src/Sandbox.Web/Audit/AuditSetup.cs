using Sandbox.Web.Http;
using Sandbox.Web.People;
using Sandbox.Web.Store;

namespace Sandbox.Web.Audit;

internal static class AuditSetup
{
    public static void AddAudit(this IServiceCollection services)
    {
        services.AddSingleton<AuditLog>();
        services.AddSingleton<AuditReader>();
        services.AddSingleton<AuditWriter>();
        services.AddHostedService(provider => provider.GetRequiredService<AuditWriter>());
    }

    /// <summary>Records the requests that a limit refused, wherever that happened, and wrong passwords. Stands before everything that refuses.</summary>
    public static void UseAudit(this WebApplication app)
    {
        var log = app.Services.GetRequiredService<AuditLog>();
        app.Use(async (context, next) =>
        {
            await next(context);
            var problem = context.Features.Get<WrittenProblem>();
            if (context.Response.StatusCode == StatusCodes.Status429TooManyRequests || problem?.Code == Suspensions.Code)
            {
                log.Add(new AuditEvent(AuditKind.Refused, problem?.Detail ?? "Too many requests.")
                {
                    Code = problem?.Code ?? "rate",
                    Person = context.User.Person(),
                    Address = AddressRates.Address(context.Connection.RemoteIpAddress),
                });
            }
            else if (context.Features.Get<WrongPassword>() is { } wrong)
            {
                log.Add(new AuditEvent(AuditKind.Refused, $"A wrong password for {wrong.Of}.")
                {
                    Code = "password",
                    Person = context.User.Person(),
                    Address = AddressRates.Address(context.Connection.RemoteIpAddress),
                });
            }
        });
    }
}
