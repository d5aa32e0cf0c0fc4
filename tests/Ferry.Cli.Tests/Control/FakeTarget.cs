using Ferry.Cli.Control;
using Ferry.Cli.Documents;
using Ferry.Cli.Events;

namespace Ferry.Cli.Tests.Control;

/// <summary>A machine that does as the test says.</summary>
internal sealed class FakeTarget : IControlTarget
{
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Quits { get; private set; }

    public SettleChoice? Settled { get; private set; }

    public MigrateRequest? Migrated { get; private set; }

    public Func<Action<ProgressDocument>, Task> WhileMigrating { get; set; } = _ => Task.CompletedTask;

    public Task<AttachDocument> AttachAsync(AttachRequest request) => Task.FromResult(new AttachDocument(request.ToSettings().Id, IsDriven: true));

    public List<EventDocument> Events { get; } = [];

    public Task Cancelled => _cancelled.Task;

    public static MigrationDocument Report { get; } = new()
    {
        Verified = true,
        MemoryVerified = true,
        GuestVerified = null,
        RunsAt = RunsAt.Destination,
        Accelerator = "kvm",
        MemoryBytes = 1 << 30,
        Rounds = 3,
        Converged = true,
        SetupSeconds = 0.1,
        PopulateSeconds = 0.2,
        TotalSeconds = 1,
        DowntimeSeconds = 0.01,
        DowntimeParts = [],
        SentBytes = 1000,
        SentPages = 10,
        ZeroPages = 20,
        BytesPerSecond = 1000,
        SourceCpuSeconds = 0.5,
        DestinationCpuSeconds = 0.5,
        SourceExtraRssBytes = 100,
        Trackers = [new TrackerDocument("kvm-log", ["vcpus"], 4096, "exact", 3, 100, 0.001, 0, null, null, null)],
        Devices = [new DeviceDocument("nic0", ["RUNNING", "PRE_COPY", "STOP_COPY", "RESUMING", "RUNNING"], 10, 20)],
        Steps = [new StepDocument("round 1", 0.5)],
        RoundDetails = [new RoundDocument(1, 100, 1000, 0.5, 2000)],
    };

    public MachineStatus GetStatus() => new()
    {
        Name = "fake",
        ProcessId = 1,
        State = MachineStates.Running,
        Accelerator = "kvm",
        Vcpus = 1,
        MemoryBytes = 4096,
        Devices = [],
    };

    public async Task<MigrationDocument> MigrateAsync(
        MigrateRequest request, Action<ProgressDocument> progress, Action<EventDocument> events, CancellationToken cancellation)
    {
        Migrated = request;
        await WhileMigrating(progress);
        Events.ForEach(events);
        return Report;
    }

    public Task CancelMigrationAsync()
    {
        _cancelled.TrySetResult();
        return Task.CompletedTask;
    }

    public PlanningDocument Plan(MigrateRequest request) => new("fake", true, [], [], [], null);

    public Task TrackAsync(TrackRequest request, CancellationToken cancellation)
    {
        request.Validate();
        return Task.CompletedTask;
    }

    public RegisterDocument AccessRegister(RegisterRequest request)
    {
        request.Validate();
        return new RegisterDocument(request.Device, request.Region, request.Offset, request.Bytes, request.Value ?? 7);
    }

    public void Pause() => throw new ControlException(ControlErrors.WrongState, "it is paused already");

    public void Resume() => throw new InvalidOperationException("a defect of the machine's");

    public Task<SelfCheckDocument> SelfCheckAsync(CancellationToken cancellation) => Task.FromResult(new SelfCheckDocument(true, 1, 2, 0, null, 0.1));

    public Task SettleAsync(SettleChoice choice, CancellationToken cancellation)
    {
        Settled = choice;
        return Task.CompletedTask;
    }

    public void Quit() => Quits++;
}
