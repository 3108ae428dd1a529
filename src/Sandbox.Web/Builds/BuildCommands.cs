namespace Sandbox.Web.Builds;

/// <summary>The commands of a build. They run as root of a sandbox that is its person's own, so nothing in a context can reach more than that.</summary>
internal static class BuildCommands
{
    public const string ContextFile = "/build/context.tar";
    public const string Context = "/build/context";
    public const string Layout = "/build/layout";
    public const string BaseFile = "/build/base.tar";
    public const string Repository = "/build/repository";

    /// <summary>
    /// The directories and the settings of Buildah. Names without a registry are Docker Hub's, as in Docker. The runtime's
    /// wrapper keeps the flag of read-only mounts that the sandbox's kernel namespace may not take away.
    /// </summary>
    public static IReadOnlyList<string> Prepare { get; } = Shell(
        """
        set -e
        mkdir -p /build/context /etc/containers/registries.conf.d
        printf 'unqualified-search-registries = ["docker.io"]\nshort-name-mode = "permissive"\n' > /etc/containers/registries.conf.d/000-build.conf
        cat > /build/runtime <<'END'
        #!/bin/sh
        bundle=
        next=
        for word; do
            [ -z "$next" ] || bundle=$word
            next=
            case $word in
                --bundle | -b) next=y ;;
                --bundle=*) bundle=${word#*=} ;;
            esac
        done
        if [ -n "$bundle" ]; then
            jq '.mounts |= map(if .options // [] | index("ro") then .options += ["nodev"] else . end)' "$bundle/config.json" > "$bundle/config.json.new"
            mv "$bundle/config.json.new" "$bundle/config.json"
        fi
        exec runc "$@"
        END
        chmod 755 /build/runtime
        """);

    /// <summary>The context out of its archive, which may be compressed.</summary>
    public static IReadOnlyList<string> Unpack { get; } = Shell("tar -xf /build/context.tar -C /build/context --no-same-owner 2>&1 | tail -n 5; code=${PIPESTATUS[0]}; rm -f /build/context.tar; exit \"$code\"");

    /// <summary>The first names of the context, for a message.</summary>
    public static IReadOnlyList<string> List(string? folder) => Shell("ls -A -- \"$1\" | head -n 10", folder is null ? Context : $"{Context}/{folder}");

    /// <summary>
    /// An image that was written to <see cref="BaseFile"/>, under the name that the Dockerfile has for it. The catalog's layers and
    /// those of the person's other images cost nothing more.
    /// </summary>
    public static IReadOnlyList<string> Load(string reference) => Shell(
        """
        set -e
        export LC_ALL=C
        mkdir -p /var/lib/containers/storage/overlay
        ls /var/lib/containers/storage/overlay > /build/before
        id=$(buildah pull -q docker-archive:/build/base.tar)
        rm -f /build/base.tar
        ls /var/lib/containers/storage/overlay | comm -13 /build/before - >> /build/paid
        buildah tag "$id" "$1"
        """,
        reference);

    /// <summary>
    /// Bytes of the image as far as it is built: the layers of the stage that is built now, else of the whole image, without
    /// those that cost nothing. A layer is what an instruction left, so this is asked between instructions.
    /// https://github.com/containers/storage/blob/main/docs/containers-storage-layers.md
    /// </summary>
    public static IReadOnlyList<string> Measure { get; } = Shell(
        """
        cd /var/lib/containers/storage || exit 1
        all() { cat "$@" 2> /dev/null | jq -s 'map(. // []) | add // []'; }
        layer=$(all overlay-images/images.json | jq -r 'map(select(.names // [] | index("localhost/built:latest")))[0].layer // empty')
        [ -n "$layer" ] || layer=$(all overlay-containers/containers.json overlay-containers/volatile-containers.json | jq -r 'sort_by(.created)[-1].layer // empty')
        parents=$(all overlay-layers/layers.json overlay-layers/volatile-layers.json | jq -r '.[] | .id + " " + (.parent // "")')
        sum=0
        while [ -n "$layer" ]; do
            grep -qsx -e "$layer" /build/paid || { bytes=$(du -sb "overlay/$layer/diff" 2> /dev/null | cut -f 1); sum=$((sum + ${bytes:-0})); }
            layer=$(sed -n "s/^$layer //p" <<< "$parents")
        done
        echo "$sum"
        """);

    /// <summary>A command whose files may not be larger than so many bytes.</summary>
    public static IReadOnlyList<string> Bounded(long bytes, IReadOnlyList<string> command) => Shell("ulimit -f \"$1\"; shift; exec \"$@\"", [(bytes / 1024).ToString(System.Globalization.CultureInfo.InvariantCulture), .. command]);

    /// <summary>The sum of the sizes that a listing of git's has in its fourth column.</summary>
    public static IReadOnlyList<string> Measured(IReadOnlyList<string> listing) => Shell(
        """
        set -o pipefail
        "$@" | { sum=0; while read -r mode type id size path; do [ "$size" = - ] || sum=$((sum + size)); done; echo "$sum"; }
        """,
        [.. listing]);

    /// <summary>An image from its registry.</summary>
    public static IReadOnlyList<string> Pull(string reference) => Shell("exec buildah pull -q --retry 1 --retry-delay 1s -- \"$1\" < /dev/null", reference);

    /// <summary>
    /// The build. Its output is no terminal's: programs print lines. Docker's format, because OCI's has no SHELL, ONBUILD and
    /// HEALTHCHECK, which later stages need. One layer for each stage, as Buildah does by itself.
    /// </summary>
    public static IReadOnlyList<string> Build(BuildOrder order, string file)
    {
        var words = new List<string> { "buildah", "build", "--pull=never", "--network", "host", "--runtime", "/build/runtime", "--format", "docker", "--tag", "localhost/built", "--file", $"{Context}/{file}" };
        foreach (var (name, value) in order.Args)
        {
            words.AddRange(["--build-arg", $"{name}={value}"]);
        }

        if (order.Target is { } target)
        {
            words.AddRange(["--target", target]);
        }

        return Shell("set -o pipefail; \"$@\" < /dev/null 2>&1 | cat", [.. words, order.Context is { } folder ? $"{Context}/{folder}" : Context]);
    }

    /// <summary>The image as a layout on the disk. Its layers stay plain: those of the catalog keep their digests.</summary>
    public static IReadOnlyList<string> Export { get; } = Shell("exec skopeo copy -q --insecure-policy --format oci --dest-oci-accept-uncompressed-layers containers-storage:localhost/built:latest oci:/build/layout < /dev/null");

    private static IReadOnlyList<string> Shell(string script, params string[] words) => ["bash", "-c", script, "build", .. words];
}
