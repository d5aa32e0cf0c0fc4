using System.Diagnostics;
using Ferry.Linux;
using Ferry.Machine.Programs;

namespace Ferry.Machine.Vcpus;

/// <summary>The thread of a vCPU: runs it, answers its exits, parks it on request.</summary>
/// <remarks>It starts parked. Pause, resume and throttle come from one thread at a time.</remarks>
internal sealed class VcpuRunner : IDisposable
{
    private const int TransfersPerGrant = 32;
    private const int MostFullInARow = 10_000;
    private static readonly TimeSpan IdleWait = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan ThrottlePeriod = TimeSpan.FromMilliseconds(10);

    private readonly int _index;
    private readonly IVcpuHost _host;
    private readonly TransferPace _pace;
    private readonly Thread _thread;
    private readonly object _gate = new();
    private readonly ManualResetEventSlim _attention = new(initialState: true);
    private bool _isParkWanted = true;
    private bool _isParked;
    private bool _isEnding;
    private bool _isCheckWanted;
    private int _throttlePercent;
    private int _fullInARow;
    private long _sliceStart;

    public VcpuRunner(int index, Vcpu vcpu, IVcpuHost host, double? transfersPerSecond)
    {
        (_index, Vcpu, _host, _pace) = (index, vcpu, host, new TransferPace(transfersPerSecond));
        _thread = new Thread(Loop) { IsBackground = true, Name = $"vcpu{index}" };
        _thread.Start();
        WaitParked();
    }

    /// <summary>The vCPU; to be touched only while it is parked.</summary>
    public Vcpu Vcpu { get; }

    /// <summary>Asks it to park; <see cref="WaitParked()"/> says when it has.</summary>
    public void RequestPark()
    {
        Volatile.Write(ref _isParkWanted, true);
        _attention.Set();
        Vcpu.Kick();
    }

    /// <summary>Waits until it does not execute.</summary>
    public void WaitParked()
    {
        while (!WaitParked(Timeout.InfiniteTimeSpan))
        {
        }
    }

    /// <summary>The same, for a time.</summary>
    /// <returns>Whether it does not execute.</returns>
    public bool WaitParked(TimeSpan timeout)
    {
        lock (_gate)
        {
            return _isParked || (Monitor.Wait(_gate, timeout) && _isParked);
        }
    }

    /// <summary>Lets it run.</summary>
    public void Resume()
    {
        lock (_gate)
        {
            Volatile.Write(ref _isParkWanted, false);
            _attention.Reset();
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Takes away part of its time.</summary>
    public void Throttle(int percent) => Volatile.Write(ref _throttlePercent, percent);

    /// <summary>Lets the program check everything at its next turn.</summary>
    public void RequestCheck() => Volatile.Write(ref _isCheckWanted, true);

    /// <summary>Ends the thread; the vCPU stays.</summary>
    public void Dispose()
    {
        RequestPark();
        WaitParked();
        lock (_gate)
        {
            _isEnding = true;
            Monitor.PulseAll(_gate);
        }

        _thread.Join();
        _attention.Dispose();
    }

    private void Loop()
    {
        Vcpu.EnterThread();
        while (true)
        {
            if (Volatile.Read(ref _isParkWanted) && !Park())
            {
                return;
            }

            try
            {
                Handle(Vcpu.Run());
            }
            catch (Exception e)
            {
                // A vCPU that can't run stays where it is: the machine says so, and can still be saved or looked at.
                _host.OnFault(_index, e.Message);
                Volatile.Write(ref _isParkWanted, true);
            }
        }
    }

    /// <summary>Stays here until it may run again; false where the thread is to end.</summary>
    private bool Park()
    {
        try
        {
            Vcpu.Settle();
        }
        catch (KernelCallException e)
        {
            _host.OnFault(_index, e.Message);
        }

        lock (_gate)
        {
            _isParked = true;
            Monitor.PulseAll(_gate);
            while (_isParkWanted && !_isEnding)
            {
                Monitor.Wait(_gate);
            }

            _isParked = _isEnding;
        }

        _pace.Restart();
        _sliceStart = Stopwatch.GetTimestamp();
        return !_isEnding;
    }

    private void Handle(VcpuExit exit)
    {
        switch (exit)
        {
            case VcpuExit.Interrupted when !Volatile.Read(ref _isParkWanted):
                // A kick that came when it had parked already. A park that is wanted from now on is seen before the next run.
                Vcpu.Settle();
                break;
            case VcpuExit.PortIn when Vcpu.Address == GuestPorts.Budget:
                _fullInARow = 0;
                _host.OnTurn();
                Throttle();
                Vcpu.Answer(Grant());
                break;
            case VcpuExit.PortIn:
                Throttle();
                Vcpu.Answer(0);
                break;
            case VcpuExit.PortOut when Vcpu.Address == GuestPorts.Error:
                _host.OnError(_index, Vcpu.Value);
                break;
            case VcpuExit.PortOut when Vcpu.Address == GuestPorts.CheckDone:
                _host.OnCheckDone(_index);
                break;
            case VcpuExit.RegisterRead:
                Vcpu.Answer(_host.ReadRegister(Vcpu.Address));
                break;
            case VcpuExit.RegisterWrite:
                _host.WriteRegister(Vcpu.Address, Vcpu.Value);
                break;
            case VcpuExit.DirtyRingFull:
                MakeRoom();
                break;
            case VcpuExit.Failed:
                _host.OnFault(_index, Vcpu.Fault ?? "unknown");
                Volatile.Write(ref _isParkWanted, true);
                break;
        }
    }

    /// <summary>Harvests a full ring; where that does not help, the kernel has lost count of it and the vCPU would never run again.</summary>
    private void MakeRoom()
    {
        _fullInARow = _host.HarvestDirtyRings() ? 0 : _fullInARow + 1;
        if (_fullInARow == MostFullInARow)
        {
            _host.OnFault(_index, "its dirty ring stays full though it was harvested");
            Volatile.Write(ref _isParkWanted, true);
        }
    }

    /// <summary>What the program may do now; waits a little where that is nothing.</summary>
    private uint Grant()
    {
        if (Volatile.Read(ref _isCheckWanted))
        {
            Volatile.Write(ref _isCheckWanted, false);
            return GuestPorts.CheckRequested;
        }

        var granted = _pace.Take(TransfersPerGrant);
        if (granted == 0 && !_host.IsBusy(_index))
        {
            _attention.Wait(IdleWait);
            granted = _pace.Take(TransfersPerGrant);
        }

        return (uint)granted;
    }

    /// <summary>Sleeps the part of each period that is taken away.</summary>
    private void Throttle()
    {
        var percent = Volatile.Read(ref _throttlePercent);
        if (percent == 0)
        {
            _sliceStart = Stopwatch.GetTimestamp();
            return;
        }

        var ran = Stopwatch.GetElapsedTime(_sliceStart);
        if (ran < ThrottlePeriod * ((100 - percent) / 100.0))
        {
            return;
        }

        // In proportion to what it ran, for one turn of the program may be longer than its share of the period; but not to the time in
        // which a busy host ran others instead.
        var ranAtMost = ran < ThrottlePeriod ? ran : ThrottlePeriod;
        var rested = Stopwatch.GetTimestamp();
        _attention.Wait(ranAtMost * (percent / (100.0 - percent)));
        _pace.Skip(rested);
        _sliceStart = Stopwatch.GetTimestamp();
    }
}
