using System.Net;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Sandbox.Core.Errors;
using Sandbox.Core.Images;
using Sandbox.Core.People;
using Sandbox.Web.Builds;
using Sandbox.Web.Http;
using Sandbox.Web.People;
using Yarp.ReverseProxy.Forwarder;

namespace Sandbox.Web.Registry;

/// <summary>
/// The distribution API over a person's own images: pulls and uploads are passed on to a real registry, each to the one that
/// has it; manifests are kept here, since they make images. https://github.com/opencontainers/distribution-spec
/// </summary>
internal sealed class RegistryProxy(WebOptions options, RegistryPasses passes, Suspensions suspensions, RegistrySignIn signIn, RegistryStores stores, PushedImages pushed, PushAllowance allowance, OwnImages images, SharedImages shared, AddressRates rates, IHttpForwarder forwarder)
{
    private const string Root = "/v2/";

    /// <summary>On our own origin, pages of git repositories have Binder's addresses: <c>/v2/gh/owner/repository/ref</c>.</summary>
    private static readonly string[] Pages = ["/v2/gh/", "/v2/gl/", "/v2/gist/", "/v2/git/"];

    /// <summary>Who takes less of an image is cut off: the connection behind, and a place among those who read, are held meanwhile.</summary>
    private static readonly MinDataRate Slowest = new(bytesPerSecond: 16 * 1024, gracePeriod: TimeSpan.FromSeconds(30));

    private static readonly ForwarderRequestConfig Plain = new() { ActivityTimeout = TimeSpan.FromMinutes(5), Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };

    private readonly IPEndPoint? _door = options.RegistryDoor.Length > 0 ? IPEndPoint.Parse(options.RegistryDoor) : null;

    /// <summary>Answers what comes from sandboxes: nothing of ours but the registry is there for them.</summary>
    public Task HandleSandboxesAsync(HttpContext context, RequestDelegate next)
    {
        var connection = context.Connection;
        if (_door is null || connection.LocalPort != _door.Port || !_door.Address.Equals(connection.LocalIpAddress))
        {
            return next(context);
        }

        return rates.CheckAsync(context, _ => IsRegistry(context) ? AnswerAsync(context) : RegistryFault.WriteAsync(context, 404, "NAME_UNKNOWN", "This is a registry: its addresses begin with /v2/."));
    }

    /// <summary>Answers requests to the registry on our own origin.</summary>
    public Task HandleAsync(HttpContext context, RequestDelegate next) =>
        _door is not null && IsRegistry(context) && !Pages.Any(page => context.Request.Path.Value!.StartsWith(page, StringComparison.Ordinal)) ? rates.CheckAsync(context, _ => AnswerAsync(context)) : next(context);

    private static bool IsRegistry(HttpContext context) => context.Request.Path == "/v2" || context.Request.Path.StartsWithSegments("/v2", StringComparison.Ordinal);

    private async Task AnswerAsync(HttpContext context)
    {
        context.Response.Headers["Docker-Distribution-Api-Version"] = "registry/2.0";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        try
        {
            if (context.Request.Path == RegistrySignIn.Path)
            {
                await signIn.AnswerAsync(context);
                return;
            }

            await AuthorizeAsync(context);
        }
        catch (SandboxException fault) when (!context.Response.HasStarted)
        {
            context.Response.Clear();
            if (fault.RetryAfter is { } wait)
            {
                context.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture);
            }

            await RegistryFault.WriteAsync(context, fault);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Its client has left.
        }
    }

    private async Task AuthorizeAsync(HttpContext context)
    {
        var token = RequestToken.Of(context.Request) is { } text ? await passes.ReadTokenAsync(text) : null;
        var path = context.Request.Path.Value!;
        if (token is { Person: { } person } && suspensions.RefusalOf(person) is { } refusal)
        {
            await RegistryFault.WriteAsync(context, 403, "DENIED", refusal);
            return;
        }

        if (path is "/v2" or Root)
        {
            await (token is null ? ChallengeAsync(context, null, isKnown: false) : context.Response.WriteAsync("{}", context.RequestAborted));
            return;
        }

        if (RegistryRequest.Read(path) is not { } request)
        {
            await RegistryFault.WriteAsync(context, 404, "NAME_INVALID", "There is nothing at this address. Names are in lower case, as me/app:1.");
            return;
        }

        if (request.IsShared)
        {
            await ReadSharedAsync(context, request);
            return;
        }

        var action = HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method) ? "pull" : "push";
        if (token is not { Person: { } owner } known || (request.IsOwn && !RegistryPasses.Allow(known.Scopes, request.Repository, action)))
        {
            await ChallengeAsync(context, $"repository:{request.Repository}:{(action == "pull" ? action : "pull,push")}", token is not null);
        }
        else if (!request.IsOwn)
        {
            await RegistryFault.WriteAsync(context, 403, "DENIED", $"Your images are below me/: {context.Request.Host}/me/{request.Repository[(request.Repository.LastIndexOf('/') + 1)..]}");
        }
        else
        {
            await RouteAsync(context, owner, request);
        }
    }

    /// <summary>Says where a token for a scope is to be had: at the address that the client uses.</summary>
    private Task ChallengeAsync(HttpContext context, string? scope, bool isKnown)
    {
        var host = context.Request.Host.Value;
        var scheme = options.PublicUrls.Select(url => new Uri(url)).FirstOrDefault(url => url.Authority == host)?.Scheme ?? context.Request.Scheme;
        context.Response.Headers.WWWAuthenticate =
            $"Bearer realm=\"{scheme}://{host}{RegistrySignIn.Path}\",service=\"{host}\"{(scope is null ? "" : $",scope=\"{scope}\"")}{(isKnown ? ",error=\"insufficient_scope\"" : "")}";
        return RegistryFault.WriteAsync(context, 401, "UNAUTHORIZED", "Sign in with docker login: the page My images shows how.");
    }

    private Task RouteAsync(HttpContext context, PersonId person, RegistryRequest request) => (request.Target, context.Request.Method) switch
    {
        (RegistryTarget.Upload, "POST" or "PATCH" or "PUT" or "GET" or "DELETE") => UploadAsync(context, person, request),
        (RegistryTarget.Blob, "GET" or "HEAD") => ReadBlobAsync(context, person, request),
        (RegistryTarget.Manifest, "GET" or "HEAD") => ForwardAsync(context, RegistryStores.Kept, person),
        (RegistryTarget.Manifest, "PUT") => PutManifestAsync(context, person, request),
        (RegistryTarget.Manifest, "DELETE") => DeleteAsync(context, person, request),
        (RegistryTarget.Tags, "GET") => ListTagsAsync(context, person, request),
        _ => RegistryFault.WriteAsync(context, 405, "UNSUPPORTED", "This registry does not do that."),
    };

    /// <summary>The code is the credential: what is shared is pulled by everybody who has it, and changed by its owner as <c>me/</c>.</summary>
    private async Task ReadSharedAsync(HttpContext context, RegistryRequest request)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            await RegistryFault.WriteAsync(context, 403, "DENIED", "Shared images are read-only. Push to me/ instead.");
            return;
        }

        using var pull = await shared.OpenAsync(request, AddressRates.Address(context.Connection.RemoteIpAddress), context.RequestAborted);
        var (code, _) = request.SharedParts;
        await (request.Target == RegistryTarget.Tags
            ? context.Response.WriteAsJsonAsync(new { name = request.Repository, tags = new[] { pull.Tag } }, context.RequestAborted)
            : ForwardAsync(context, RegistryStores.Kept, new RegistryTransformer($"{Root}{RegistryRequest.Shared}{code}/", $"{Root}{pull.Owner.Value}/")));
    }

    private async Task ReadBlobAsync(HttpContext context, PersonId person, RegistryRequest request)
    {
        var kept = await stores.SizeAsync(RegistryStores.Kept, $"{person.Value}/{request.Name}", Digest.Parse(request.Reference), context.RequestAborted);
        await ForwardAsync(context, kept is null ? RegistryStores.Uploads : RegistryStores.Kept, person);
    }

    private async Task UploadAsync(HttpContext context, PersonId person, RegistryRequest request)
    {
        var opens = request.Reference.Length == 0;
        if (opens != (context.Request.Method == "POST"))
        {
            await RegistryFault.WriteAsync(context, 404, "BLOB_UPLOAD_UNKNOWN", "There is no such upload.");
            return;
        }

        using var lease = await allowance.BeginAsync(person, opens);
        lease.Check(context.Request.ContentLength ?? 0);
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } most)
        {
            most.MaxRequestBodySize = options.Limits.ArchiveBytes;
        }

        if (opens)
        {
            MoveMount(context, person);
        }

        context.Request.Body = new CountedBody(context.Request.Body, lease);
        await ForwardAsync(context, RegistryStores.Uploads, person);
    }

    /// <summary>A blob is taken over from another repository of the same person only; else the client uploads it.</summary>
    private static void MoveMount(HttpContext context, PersonId person)
    {
        var from = context.Request.Query["from"].ToString();
        var digest = context.Request.Query["mount"].ToString();
        var query = Digest.TryParse(digest, out _) && RegistryRequest.Read($"{Root}{from}/tags/list") is { IsOwn: true, Name: var name }
            ? QueryString.Create("mount", digest).Add("from", $"{person.Value}/{name}")
            : QueryString.Empty;
        context.Request.QueryString = context.Request.Query["digest"].ToString() is { Length: > 0 } whole ? query.Add("digest", whole) : query;
    }

    private async Task PutManifestAsync(HttpContext context, PersonId person, RegistryRequest request)
    {
        using var lease = await allowance.BeginAsync(person, opens: false);
        var manifest = await ReadManifestAsync(context);
        var digest = await pushed.KeepAsync(person, request, manifest, context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status201Created;
        context.Response.Headers.Location = $"{Root}{request.Repository}/manifests/{digest.Value}";
        context.Response.Headers["Docker-Content-Digest"] = digest.Value;
    }

    private static async Task<ReadOnlyMemory<byte>> ReadManifestAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } most)
        {
            most.MaxRequestBodySize = null; // it is bounded here, with an answer that the client shows
        }

        var buffer = new byte[PushedManifest.MaxBytes + 1];
        var length = await context.Request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, context.RequestAborted);
        return length <= PushedManifest.MaxBytes
            ? buffer.AsMemory(0, length)
            : throw new SandboxException(ErrorCode.TooLarge, "The manifest is larger than 1 MiB.");
    }

    /// <summary>Deletes the image of a tag, or all tags of a digest.</summary>
    private async Task DeleteAsync(HttpContext context, PersonId person, RegistryRequest request)
    {
        var kept = await TagsAsync(person, request, context.RequestAborted);
        var gone = kept.Where(image => image.Tag == request.Reference || image.Digest == request.Reference).ToList();
        if (gone.Count == 0)
        {
            throw new SandboxException(ErrorCode.ImageNotFound, "You have no such image.");
        }

        foreach (var (name, _, _) in gone)
        {
            await images.DeleteAsync(person, name);
        }

        context.Response.StatusCode = StatusCodes.Status202Accepted;
    }

    private async Task ListTagsAsync(HttpContext context, PersonId person, RegistryRequest request)
    {
        var kept = await TagsAsync(person, request, context.RequestAborted);
        await (kept.Count == 0
            ? RegistryFault.WriteAsync(context, 404, "NAME_UNKNOWN", "You have no image of this name.")
            : context.Response.WriteAsJsonAsync(new { name = request.Repository, tags = kept.Select(image => image.Tag) }, context.RequestAborted));
    }

    private async Task<List<(string Name, string Tag, string Digest)>> TagsAsync(PersonId person, RegistryRequest request, CancellationToken cancellationToken) =>
        [.. (await images.ListAsync(person, cancellationToken))
            .Select(image => (image.Name, Parts: image.Name.Split(':', 2), image.Digest))
            .Where(image => image.Parts[0] == request.Name)
            .Select(image => (image.Name, image.Parts is [_, var tag] ? tag : "latest", image.Digest))];

    private Task ForwardAsync(HttpContext context, string store, PersonId person) =>
        ForwardAsync(context, store, new RegistryTransformer(Root + RegistryRequest.Own, $"{Root}{person.Value}/"));

    private async Task ForwardAsync(HttpContext context, string store, RegistryTransformer transformer)
    {
        if (HttpMethods.IsGet(context.Request.Method) && context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = Slowest;
        }

        var error = await forwarder.SendAsync(context, store, stores.Client, Plain, transformer);
        if (error == ForwarderError.None || context.Response.HasStarted || context.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        for (var cause = context.GetForwarderErrorFeature()?.Exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is SandboxException)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(cause);
            }
        }

        throw new SandboxException(ErrorCode.RegistryUnreachable, "The registry does not answer. Try again in a moment.");
    }
}
