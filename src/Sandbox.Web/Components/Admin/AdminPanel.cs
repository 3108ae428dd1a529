using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using MudBlazor;
using Sandbox.Core.Errors;
using Sandbox.Core.People;
using Sandbox.Web.Audit;
using Sandbox.Web.People;

namespace Sandbox.Web.Components.Admin;

/// <summary>What the operator's panels share: acting, saying how it went, and showing the truth afterwards.</summary>
public abstract class AdminPanel : ComponentBase, IDisposable
{
    private readonly CancellationTokenSource _gone = new();

    [Inject]
    protected ISnackbar Snackbar { get; set; } = default!;

    [Inject]
    protected IDialogService Dialogs { get; set; } = default!;

    [Inject]
    private AuthenticationStateProvider Authentication { get; set; } = default!;

    [Inject]
    private AuditLog Audit { get; set; } = default!;

    /// <summary>The operator who looks at it.</summary>
    protected PersonId By { get; private set; }

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

    protected override async Task OnInitializedAsync()
    {
        By = (await Authentication.GetAuthenticationStateAsync()).User.Person() ?? throw new InvalidOperationException("Only operators have panels.");
        await LoadAsync();
    }

    /// <summary>Reads what the panel shows.</summary>
    protected abstract Task LoadAsync();

    /// <summary>Acts, then shows what is true now. A fault is said in its own words; true when there was none.</summary>
    /// <param name="action">What to do.</param>
    /// <param name="done">Says that it is done.</param>
    /// <param name="act">For the audit log, where the action does not write there itself.</param>
    protected async Task<bool> ActAsync(Func<Task> action, string done, string? act = null)
    {
        Busy = true;
        try
        {
            await action();
            if (act is not null)
            {
                Audit.Act(By, act);
            }

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
