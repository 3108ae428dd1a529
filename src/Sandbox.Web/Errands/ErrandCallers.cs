using Sandbox.Core.People;
using Sandbox.Web.Http;
using Sandbox.Web.People;

namespace Sandbox.Web.Errands;

/// <summary>Lets callers in who want something done that costs what a launch costs.</summary>
internal static class ErrandCallers
{
    /// <summary>The person it is for, or null after the refusal was written.</summary>
    public static async Task<PersonId?> AdmitAsync(HttpContext context)
    {
        var services = context.RequestServices;
        var (rates, guests) = (services.GetRequiredService<AddressRates>(), services.GetRequiredService<Guests>());
        if (!await rates.AllowsLaunchAsync(context))
        {
            return null;
        }

        var person = guests.Ensure(context);
        if (!await guests.IsKnownAsync(person) && !await rates.AllowsGuestAsync(context))
        {
            return null;
        }

        services.GetRequiredService<GuestAddresses>().Saw(person, AddressRates.Address(context.Connection.RemoteIpAddress));
        return person;
    }
}
