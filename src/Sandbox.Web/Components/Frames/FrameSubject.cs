using Sandbox.Core.Recipes;
using Sandbox.Web.Links;
using Sandbox.Web.Tutorials;

namespace Sandbox.Web.Components.Frames;

/// <summary>The subject of a frame.</summary>
/// <param name="Image">The image to start, or null.</param>
/// <param name="Link">The link to start, or null.</param>
/// <param name="Tutorial">The tutorial to start, or null.</param>
/// <param name="Title">For people.</param>
/// <param name="Command">What the page wants to run in it; the visitor is asked.</param>
/// <param name="Theme">light or dark; null follows the visitor's system.</param>
/// <param name="Page">The host that the page says it has, or null. For the visitor to read and for nothing else.</param>
/// <param name="Refusal">Why nothing is shown; null when something is.</param>
public sealed record FrameSubject(string? Image, FrameLink? Link, TutorialDetailView? Tutorial, string Title, string? Command, string? Theme, string? Page, FrameRefusal? Refusal);

/// <summary>The link of a frame.</summary>
/// <param name="Hash">Its hash.</param>
/// <param name="Recipe">Its lock.</param>
/// <param name="Images">The images of the lock.</param>
/// <param name="IsOffline">Whether it has no network whatever the lock says.</param>
/// <param name="NeedsConsent">Whether it does more than start an image.</param>
/// <param name="NeedsPassword">Whether it asks for a password.</param>
public sealed record FrameLink(string Hash, Recipe Recipe, IReadOnlyList<LinkImageView> Images, bool IsOffline, bool NeedsConsent, bool NeedsPassword);

/// <summary>Why a frame shows nothing.</summary>
/// <param name="Status">The status of the answer.</param>
/// <param name="Code">For programs.</param>
/// <param name="Title">The heading.</param>
/// <param name="Text">What to do about it.</param>
/// <param name="Address">A page of ours that shows it, or null.</param>
public sealed record FrameRefusal(int Status, string Code, string Title, string Text, string? Address);
