using System.Buffers;
using System.Buffers.Binary;
using Ferry.Migration.Execution;
using Ferry.Migration.Pages;
using Ferry.Migration.Planning;
using Ferry.Migration.Reports;
using Ferry.Migration.Wire;

namespace Ferry.Migration.Source;

/// <summary>Carries out the source's steps one by one, and remembers what a rollback has to undo.</summary>
internal sealed class SourceSteps
{
    private readonly SourceContext _context;
    private readonly DirtyPages _dirty;
    private readonly Dictionary<string, DeviceSender> _devices;
    private readonly ArrayBufferWriter<byte> _state = new(64 << 10);
    private readonly List<PlanStep> _done = [];

    internal SourceSteps(SourceContext context, DirtyPages dirty)
    {
        (_context, _dirty) = (context, dirty);
        _devices = context.Machine.Devices.Select((device, i) => new DeviceSender((uint)i, device, context.Events)).ToDictionary(device => device.Id, StringComparer.Ordinal);
    }

    internal SourceLink? Link { get; set; }

    internal ChannelTeam? Team { get; set; }

    internal HandOver? HandOver { get; set; }

    internal IReadOnlyCollection<DeviceSender> Devices => _devices.Values;

    /// <summary>The processor time of threads that the steps themselves started.</summary>
    internal TimeSpan CrewCpu { get; private set; }

    /// <summary>What a rollback has to know: trackers that were started and stopped, and whether the vCPUs were paused.</summary>
    internal IReadOnlyList<PlanStep> Done => _done;

    internal void Run(IReadOnlyList<PlanStep> steps)
    {
        for (var i = 0; i < steps.Count; i++)
        {
            _context.ThrowIfGivenUp();

            var begun = _context.Clock.Begin(steps[i]);
            Run(steps[i]);
            _context.Clock.End(steps[i], begun);
        }
    }

    /// <summary>Sends what the destination can load while the guest runs here, so that less is left for when it does not.</summary>
    internal void SendAhead()
    {
        _state.ResetWrittenCount();
        _context.Machine.SaveAhead(_state);
        if (_state.WrittenCount > 0)
        {
            SendState(ControlKind.AheadData, ControlKind.AheadEnd);
        }
    }

    internal ulong EstimateStopCopyBytes()
    {
        ulong sum = 0;
        foreach (var device in _devices.Values)
        {
            sum += device.EstimateStopCopyBytes();
        }

        return sum;
    }

    private void Run(PlanStep step)
    {
        switch (step)
        {
            case PlanStep.StartTracker start:
                _context.Trackers.Start(start.Tracker, [.. _context.Machine.Memory.Regions.Select(region => region.Range)]);
                _done.Add(step);
                break;
            case PlanStep.StopTracker stop:
                _context.Trackers.Stop(stop.Tracker);
                _done.Add(step);
                break;
            case PlanStep.MarkAllDirty: _dirty.MarkAll(_context.IsQuiesced); break;
            case PlanStep.Sync:
                _dirty.Sync(_context.IsQuiesced);
                _context.Trackers.Tell(_context.Events);
                break;
            case PlanStep.CopyDirty: CopyDirty(); break;
            case PlanStep.DeviceArc arc: Device(arc.Device).SetState(arc.To); break;
            case PlanStep.DevicePreCopy device: Device(device.Device).SendPreCopy(_context, Link!.Control); break;
            case PlanStep.DeviceStopCopy device: Device(device.Device).SendStopCopy(_context, Link!.Control); break;
            case PlanStep.PauseVcpus: PauseVcpus(step); break;
            case PlanStep.SendVcpus: SendVcpus(); break;
            case PlanStep.Verify: Verify(); break;
            case PlanStep.Prepare: HandOver!.Prepare(); break;
            case PlanStep.Commit: HandOver!.Commit(); break;
            default: throw new MigrationFailedException(FailureKind.Error, $"The step '{StepNames.Of(step)}' is none for a source.");
        }
    }

    private DeviceSender Device(string id) => _devices.TryGetValue(id, out var device)
        ? device
        : throw new MigrationFailedException(FailureKind.Error, $"The plan names device {id}, which the machine doesn't have.");

    private void CopyDirty()
    {
        _context.Round++;
        _context.RoundPages = _dirty.Count + _dirty.UntouchedCount;
        _context.PagesBeforeRound = Team!.SentPages + Team.ZeroPages;
        Team.Copy(Link!);
    }

    private void PauseVcpus(PlanStep step)
    {
        // It counts as done from here on: after a failure nobody knows how many are paused, and resuming does no harm.
        _done.Add(step);
        _context.PauseBegan = _context.Host.Now();
        _context.Machine.PauseVcpus();
        _context.AreVcpusPaused = true;
        Link!.Control.Send(ControlKind.Paused, []);
    }

    private void SendVcpus()
    {
        _state.ResetWrittenCount();
        _context.Machine.SaveVcpus(_state);
        SendState(ControlKind.VcpuData, ControlKind.VcpuEnd);
    }

    private void SendState(ControlKind data, ControlKind end)
    {
        ulong hash = 0;
        var limit = ControlHeader.LimitOf(data);
        for (var rest = _state.WrittenSpan; !rest.IsEmpty;)
        {
            var part = rest[..Math.Min(limit, rest.Length)];
            hash = StateHash.Add(hash, part);
            Link!.Control.Send(data, part);
            rest = rest[part.Length..];
        }

        Span<byte> account = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(account, (ulong)_state.WrittenCount);
        BinaryPrimitives.WriteUInt64LittleEndian(account[8..], hash);
        Link!.Control.Send(end, account);
    }

    private void Verify()
    {
        _context.Phase = MigrationPhase.Verify;
        Link!.Control.Send(ControlKind.Verify, []);
        var hash = MemoryHasher.Hash(_context.Host, _context.Machine, _context.Layout, Math.Clamp(_context.Host.Processors, 1, 16), _context.ThrowIfGivenUp, out var cpu);
        CrewCpu += cpu;
        Link.Await(ControlKind.VerifyResult);
        var reader = new FrameReader(ControlKind.VerifyResult, Link.Control.Received);
        var total = reader.UInt64();
        _context.MemoryHash = hash.Total;
        _context.MemoryVerified = total == hash.Total;
        if (total == hash.Total)
        {
            return;
        }

        for (var group = 0; group < hash.Groups.Length; group++)
        {
            if (reader.UInt64() != hash.Groups[group])
            {
                var first = _context.Layout.AddressOf(hash.FirstStripe(group) * PageLayout.StripePages);
                throw new MigrationFailedException(
                    FailureKind.Verification, $"Verification failed: memory differs, first within the {hash.FirstStripe(group + 1) - hash.FirstStripe(group)} stripes of 4 MiB from {first}.");
            }
        }

        throw new MigrationFailedException(FailureKind.Verification, "Verification failed: memory differs.");
    }
}
