using System.Runtime.InteropServices;
using Ferry.Linux.Memory;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Kvm;

/// <summary>A vCPU in KVM. All calls come from the thread that runs it or while it is stopped, but for <see cref="ImmediateExit"/>.</summary>
/// <remarks>Running, and reading or writing state parts, allocates nothing. Source: linux/kvm.h, struct kvm_run.</remarks>
public sealed unsafe class KvmVcpu : IDisposable
{
    private const int Eintr = 4;
    private const int Eagain = 11;
    private const int DirtyRingPageOffset = 64;
    internal const int ImmediateExitOffset = 1;
    internal const int ExitReasonOffset = 8;
    internal const int ExitOffset = 32;
    private readonly SafeFileHandle _handle;
    private readonly MappedMemory _run;
    private readonly MappedMemory? _ring;
    private readonly int _xsaveBytes;
    private readonly string _subject;
    private uint _ringPosition;

    internal KvmVcpu(SafeFileHandle handle, int index, int runBytes, int xsaveBytes, int ringEntries)
    {
        _handle = handle;
        _subject = $"vCPU {index}";
        Index = index;
        _xsaveBytes = Math.Max(xsaveBytes, 4096);
        const MemoryProtection readWrite = MemoryProtection.Read | MemoryProtection.Write;
        try
        {
            _run = MappedMemory.MapShared(handle, 0, (ulong)runBytes, readWrite);
            if (ringEntries > 0)
            {
                _ring = MappedMemory.MapShared(handle, DirtyRingPageOffset * 4096, (ulong)ringEntries * (ulong)sizeof(KvmDirtyGfn), readWrite);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The vCPU's number.</summary>
    public int Index { get; }

    /// <summary>The number of entries of its dirty ring; 0 where it has none.</summary>
    public int DirtyRingEntries => _ring is null ? 0 : (int)(_ring.LengthBytes / (ulong)sizeof(KvmDirtyGfn));

    /// <summary>Makes the next, or the current and interrupted, <see cref="Run"/> return without entering the guest. From any thread.</summary>
    public bool ImmediateExit
    {
        get => Volatile.Read(ref *(RunStart + ImmediateExitOffset)) != 0;
        set => Volatile.Write(ref *(RunStart + ImmediateExitOffset), value ? (byte)1 : (byte)0);
    }

    /// <summary>The port access of the last <see cref="KvmExit.Io"/>: its bytes are to be read (out) or filled (in) before the next run.</summary>
    public Span<byte> IoData
    {
        get
        {
            var run = RunStart;
            return new(run + *(ulong*)(run + ExitOffset + 8), IoSizeBytes * *(int*)(run + ExitOffset + 4));
        }
    }

    /// <summary>The port of the last <see cref="KvmExit.Io"/>.</summary>
    public ushort IoPort => *(ushort*)(RunStart + ExitOffset + 2);

    /// <summary>Whether the last <see cref="KvmExit.Io"/> writes to the port.</summary>
    public bool IoIsOut => RunStart[ExitOffset] == 1;

    /// <summary>The width of the last <see cref="KvmExit.Io"/>: 1, 2 or 4.</summary>
    public int IoSizeBytes => RunStart[ExitOffset + 1];

    /// <summary>The address of the last <see cref="KvmExit.Mmio"/>.</summary>
    public ulong MmioAddress => *(ulong*)(RunStart + ExitOffset);

    /// <summary>The bytes of the last <see cref="KvmExit.Mmio"/>, 1 to 8: to be taken (write) or filled (read) before the next run.</summary>
    public Span<byte> MmioData => new(RunStart + ExitOffset + 8, Math.Min(*(int*)(RunStart + ExitOffset + 16), 8));

    /// <summary>Whether the last <see cref="KvmExit.Mmio"/> is a write.</summary>
    public bool MmioIsWrite => RunStart[ExitOffset + 20] != 0;

    /// <summary>The detail of the last <see cref="KvmExit.FailEntry"/>, <see cref="KvmExit.InternalError"/> or <see cref="KvmExit.Unknown"/>.</summary>
    public ulong FailureDetail => *(ulong*)(RunStart + ExitOffset);

    private byte* RunStart => (byte*)_run.Address.Value;

    /// <summary>Runs the guest until something has to be done for it.</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public KvmExit Run()
    {
        if (KvmCalls.Ioctl(_handle, KvmCalls.Run.Number, 0) >= 0)
        {
            return (KvmExit)(*(uint*)(RunStart + ExitReasonOffset));
        }

        var errno = Marshal.GetLastPInvokeError();
        return errno is Eintr or Eagain ? KvmExit.Interrupted : throw new KernelCallException("ioctl(KVM_RUN)", errno, _subject);
    }

    /// <summary>Takes the next entry from this vCPU's dirty ring; may be called while it runs, by one thread at a time.</summary>
    /// <remarks>The page stays unprotected, and the entry taken, until <see cref="KvmVm.ResetDirtyRings"/>.</remarks>
    /// <param name="slot">The memory slot.</param>
    /// <param name="page">The page of 4 KiB, relative to the slot.</param>
    /// <returns>Whether there was one; a vCPU that was disposed has none.</returns>
    public bool TryTakeDirty(out uint slot, out ulong page)
    {
        (slot, page) = (0, 0);
        if (_ring is null or { IsClosed: true })
        {
            return false;
        }

        var entries = (uint)DirtyRingEntries;
        var entry = (KvmDirtyGfn*)_ring.Address.Value + (_ringPosition & (entries - 1));
        if ((Volatile.Read(ref entry->Flags) & (KvmDirtyGfn.Dirty | KvmDirtyGfn.Reset)) != KvmDirtyGfn.Dirty)
        {
            return false;
        }

        (slot, page) = (entry->Slot, entry->Offset);
        Volatile.Write(ref entry->Flags, KvmDirtyGfn.Reset);
        _ringPosition++;
        return true;
    }

    /// <summary>The size in bytes of a part of the state.</summary>
    public int SizeOf(KvmStatePart part) => part switch
    {
        KvmStatePart.Regs => sizeof(KvmRegs),
        KvmStatePart.Sregs => sizeof(KvmSregs),
        KvmStatePart.Xsave => _xsaveBytes,
        KvmStatePart.Xcrs => 392,
        KvmStatePart.Events => 64,
        KvmStatePart.DebugRegs => 128,
        KvmStatePart.Lapic => 1024,
        KvmStatePart.MpState => 4,
        _ => throw new ArgumentOutOfRangeException(nameof(part), part, "No such part."),
    };

    /// <summary>Reads a part of the state into <paramref name="bytes"/>, which have its size.</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public void GetState(KvmStatePart part, Span<byte> bytes)
    {
        var request = part switch
        {
            KvmStatePart.Regs => KvmCalls.GetRegs,
            KvmStatePart.Sregs => KvmCalls.GetSregs,
            KvmStatePart.Xsave when _xsaveBytes > 4096 => KvmCalls.GetXsave2,
            KvmStatePart.Xsave => KvmCalls.GetXsave,
            KvmStatePart.Xcrs => KvmCalls.GetXcrs,
            KvmStatePart.Events => KvmCalls.GetVcpuEvents,
            KvmStatePart.DebugRegs => KvmCalls.GetDebugregs,
            KvmStatePart.Lapic => KvmCalls.GetLapic,
            _ => KvmCalls.GetMpState,
        };
        Transfer(part, request, bytes);
    }

    /// <summary>Writes a part of the state from <paramref name="bytes"/>, which have its size.</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public void SetState(KvmStatePart part, ReadOnlySpan<byte> bytes)
    {
        var request = part switch
        {
            KvmStatePart.Regs => KvmCalls.SetRegs,
            KvmStatePart.Sregs => KvmCalls.SetSregs,
            KvmStatePart.Xsave => KvmCalls.SetXsave,
            KvmStatePart.Xcrs => KvmCalls.SetXcrs,
            KvmStatePart.Events => KvmCalls.SetVcpuEvents,
            KvmStatePart.DebugRegs => KvmCalls.SetDebugregs,
            KvmStatePart.Lapic => KvmCalls.SetLapic,
            _ => KvmCalls.SetMpState,
        };
        Transfer(part, request, bytes);
    }

    /// <summary>Reads the general registers.</summary>
    public KvmRegs GetRegs()
    {
        var regs = default(KvmRegs);
        GetState(KvmStatePart.Regs, MemoryMarshal.AsBytes(new Span<KvmRegs>(ref regs)));
        return regs;
    }

    /// <summary>Writes the general registers.</summary>
    public void SetRegs(KvmRegs regs) => SetState(KvmStatePart.Regs, MemoryMarshal.AsBytes(new ReadOnlySpan<KvmRegs>(ref regs)));

    /// <summary>Reads the special registers.</summary>
    public KvmSregs GetSregs()
    {
        var sregs = default(KvmSregs);
        GetState(KvmStatePart.Sregs, MemoryMarshal.AsBytes(new Span<KvmSregs>(ref sregs)));
        return sregs;
    }

    /// <summary>Writes the special registers.</summary>
    public void SetSregs(KvmSregs sregs) => SetState(KvmStatePart.Sregs, MemoryMarshal.AsBytes(new ReadOnlySpan<KvmSregs>(ref sregs)));

    /// <summary>Gives the vCPU a CPUID table (<see cref="KvmSystem.GetSupportedCpuid"/>); before it runs.</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public void SetCpuid(ReadOnlySpan<byte> table)
    {
        if (table.Length < 8 || (table.Length - 8) / 40 < MemoryMarshal.Read<int>(table))
        {
            throw new ArgumentException($"{table.Length} bytes are not a CPUID table.", nameof(table));
        }

        fixed (byte* pointer = table)
        {
            KvmCalls.Call(_handle, KvmCalls.SetCpuid2, (nint)pointer, _subject);
        }
    }

    /// <summary>The frequency of the vCPU's time stamp counter, in kHz.</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public int GetTscKhz() => KvmCalls.Call(_handle, KvmCalls.GetTscKhz, 0, _subject);

    /// <summary>Sets the frequency of the vCPU's time stamp counter, in kHz.</summary>
    /// <exception cref="KernelCallException">The kernel or the hardware can't.</exception>
    public void SetTscKhz(int kilohertz) => KvmCalls.Call(_handle, KvmCalls.SetTscKhz, kilohertz, $"{_subject}, {kilohertz} kHz");

    /// <summary>Reads the registers that <paramref name="entries"/> name, in order.</summary>
    /// <returns>How many were read; the one behind them can't be read.</returns>
    /// <exception cref="KernelCallException">The kernel refused all of it.</exception>
    public int GetMsrs(Span<KvmMsrEntry> entries) => TransferMsrs(KvmCalls.GetMsrs, entries, read: true);

    /// <summary>Writes registers, in order.</summary>
    /// <returns>How many were written; the one behind them can't be written with that value.</returns>
    /// <exception cref="KernelCallException">The kernel refused all of it.</exception>
    public int SetMsrs(ReadOnlySpan<KvmMsrEntry> entries) =>
        TransferMsrs(KvmCalls.SetMsrs, MemoryMarshal.CreateSpan(ref MemoryMarshal.GetReference(entries), entries.Length), read: false);

    /// <inheritdoc/>
    public void Dispose()
    {
        _ring?.Dispose();
        _run?.Dispose();
        _handle.Dispose();
    }

    private void Transfer(KvmStatePart part, KvmRequest request, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != SizeOf(part))
        {
            throw new ArgumentException($"{bytes.Length} bytes for {part}, which has {SizeOf(part)}.", nameof(bytes));
        }

        fixed (byte* pointer = bytes)
        {
            KvmCalls.Call(_handle, request, (nint)pointer, _subject);
        }
    }

    private int TransferMsrs(KvmRequest request, Span<KvmMsrEntry> entries, bool read)
    {
        const int most = 256;
        if (entries.Length > most)
        {
            throw new ArgumentException($"{entries.Length} registers at once; at most {most}.", nameof(entries));
        }

        var buffer = stackalloc byte[8 + most * sizeof(KvmMsrEntry)];
        *(ulong*)buffer = (ulong)entries.Length;
        var inside = new Span<KvmMsrEntry>(buffer + 8, entries.Length);
        entries.CopyTo(inside);
        var done = KvmCalls.Call(_handle, request, (nint)buffer, _subject);
        if (read)
        {
            inside[..done].CopyTo(entries);
        }

        return done;
    }
}
