namespace Sandbox.Web.Volumes;

/// <summary>A volume.</summary>
/// <param name="Name">Its name; one that a link made has a dot and the link's origin behind it.</param>
/// <param name="SizeBytes">Bytes that it holds, with those of its file system.</param>
/// <param name="UsedBytes">Bytes of its files, now or when it was detached last.</param>
/// <param name="Files">Its files and directories, at the same moment.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="Uses">Where it is attached now.</param>
internal sealed record VolumeView(string Name, long SizeBytes, long UsedBytes, long Files, DateTimeOffset CreatedAt, IReadOnlyList<VolumeUseView> Uses);

/// <summary>A node that a volume is attached to.</summary>
/// <param name="Playground">The playground's id.</param>
/// <param name="Image">The image of its first node.</param>
/// <param name="Sandbox">The node's id.</param>
/// <param name="Node">The node's name.</param>
/// <param name="Path">Where it is mounted.</param>
/// <param name="ReadOnly">Whether the node only reads it.</param>
internal sealed record VolumeUseView(string Playground, string Image, string Sandbox, string Node, string Path, bool ReadOnly);

/// <summary>A volume to make.</summary>
/// <param name="Name">1 to 32 lower-case letters, digits and dashes.</param>
/// <param name="SizeMiB">Its size; left out, 256.</param>
internal sealed record VolumeRequest(string Name, int? SizeMiB = null);
