using Ferry.Linux.Vfio;
using Ferry.Migration.Planning;
using static Ferry.Linux.Vfio.VfioDeviceState;

namespace Ferry.Migration.Tests.Planning;

/// <summary>One side of a migration as the kernel's rules see it: who may write what, and which of that has reached the other side.</summary>
/// <remarks>Everything that can write does so after every step. Knows nothing of how plans are made.</remarks>
internal sealed class PlanModel
{
    internal const string Vcpus = "vcpus";

    private readonly PlanRequest _request;
    private readonly Dictionary<string, PlanDevice> _devices;
    private readonly bool _isDestination;
    private readonly HashSet<string> _fresh = [];
    private readonly Dictionary<string, PlanStep.StartTracker> _started = [];
    private readonly HashSet<string> _everStarted = [];
    private readonly HashSet<string> _unreported = [];
    private readonly HashSet<string> _unseen = [];
    private readonly HashSet<string> _saved = [];
    private readonly List<string> _violations;
    private bool _bitmapHoldsPages;
    private bool _vcpusSaved;
    private bool _verified;
    private bool _prepared;

    internal PlanModel(PlanRequest request, bool isDestination, List<string> violations)
    {
        _request = request;
        _devices = request.Devices.ToDictionary(device => device.Id);
        _isDestination = isDestination;
        _violations = violations;
        States = request.Devices.ToDictionary(device => device.Id, _ => Running);
        VcpusRun = !isDestination;
        if (isDestination)
        {
            _fresh.UnionWith(_devices.Keys);
        }
        else
        {
            // All that was written before the migration still has to be copied.
            _unseen.UnionWith([Vcpus, .. _devices.Keys]);
        }
    }

    internal Dictionary<string, VfioDeviceState> States { get; }

    internal bool VcpusRun { get; private set; }

    internal bool Committed { get; private set; }

    internal int TrackersStarted => _started.Count;

    internal void Run(IEnumerable<PlanStep> steps)
    {
        foreach (var step in steps)
        {
            Run(step);
        }
    }

    internal void Run(PlanStep step)
    {
        Check(!Committed || _isDestination, $"{step} after the commit");
        switch (step)
        {
            case PlanStep.DeviceArc arc: Take(arc); break;
            case PlanStep.StartTracker start: Begin(start); break;
            case PlanStep.StopTracker stop: End(stop.Tracker); break;
            case PlanStep.MarkAllDirty:
                _unseen.Clear();
                _unreported.Clear();
                _bitmapHoldsPages = true;
                break;
            case PlanStep.Sync:
                _bitmapHoldsPages |= _unreported.Count > 0;
                _unreported.Clear();
                break;
            case PlanStep.CopyDirty: _bitmapHoldsPages = false; break;
            case PlanStep.DevicePreCopy send: Check(States[send.Device] is PreCopy or PreCopyP2P, $"{step} in {States[send.Device]}"); break;
            case PlanStep.DeviceStopCopy send:
                Check(States[send.Device] == StopCopy, $"{step} in {States[send.Device]}");
                Check(_saved.Add(send.Device), $"{step} twice");
                break;
            case PlanStep.PauseVcpus:
                Check(VcpusRun, $"{step} while they are stopped");
                VcpusRun = false;
                break;
            case PlanStep.ResumeVcpus: Resume(); break;
            case PlanStep.SendVcpus:
                Check(!VcpusRun && !_vcpusSaved, $"{step} while they run, or twice");
                _vcpusSaved = true;
                break;
            case PlanStep.Verify:
                CheckMemoryMoved(step);
                _verified = true;
                break;
            case PlanStep.Prepare: Prepare(step); break;
            case PlanStep.Commit:
                Check(_prepared, $"{step} before the destination was asked");
                CheckMemoryMoved(step);
                Committed = true;
                break;
            case PlanStep.LoadDevice load:
                Check(_isDestination && States[load.Device] == Resuming, $"{step} in {States[load.Device]}");
                Check(_saved.Add(load.Device), $"{step} twice");
                break;
            case PlanStep.LoadVcpus:
                Check(_isDestination && !_vcpusSaved, $"{step} on the source, or twice");
                _vcpusSaved = true;
                break;
            default:
                Check(false, $"{step} is not known");
                break;
        }

        Write();
    }

    internal void BeginDestinationStart()
    {
        Check(_saved.SetEquals(_devices.Keys) && _vcpusSaved, "the hand-over commits before all state is loaded");
        Check(States.Values.All(state => state == Stop), "the hand-over commits before all devices have checked their state");
        Committed = true;
    }

    private static bool IsStopped(VfioDeviceState state) => state is Stop or StopCopy or Resuming;

    private bool StartsPeerDma(string device) => States[device] is Running or PreCopy && !_fresh.Contains(device);

    private void Check(bool holds, string violation)
    {
        if (!holds)
        {
            _violations.Add(violation);
        }
    }

    private void Write()
    {
        foreach (var source in _devices.Keys.Where(device => !IsStopped(States[device]) && !_fresh.Contains(device)).Append(VcpusRun ? Vcpus : ""))
        {
            if (source.Length > 0)
            {
                (_started.Values.Any(tracker => tracker.Sources.Contains(source)) ? _unreported : _unseen).Add(source);
            }
        }
    }

    private void Begin(PlanStep.StartTracker start)
    {
        Check(_everStarted.Add(start.Tracker), $"{start} twice");
        _started[start.Tracker] = start;
    }

    private void End(string tracker)
    {
        Check(_started.Remove(tracker, out var stopped), $"tracker {tracker} stops without being started");
        foreach (var source in stopped?.Sources ?? [])
        {
            // What a stopped tracker had not reported is forgotten, unless another one saw it too.
            if (_unreported.Contains(source) && !_started.Values.Any(other => other.Sources.Contains(source)))
            {
                _unreported.Remove(source);
                _unseen.Add(source);
            }
        }
    }

    private void Take(PlanStep.DeviceArc arc)
    {
        var device = _devices[arc.Device];
        Check(States[arc.Device] == arc.From, $"{arc} in {States[arc.Device]}");
        Check(arc.From != arc.To, $"{arc} leads nowhere");
        if (!VfioStateArcs.TryGetPath(States[arc.Device], arc.To, device.Migration, out var path))
        {
            Check(false, $"{arc} is no way for a device that supports {device.Migration}");
            path = [arc.To];
        }

        foreach (var state in path)
        {
            CheckDestinationOrder(arc, state);
            States[arc.Device] = state;
            CheckPeers(arc);
            if (state is Resuming)
            {
                _fresh.Remove(arc.Device);
            }
        }
    }

    private void CheckDestinationOrder(PlanStep.DeviceArc arc, VfioDeviceState next)
    {
        if (_isDestination && States[arc.Device] == Resuming && next == Stop)
        {
            Check(_saved.Contains(arc.Device), $"{arc} before its state is loaded");
        }

        if (_isDestination && !IsStopped(next) && !_fresh.Contains(arc.Device))
        {
            Check(Committed, $"{arc} before the hand-over committed");
        }
    }

    private void CheckPeers(PlanStep.DeviceArc arc)
    {
        foreach (var stopped in _devices.Values.Where(device => IsStopped(States[device.Id])))
        {
            Check(!VcpusRun || stopped.QuiesceEarly, $"{arc}: vCPUs may touch {stopped.Id}, which is stopped");
            foreach (var other in _devices.Values.Where(other => other != stopped && StartsPeerDma(other.Id)))
            {
                Check(!other.Reaches.Contains(stopped.Id), $"{arc}: {other.Id} in {States[other.Id]} may write into {stopped.Id}, which is stopped");
                Check((other.Migration & VfioMigrationFlags.P2P) == 0 || (stopped.QuiesceEarly && !other.QuiesceEarly), $"{arc}: {stopped.Id} is stopped while {other.Id}, which has P2P, is in {States[other.Id]}");
            }
        }
    }

    private void Resume()
    {
        Check(!VcpusRun, "vCPUs resume while they run");
        Check(States.Values.All(state => state == Running), "vCPUs resume before all devices run");
        Check(!_isDestination || _vcpusSaved, "vCPUs run before their state is loaded");
        VcpusRun = true;
    }

    private void CheckMemoryMoved(PlanStep step)
    {
        Check(_unseen.Count == 0, $"{step} while writes of {string.Join(", ", _unseen)} were seen by no tracker");
        Check(_unreported.Count == 0, $"{step} while writes of {string.Join(", ", _unreported)} were not read");
        Check(!_bitmapHoldsPages, $"{step} while dirty pages were not copied");
    }

    private void Prepare(PlanStep step)
    {
        Check(!_prepared, $"{step} twice");
        CheckMemoryMoved(step);
        Check(_saved.SetEquals(_devices.Keys), $"{step} before the state of every device was sent");
        Check(_vcpusSaved, $"{step} before the state of the vCPUs was sent");
        Check(_verified || !_request.Verify, $"{step} before the hashes were compared");
        Check(_started.Count == 0, $"{step} while trackers are started");
        _prepared = true;
    }
}
