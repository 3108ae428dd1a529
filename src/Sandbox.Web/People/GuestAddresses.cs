using System.Security.Cryptography;
using System.Text;
using Sandbox.Core.People;
using Sandbox.Web.Store;

namespace Sandbox.Web.People;

/// <summary>
/// The address each guest launched from last. Anybody can be many guests, so what an address holds of the host is summed
/// over them. In memory only: after a restart a guest counts again from the next launch on.
/// </summary>
internal sealed class GuestAddresses
{
    private const int MostRemembered = 100_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<PersonId, string> _addresses = [];
    private readonly Dictionary<string, HashSet<PersonId>> _guests = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<PersonId>> _sites = new(StringComparer.Ordinal);

    /// <summary>A guest launches from an address, an IPv6 one as its /64.</summary>
    public void Saw(PersonId guest, string address)
    {
        lock (_gate)
        {
            if (_addresses.GetValueOrDefault(guest) == address)
            {
                return;
            }

            if (_addresses.Count >= MostRemembered)
            {
                _addresses.Clear();
                _guests.Clear();
                _sites.Clear();
            }

            Leave(guest);
            _addresses[guest] = address;
            Enter(_guests, address, guest);
            Enter(_sites, Site(address), guest);
        }
    }

    /// <summary>The address of a guest, if it is known.</summary>
    public string? Of(PersonId guest)
    {
        lock (_gate)
        {
            return _addresses.GetValueOrDefault(guest);
        }
    }

    /// <summary>A text that all guests of one address have in common, and that does not name it; null for others and while it is not known.</summary>
    public string? GroupOf(PersonRow person) => person.Kind == PersonKind.Guest && Of(PersonId.Parse(person.Id)) is { } address ? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(address)))[..32] : null;

    /// <summary>A guest and all others of the same address; nobody when the address is not known.</summary>
    public IReadOnlyList<PersonId> BesideOf(PersonId guest)
    {
        lock (_gate)
        {
            return _addresses.TryGetValue(guest, out var address) ? [.. _guests[address]] : [];
        }
    }

    /// <summary>As <see cref="BesideOf"/>, and with IPv6 all guests of the same /48: so much is given to one site, and it has 65,536 of /64.</summary>
    public IReadOnlyList<PersonId> AroundOf(PersonId guest)
    {
        lock (_gate)
        {
            return _addresses.TryGetValue(guest, out var address) ? [.. _sites[Site(address)]] : [];
        }
    }

    private static string Site(string address) => address.Contains('.', StringComparison.Ordinal) || address.Length < 12 ? address : address[..12];

    private static void Enter(Dictionary<string, HashSet<PersonId>> places, string place, PersonId guest)
    {
        if (!places.TryGetValue(place, out var there))
        {
            places[place] = there = [];
        }

        there.Add(guest);
    }

    private void Leave(PersonId guest)
    {
        if (_addresses.Remove(guest, out var before))
        {
            Leave(_guests, before, guest);
            Leave(_sites, Site(before), guest);
        }
    }

    private static void Leave(Dictionary<string, HashSet<PersonId>> places, string place, PersonId guest)
    {
        if (places[place] is var there && there.Remove(guest) && there.Count == 0)
        {
            places.Remove(place);
        }
    }
}
