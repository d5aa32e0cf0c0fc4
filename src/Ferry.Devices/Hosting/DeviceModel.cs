using Ferry.Devices.Dma;
using Ferry.Devices.Interrupts;
using Ferry.Devices.Migration;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.VfioUser;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Devices.Hosting;

/// <summary>What every device has: DMA windows and their log, interrupts, migration states, and the streaming of its state.</summary>
/// <remarks>
/// A model adds its registers and its work. It does its work on threads of its own and reaches guest memory only through <see cref="Dma"/>,
/// which logs; the framework tells it when it must not: see <see cref="Quiesce"/>. All members that the server calls come from one thread.
/// <code>
///   RUNNING, PRE_COPY            Run()                 it works
///   RUNNING_P2P, PRE_COPY_P2P    AllowPeerDma(false)   it works, and starts no DMA to other devices
///   STOP, STOP_COPY, RESUMING    Quiesce()             it writes no memory, signals no interrupt, changes no state of its own
///   ERROR                        Quiesce()             the same, until it is reset
/// </code>
/// </remarks>
public abstract class DeviceModel : IVfioUserDevice, IPageTableDevice, IDisposable
{
    private readonly DeviceDescription _description;
    private readonly MigrationStates _states;
    private readonly StateSaver _saver;
    private readonly StateLoader _loader;
    private bool _isRunning;

    /// <summary>A device, not running yet: the model calls <see cref="Start"/> when it is made.</summary>
    /// <exception cref="ArgumentException">The description is beyond a limit.</exception>
    protected DeviceModel(DeviceDescription description)
    {
        _description = description;
        Dma = new DmaWindows(description.MaxDmaMaps, new DmaLogLimits(
            description.DmaLogPageSizes, description.DmaLogMaxRanges, description.DmaLogMaxBitmapBytes)
        {
            Mode = description.DmaLogMode,
            MaxPinnedPages = description.DmaMaxPinnedPages,
        });
        Interrupts = new InterruptLines(description.InterruptCounts);
        _states = new MigrationStates(description.Migration, TakeArc);
        _saver = new StateSaver(description.Model, description.StateVersion, description.State);
        _loader = new StateLoader(description.Model, description.StateVersion, description.State);
    }

    /// <inheritdoc/>
    public IReadOnlyList<VfioUserRegion> Regions => _description.Regions;

    /// <inheritdoc/>
    public IReadOnlyList<uint> InterruptCounts => _description.InterruptCounts;

    /// <inheritdoc/>
    public VfioMigrationFlags Migration => _description.Migration;

    /// <inheritdoc/>
    public IReadOnlyList<PageSize> DmaLogPageSizes => _description.DmaLogPageSizes;

    /// <inheritdoc/>
    public int DmaLogMaxRanges => _description.DmaLogMaxRanges;

    /// <summary>What its DMA log reports.</summary>
    public DmaLogMode DmaLogMode => _description.DmaLogMode;

    /// <summary>Whether its client may watch the page table of the process that it is in.</summary>
    public bool SharesPageTable => _description.SharesPageTable;

    /// <inheritdoc/>
    public VfioDeviceState State => _states.Current;

    /// <summary>What it did so far; may be read from any thread.</summary>
    public abstract DeviceCounters Counters { get; }

    /// <summary>What does DMA to memory that was mapped without a descriptor: the server. Set it before one begins to serve.</summary>
    public IDmaMessages? DmaMessages
    {
        get => Dma.Messages;
        set => Dma.Messages = value;
    }

    /// <summary>Guest memory, as far as the client mapped it.</summary>
    protected DmaWindows Dma { get; }

    /// <summary>The interrupts.</summary>
    protected InterruptLines Interrupts { get; }

    /// <inheritdoc/>
    public abstract void RegionRead(int region, ulong offset, Span<byte> data);

    /// <inheritdoc/>
    public abstract void RegionWrite(int region, ulong offset, ReadOnlySpan<byte> data);

    /// <inheritdoc/>
    public void DmaMap(IovaRange range, ulong fileOffset, bool read, bool write, SafeFileHandle? file) =>
        Dma.Map(range, fileOffset, read, write, file);

    /// <inheritdoc/>
    public void DmaUnmap(IovaRange range, DirtyBitmap? dirty) => Dma.Unmap(range, dirty);

    /// <inheritdoc/>
    public void DmaUnmapAll() => Dma.UnmapAll();

    /// <inheritdoc/>
    public IReadOnlyList<MappedWindow> GetMappedWindows() => Dma.GetMapped();

    /// <inheritdoc/>
    public void SetInterrupts(int index, int start, IReadOnlyList<SafeFileHandle?> events) => Interrupts.Set(index, start, events);

    /// <inheritdoc/>
    public void Reset()
    {
        Abandon();
        Dma.UnpinAll();
        ResetState();
        _states.Reset();
        Start();
    }

    /// <inheritdoc/>
    public void SetState(VfioDeviceState next)
    {
        try
        {
            _states.Set(next);
        }
        finally
        {
            if (State == VfioDeviceState.Error)
            {
                Abandon();
            }
        }
    }

    /// <inheritdoc/>
    public int ReadMigrationData(Span<byte> buffer) =>
        _saver.IsOpen
            ? _saver.Read(buffer, State == VfioDeviceState.StopCopy)
            : throw new VfioUserException(Errno.Invalid, $"State is read in PRE_COPY, PRE_COPY_P2P and STOP_COPY, not in {State}.");

    /// <inheritdoc/>
    public void WriteMigrationData(ReadOnlySpan<byte> data)
    {
        if (State != VfioDeviceState.Resuming)
        {
            throw new VfioUserException(Errno.Invalid, $"State is written in RESUMING, not in {State}.");
        }

        _loader.Write(data);
    }

    /// <inheritdoc/>
    public ulong? EstimateStopCopyBytes() => Migration == VfioMigrationFlags.None ? null : _saver.EstimateStopCopyBytes;

    /// <inheritdoc/>
    public void StartDmaLog(IReadOnlyList<IovaRange> ranges, PageSize pageSize) => Dma.StartLog(ranges, pageSize);

    /// <inheritdoc/>
    public void StopDmaLog() => Dma.StopLog();

    /// <inheritdoc/>
    public void ReportDmaLog(IovaRange range, DirtyBitmap bitmap) => Dma.ReportLog(range, bitmap);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Lets the device run, once the model is made.</summary>
    protected void Start()
    {
        AllowPeerDma(true);
        EnsureRunning();
    }

    /// <summary>Begins to work, or goes on.</summary>
    protected abstract void Run();

    /// <summary>Allows DMA to other devices, or forbids it: then none is under way when this returns.</summary>
    protected abstract void AllowPeerDma(bool isAllowed);

    /// <summary>Ends all work: when it returns, no DMA and no interrupt is under way and none begins until <see cref="Run"/>.</summary>
    protected abstract void Quiesce();

    /// <summary>Makes the device as new, but for its mappings, log and interrupts; it is quiesced, and nothing is pinned any more.</summary>
    protected abstract void ResetState();

    /// <summary>Brings the sections that are no pre-copy sections up to date; it is quiesced, and they are saved next.</summary>
    protected abstract void SealState();

    /// <summary>Takes over what stands in the sections now; it is quiesced, and nothing is pinned: it pins again what it needs when it
    /// runs. The bytes are whole, but come from a peer.</summary>
    /// <exception cref="VfioUserException">A device of this kind can't be in that state.</exception>
    protected abstract void ApplyState();

    /// <summary>Frees what the device holds; the model overrides it to end its threads first.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            Interrupts.Dispose();
            Dma.Dispose();
        }
    }

    private static bool Works(VfioDeviceState state) =>
        state is VfioDeviceState.Running or VfioDeviceState.RunningP2P or VfioDeviceState.PreCopy or VfioDeviceState.PreCopyP2P;

    private static bool Saves(VfioDeviceState state) =>
        state is VfioDeviceState.PreCopy or VfioDeviceState.PreCopyP2P or VfioDeviceState.StopCopy;

    private void TakeArc(VfioDeviceState from, VfioDeviceState to)
    {
        if (Works(from) && !Works(to))
        {
            EnsureQuiesced();
        }

        MoveSession(from, to);
        if (Works(to))
        {
            AllowPeerDma(to is VfioDeviceState.Running or VfioDeviceState.PreCopy);
            EnsureRunning();
        }
    }

    private void MoveSession(VfioDeviceState from, VfioDeviceState to)
    {
        if (Saves(from) && !Saves(to))
        {
            _saver.Close();
        }
        else if (Saves(to) && !Saves(from))
        {
            _saver.Open();
        }

        if (to == VfioDeviceState.StopCopy)
        {
            SealState();
        }
        else if (to == VfioDeviceState.Resuming)
        {
            // What comes is of another device, whose memory this one has not pinned.
            Dma.UnpinAll();
            _loader.Open();
        }
        else if (from == VfioDeviceState.Resuming)
        {
            _loader.Complete();
            ApplyState();
        }
    }

    private void Abandon()
    {
        EnsureQuiesced();
        _saver.Close();
        _loader.Close();
    }

    private void EnsureRunning()
    {
        if (!_isRunning)
        {
            _isRunning = true;
            Run();
        }
    }

    private void EnsureQuiesced()
    {
        if (_isRunning)
        {
            Quiesce();
            _isRunning = false;
        }
    }
}
