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
    /// The layers of earlier builds from their volume, as far as the images below them are those of this build; fails if they
    /// cannot be read, and drops them then. The names of links in a layer are those of the storage that it comes from, so
    /// these come along. Only here, and not on the root, can the marks of deleted files be made.
    /// </summary>
    public static IReadOnlyList<string> Restore { get; } = Shell(
        $$"""
        [ -f {{LayerCache.Path}}/layers ] || exit 0
        mkdir -p /var/lib/containers/kept && buildah images -q > /dev/null && cd /var/lib/containers/storage || exit 1
        merge() {
            timeout 120 tar -xf {{LayerCache.Path}}/layers -C /var/lib/containers/kept --numeric-owner --xattrs --xattrs-include='*' || return 1
            for list in overlay-layers/layers.json overlay-images/images.json; do
                [ -s "$list" ] || echo '[]' > "$list"
                cp "$list" "$list.before"
            done
            ls /var/lib/containers/kept/overlay | jq -R . | jq -sc . > /var/lib/containers/kept/there || return 1
            jq -c -n --slurpfile now overlay-layers/layers.json --slurpfile kept /var/lib/containers/kept/overlay-layers/layers.json --slurpfile there /var/lib/containers/kept/there '
                reduce ($kept[0] | sort_by(.created))[] as $layer ($now[0];
                    if any(.[]; .id == $layer.id) or ($there[0] | index($layer.id) | not) or (($layer.parent // "") != "" and (any(.[]; .id == $layer.parent) | not)) then . else . + [$layer] end)' > layers.new || return 1
            jq -c -n --slurpfile now overlay-images/images.json --slurpfile kept /var/lib/containers/kept/overlay-images/images.json --slurpfile layers layers.new '
                reduce $kept[0][] as $image ($now[0];
                    if any(.[]; .id == $image.id) or ($image.layer as $top | $top and ($layers[0] | any(.[]; .id == $top) | not)) then . else . + [$image | del(.names)] end)' > images.new || return 1
            cp -an /var/lib/containers/kept/overlay/l/. overlay/l/
            for id in $(jq -r '.[].id' layers.new); do
                [ -d "overlay/$id" ] || mv "/var/lib/containers/kept/overlay/$id" overlay/ || return 1
                [ -f "overlay-layers/$id.tar-split.gz" ] || mv "/var/lib/containers/kept/overlay-layers/$id.tar-split.gz" overlay-layers/ 2> /dev/null || true
            done
            for id in $(jq -r '.[].id' images.new); do
                [ -d "overlay-images/$id" ] || mv "/var/lib/containers/kept/overlay-images/$id" overlay-images/ || return 1
            done
            mv layers.new overlay-layers/layers.json && mv images.new overlay-images/images.json && buildah images -aq > /dev/null
        }
        if merge; then code=0; else
            code=1
            for list in overlay-layers/layers.json overlay-images/images.json; do [ ! -f "$list.before" ] || mv "$list.before" "$list"; done
            rm -f {{LayerCache.Path}}/layers
        fi
        rm -rf /var/lib/containers/kept layers.new images.new
        exit $code
        """);

    /// <summary>Forgets the layers on the volume, and all of Buildah's storage.</summary>
    public static IReadOnlyList<string> Drop { get; } = Shell(
        $$"""
        buildah rm -a > /dev/null
        rm -rf {{LayerCache.Path}}/layers /var/lib/containers/storage /var/lib/containers/kept /build/paid /var/tmp/container_images_storage* /var/tmp/buildah*
        """);

    /// <summary>
    /// The layers onto their volume, without those of the catalog, in place of those before; fails if they have no room there, or
    /// fill half of the disk, and then there are none.
    /// </summary>
    public static IReadOnlyList<string> Save { get; } = Shell(
        $$"""
        set -o pipefail
        buildah rm -a > /dev/null 2>&1 || true
        cd /var/lib/containers/storage && rm -f {{LayerCache.Path}}/layers {{LayerCache.Path}}/layers.new
        [ "$(du -sk . | cut -f 1)" -lt "$(df -k --output=size . | awk 'NR == 2 { print int($1 / 2) }')" ] || exit 1
        grep -xE '[0-9a-f]{64}' /build/paid 2> /dev/null | sed 's|.*|overlay/&\noverlay-layers/&.tar-split.gz|' > /build/below
        pack=cat
        ! command -v zstd > /dev/null || pack='zstd -q -1'
        timeout 120 tar -cf - --numeric-owner --xattrs --xattrs-include='*' --exclude-from=/build/below overlay overlay-layers overlay-images | $pack > {{LayerCache.Path}}/layers.new && sync {{LayerCache.Path}}/layers.new && mv {{LayerCache.Path}}/layers.new {{LayerCache.Path}}/layers && exit 0
        rm -f {{LayerCache.Path}}/layers.new
        exit 1
        """);

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
    /// HEALTHCHECK, which later stages need. One layer for each stage, as Buildah does by itself, unless
    /// layers are kept.
    /// </summary>
    public static IReadOnlyList<string> Build(BuildOrder order, string file, bool keepsLayers)
    {
        var words = new List<string> { "buildah", "build", "--pull=never", "--network", "host", "--runtime", "/build/runtime", "--format", "docker", "--tag", "localhost/built", "--file", $"{Context}/{file}" };
        if (keepsLayers)
        {
            words.Add("--layers");
        }

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
