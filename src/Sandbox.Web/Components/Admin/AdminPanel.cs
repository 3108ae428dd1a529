using Microsoft.AspNetCore.Components;
using MudBlazor;
using Sandbox.Core.Errors;

namespace Sandbox.Web.Components.Admin;

/// <summary>What the operator's panels share: acting, saying how it went, and showing the truth afterwards.</summary>
public abstract class AdminPanel : ComponentBase, IDisposable
{
    private readonly CancellationTokenSource _gone = new();

    [Inject]
    protected ISnackbar Snackbar { get; set; } = default!;

    [Inject]
    protected IDialogService Dialogs { get; set; } = default!;

    /// <summary>Cancelled when the panel is left.</summary>
    protected CancellationToken Gone => _gone.Token;

    protected bool Busy { get; private set; }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            _gone.Cancel();
            _gone.Dispose();
        }
    }

    protected override Task OnInitializedAsync() => LoadAsync();

    /// <summary>Reads what the panel shows.</summary>
    protected abstract Task LoadAsync();

    /// <summary>Acts, then shows what is true now. A fault is said in its own words; true when there was none.</summary>
    protected async Task<bool> ActAsync(Func<Task> action, string done)
    {
        Busy = true;
        try
        {
            await action();
            Snackbar.Add(done, Severity.Success);
            return true;
        }
        catch (SandboxException fault)
        {
            Snackbar.Add(fault.Message, Severity.Error);
            return false;
        }
        finally
        {
            Busy = false;
            await LoadAsync();
        }
    }

    /// <summary>Reads again every few seconds until the panel is left.</summary>
    protected async Task FollowAsync(TimeSpan pause)
    {
        var gone = Gone;
        using var timer = new PeriodicTimer(pause);
        try
        {
            while (await timer.WaitForNextTickAsync(gone))
            {
                try
                {
                    await LoadAsync();
                    StateHasChanged();
                }
                catch (SandboxException)
                {
                    // What is shown stays; the next round asks again.
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The panel was left.
        }
    }
}
