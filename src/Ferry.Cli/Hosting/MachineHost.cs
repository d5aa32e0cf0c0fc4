using System.Globalization;
using Ferry.Cli.Control;
using Ferry.Cli.Documents;
using Ferry.Cli.Events;
using Ferry.Cli.MachineFiles;
using Ferry.Linux.Vfio;
using Ferry.Machine;

namespace Ferry.Cli.Hosting;

/// <summary>One machine in this process, from its start or arrival to its end, and what may be asked of it meanwhile.</summary>
/// <remarks>
/// <code>
///   waiting → arriving → running ⇄ paused       migrating → running     rolled back
///                     ↘ in-doubt    running → migrating → moved         handed over
///                                             migrating → in-doubt → running or moved, as settled
/// </code>
/// Thread-safe.
/// </remarks>
internal sealed class MachineHost(MachineFile file, IHostedMachine hosted) : IControlTarget
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _quit = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _moved = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string _state = MachineStates.Paused;
    private string? _reason;
    private string? _listening;
    private ProgressDocument? _progress;
    private DeviceDocument[]? _arrivedDevices;
    private CancellationTokenSource? _cancelling;
    private Departure? _departure;
    private Task _migration = Task.CompletedTask;
    private Task _attachment = Task.CompletedTask;
    private Func<SettleChoice, CancellationToken, Task<(string State, string? Reason)>>? _settle;

    /// <summary>Completes when somebody asked the process to end.</summary>
    public Task QuitAsked => _quit.Task;

    /// <summary>Completes when a machine that was waited for runs here, though its source may not know yet.</summary>
    public Task Arrived => _arrived.Task;

    /// <summary>Completes when the machine runs elsewhere.</summary>
    public Task Moved => _moved.Task;

    /// <summary>The state now, one of <see cref="MachineStates"/>.</summary>
    public string State
    {
        get
        {
            lock (_lock)
            {
                return _state is MachineStates.Running or MachineStates.Paused && hosted.Failure is not null ? MachineStates.Failed : _state;
            }
        }
    }

    /// <summary>Lets the machine run for the first time.</summary>
    public void Start()
    {
        hosted.Machine.ResumeVcpus();
        SetState(MachineStates.Running);
    }

    /// <summary>Receives a machine through <paramref name="arrival"/>, and gives its exit code: 0 where it runs here then.</summary>
    public async Task<int> ReceiveAsync(Arrival arrival, CancellationToken cancellation)
    {
        lock (_lock)
        {
            (_state, _listening) = (MachineStates.Waiting, arrival.Address);
        }

        var report = await arrival.RunAsync(hosted, ShowArrival, SetArrived, cancellation).ConfigureAwait(false);
        lock (_lock)
        {
            _arrivedDevices = [.. report.Devices.Select(DocumentMapping.Of)];
            var (state, reason) = Arrival.StateAfter(report);
            if (!_arrived.Task.IsCompleted)
            {
                (_listening, _progress, _state, _reason, _settle) = (null, null, state, reason, arrival.SettleAsync);
            }

            return state switch { MachineStates.Running => ExitCodes.Done, MachineStates.InDoubt => ExitCodes.InDoubt, _ => ExitCodes.Failed };
        }
    }

    /// <inheritdoc/>
    public MachineStatus GetStatus()
    {
        var state = State;
        // A device is asked without the lock, since it may take its time.
        var faults = state == MachineStates.Running ? hosted.Machine.Devices.ToDictionary(device => device.Id, device => hosted.ReadsFault(device.Id)) : [];
        lock (_lock)
        {
            return new MachineStatus
            {
                Name = file.Name,
                ProcessId = Environment.ProcessId,
                State = state,
                Reason = state == MachineStates.Failed ? hosted.Failure ?? _reason : _reason,
                Accelerator = hosted.Machine.Accelerator,
                Vcpus = hosted.Machine.VcpuCount,
                MemoryBytes = hosted.Machine.Memory.TotalBytes,
                Listening = _listening,
                // Before a machine arrived whole, its memory says nothing.
                Guest = state is MachineStates.Waiting or MachineStates.Arriving ? null : hosted.ReadGuest(),
                Devices = [.. hosted.Machine.Devices.Select(device => new DeviceStatus(
                    device.Id, device.Kind, VfioMigrationNames.Of(device.State), faults.GetValueOrDefault(device.Id), hosted.ReadIommu(device.Id), hosted.ReadKernel(device.Id)))],
                Arrived = _arrivedDevices,
                Migration = _progress,
            };
        }
    }

    /// <inheritdoc/>
    public async Task<MigrationDocument> MigrateAsync(
        MigrateRequest request, Action<ProgressDocument> progress, Action<EventDocument> events, CancellationToken cancellation)
    {
        MigrateChoices.Validate(request);
        using var cancelling = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            RequireState(ControlVerbs.Migrate, MachineStates.Running);
            (_state, _reason, _cancelling, _migration) = (MachineStates.Migrating, null, cancelling, ended.Task);
        }

        var departure = new Departure(file.Name, hosted, request);
        lock (_lock)
        {
            _departure = departure;
        }

        var next = (State: MachineStates.Running, Reason: (string?)null);
        try
        {
            var report = await departure.RunAsync(
                each =>
                {
                    lock (_lock)
                    {
                        _progress = each;
                    }

                    progress(each);
                },
                events,
                cancelling.Token).ConfigureAwait(false);
            next = departure.StateAfter(report);
            return report;
        }
        catch (Exception e)
        {
            next = departure.StateAfterFailure(e);
            throw;
        }
        finally
        {
            lock (_lock)
            {
                (_state, _reason, _progress, _cancelling) = (next.State, next.Reason, null, null);
                _departure = null;
                _settle = departure.SettleAsync;
            }

            ended.SetResult();
            if (next.State == MachineStates.Moved)
            {
                _moved.TrySetResult();
            }
        }
    }

    /// <inheritdoc/>
    public async Task CancelMigrationAsync()
    {
        Task migration, attachment;
        lock (_lock)
        {
            (migration, attachment) = (_migration, _attachment);
            _cancelling?.Cancel();
        }

        await migration.ConfigureAwait(false);
        await attachment.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public PlanningDocument Plan(MigrateRequest request)
    {
        MigrateChoices.Validate(request);
        lock (_lock)
        {
            RequireState(ControlVerbs.Plan, MachineStates.Running, MachineStates.Paused, MachineStates.Waiting);
        }

        return Planning.Describe(file.Name, hosted, request);
    }

    /// <inheritdoc/>
    public Task TrackAsync(TrackRequest request, CancellationToken cancellation)
    {
        request.Validate();
        Departure? departure;
        lock (_lock)
        {
            RequireState(ControlVerbs.Track, MachineStates.Migrating);
            departure = _departure;
        }

        return (departure ?? throw new ControlException(ControlErrors.WrongState, "track: the migration has only begun; try again")).TrackAsync(request).WaitAsync(cancellation);
    }

    /// <inheritdoc/>
    public async Task<AttachDocument> AttachAsync(AttachRequest request)
    {
        var device = request.ToSettings();
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_state == MachineStates.Migrating)
            {
                throw new ControlException(
                    ControlErrors.WrongState, $"attach: '{file.Name}' is being moved to a machine that has the devices it had; attach {device.Id} when it has arrived, or cancel the migration first");
            }

            RequireState(ControlVerbs.Attach, MachineStates.Running, MachineStates.Paused);
            _attachment = ended.Task;
        }

        try
        {
            return new AttachDocument(device.Id, await Task.Run(() => hosted.Attach(device)).ConfigureAwait(false));
        }
        catch (MachineException e)
        {
            throw new ControlException(ControlErrors.Failed, $"attach: {e.Message} The machine goes on as before.");
        }
        finally
        {
            ended.SetResult();
        }
    }

    /// <inheritdoc/>
    public RegisterDocument AccessRegister(RegisterRequest request)
    {
        request.Validate();
        lock (_lock)
        {
            RequireState(ControlVerbs.Register, MachineStates.Running, MachineStates.Paused);
            try
            {
                return hosted.AccessRegister(request);
            }
            catch (MachineException e)
            {
                throw new ControlException(ControlErrors.Failed, $"register: {e.Message}");
            }
        }
    }

    /// <inheritdoc/>
    public void Pause()
    {
        lock (_lock)
        {
            RequireState(ControlVerbs.Pause, MachineStates.Running, MachineStates.Paused);
            hosted.Machine.PauseVcpus();
            _state = MachineStates.Paused;
        }
    }

    /// <inheritdoc/>
    public void Resume()
    {
        lock (_lock)
        {
            RequireState(ControlVerbs.Resume, MachineStates.Running, MachineStates.Paused);
            hosted.Machine.ResumeVcpus();
            _state = MachineStates.Running;
        }
    }

    /// <inheritdoc/>
    public Task<SelfCheckDocument> SelfCheckAsync(CancellationToken cancellation)
    {
        lock (_lock)
        {
            RequireState(ControlVerbs.SelfCheck, MachineStates.Running);
        }

        return hosted.SelfCheckAsync(cancellation);
    }

    /// <inheritdoc/>
    public async Task SettleAsync(SettleChoice choice, CancellationToken cancellation)
    {
        Func<SettleChoice, CancellationToken, Task<(string State, string? Reason)>> settle;
        lock (_lock)
        {
            RequireState(ControlVerbs.Settle, MachineStates.InDoubt);
            settle = _settle ?? throw new ControlException(ControlErrors.WrongState, "settle: it is being settled already");
            _settle = null;
        }

        try
        {
            var (state, reason) = await settle(choice, cancellation).ConfigureAwait(false);
            lock (_lock)
            {
                (_state, _reason) = (state, reason);
            }

            if (state == MachineStates.Moved)
            {
                _moved.TrySetResult();
            }
        }
        finally
        {
            lock (_lock)
            {
                _settle = settle;
            }
        }
    }

    /// <inheritdoc/>
    public void Quit() => _quit.TrySetResult();

    private void SetState(string state)
    {
        lock (_lock)
        {
            _state = state;
        }
    }

    private void ShowArrival(ProgressDocument progress)
    {
        lock (_lock)
        {
            // Once it runs, whoever controls it has a say in its state.
            if (!_arrived.Task.IsCompleted)
            {
                (_state, _progress) = (MachineStates.Arriving, progress);
            }
        }
    }

    private void SetArrived()
    {
        lock (_lock)
        {
            (_listening, _progress, _state, _reason) = (null, null, MachineStates.Running, null);
            _arrived.TrySetResult();
        }
    }

    private void RequireState(string verb, params ReadOnlySpan<string> states)
    {
        if (!_attachment.IsCompleted)
        {
            throw new ControlException(ControlErrors.WrongState, $"{verb}: a device is being attached to '{file.Name}'; try again");
        }

        if (!states.Contains(_state))
        {
            throw new ControlException(
                ControlErrors.WrongState,
                string.Create(CultureInfo.InvariantCulture, $"{verb}: the machine '{file.Name}' is {_state}{(_reason is null ? "" : $" ({_reason})")}, and has to be {string.Join(" or ", states.ToArray())} for that"));
        }
    }
}
