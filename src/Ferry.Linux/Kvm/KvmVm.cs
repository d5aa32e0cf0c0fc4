using Ferry.Memory;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Kvm;

/// <summary>A machine in KVM: memory slots, the clock, dirty logging. Source: linux/kvm.h.</summary>
/// <remarks>Thread-safe as far as the kernel is: slots are changed by one thread at a time.</remarks>
public sealed unsafe class KvmVm : IDisposable
{
    private const uint LogDirtyPages = 1;
    private const uint ReadOnly = 2;
    private const ulong ManualProtectEnable = 1;
    private const ulong InitiallySet = 2;
    private readonly SafeFileHandle _handle;
    private readonly int _runBytes;
    private readonly Dictionary<uint, ulong> _slotPages = [];

    internal KvmVm(SafeFileHandle handle, int runBytes) => (_handle, _runBytes) = (handle, runBytes);

    /// <summary>The number of entries of each vCPU's dirty ring; 0 where rings are off.</summary>
    public int DirtyRingEntries { get; private set; }

    /// <summary>The value of an extension for this machine; 0 where it is missing.</summary>
    public int Check(KvmCapability capability) => Math.Max(0, KvmCalls.Ioctl(_handle, KvmCalls.CheckExtension.Number, (int)capability));

    /// <summary>Makes the dirty log one that is cleared by <see cref="ClearDirtyLog"/>, and starts each with every page set.</summary>
    /// <returns>Whether the kernel can do both.</returns>
    /// <exception cref="KernelCallException">It said that it can and refused.</exception>
    public bool TryEnableManualProtect()
    {
        if ((Check(KvmCapability.ManualDirtyLogProtect2) & 3) != 3)
        {
            return false;
        }

        Enable(KvmCapability.ManualDirtyLogProtect2, ManualProtectEnable | InitiallySet);
        return true;
    }

    /// <summary>The most entries that a dirty ring may have here; 0 where there are none.</summary>
    public int MaxDirtyRingEntries => Math.Max(Check(KvmCapability.DirtyLogRingAcquireRelease), Check(KvmCapability.DirtyLogRing)) / sizeof(KvmDirtyGfn);

    /// <summary>Gives each vCPU that is created from now on a dirty ring; the dirty log is off in turn.</summary>
    /// <param name="entries">A power of two.</param>
    /// <returns>Whether the kernel has rings of that size.</returns>
    /// <exception cref="KernelCallException">It said that it can and refused, for instance because a vCPU exists.</exception>
    public bool TryEnableDirtyRing(int entries)
    {
        var bytes = checked(entries * sizeof(KvmDirtyGfn));
        foreach (var capability in (ReadOnlySpan<KvmCapability>)[KvmCapability.DirtyLogRingAcquireRelease, KvmCapability.DirtyLogRing])
        {
            if (Check(capability) >= bytes)
            {
                Enable(capability, (ulong)bytes);
                DirtyRingEntries = entries;
                return true;
            }
        }

        return false;
    }

    /// <summary>Creates the in-kernel interrupt controllers; before any vCPU.</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public void CreateIrqChip() => KvmCalls.Call(_handle, KvmCalls.CreateIrqChip, 0, "machine");

    /// <summary>Sets where three pages lie that Intel hosts need for themselves; below 4 GiB and in no slot.</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public void SetTssAddress(Gpa address) => KvmCalls.Call(_handle, KvmCalls.SetTssAddress, checked((nint)address.Value), address.ToString());

    /// <summary>Creates, changes or (length 0) deletes a memory slot.</summary>
    /// <param name="slot">The slot's number.</param>
    /// <param name="start">Where the guest sees it.</param>
    /// <param name="lengthBytes">Page aligned; 0 deletes the slot.</param>
    /// <param name="host">Where this process sees it.</param>
    /// <param name="logDirty">Whether writes of vCPUs are logged.</param>
    /// <param name="readOnly">Whether writes of vCPUs exit instead.</param>
    /// <exception cref="KernelCallException">The kernel refused, for instance because slots overlap.</exception>
    public void SetMemorySlot(uint slot, Gpa start, ulong lengthBytes, Hva host, bool logDirty, bool readOnly = false)
    {
        var region = new KvmUserMemoryRegion
        {
            Slot = slot,
            Flags = (logDirty ? LogDirtyPages : 0) | (readOnly ? ReadOnly : 0),
            GuestPhysAddr = start.Value,
            MemorySize = lengthBytes,
            UserspaceAddr = host.Value,
        };
        KvmCalls.Call(_handle, KvmCalls.SetUserMemoryRegion, ref region, $"slot {slot}, {lengthBytes} bytes at {start}");
        _slotPages[slot] = lengthBytes / PageSize.Size4K.Bytes;
    }

    /// <summary>Reads a slot's dirty log, overwriting <paramref name="words"/>; forgets it unless clearing is manual.</summary>
    /// <param name="slot">The slot's number.</param>
    /// <param name="words">One bit a page of 4 KiB, for the whole slot.</param>
    /// <exception cref="ArgumentException">There is no such slot, or there are fewer words than it needs: the kernel knows no bound.</exception>
    /// <exception cref="KernelCallException">The kernel refused, for instance because the slot is not logged.</exception>
    public void GetDirtyLog(uint slot, Span<ulong> words)
    {
        if (!_slotPages.TryGetValue(slot, out var pages) || pages > (ulong)words.Length * 64)
        {
            throw new ArgumentException($"{words.Length} words can't hold the log of slot {slot}, which has {pages} pages.", nameof(words));
        }

        fixed (ulong* bitmap = words)
        {
            var log = new KvmDirtyLog { Slot = slot, DirtyBitmap = (nint)bitmap };
            KvmCalls.Call(_handle, KvmCalls.GetDirtyLog, ref log, "memory slot");
        }
    }

    /// <summary>Forgets the set pages of a part of a slot and write-protects them, so that their next write is logged.</summary>
    /// <param name="slot">The slot's number.</param>
    /// <param name="firstPage">A multiple of 64, relative to the slot.</param>
    /// <param name="pageCount">A multiple of 64, unless it ends where the slot ends.</param>
    /// <param name="words">One bit a page from <paramref name="firstPage"/>.</param>
    /// <exception cref="ArgumentException">There are fewer words than the pages need.</exception>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public void ClearDirtyLog(uint slot, ulong firstPage, uint pageCount, ReadOnlySpan<ulong> words)
    {
        if (pageCount > (ulong)words.Length * 64)
        {
            throw new ArgumentException($"{words.Length} words hold fewer than {pageCount} pages.", nameof(words));
        }

        fixed (ulong* bitmap = words)
        {
            var log = new KvmClearDirtyLog { Slot = slot, NumPages = pageCount, FirstPage = firstPage, DirtyBitmap = (nint)bitmap };
            KvmCalls.Call(_handle, KvmCalls.ClearDirtyLog, ref log, "memory slot");
        }
    }

    /// <summary>Write-protects again what was harvested from all vCPUs' dirty rings.</summary>
    /// <returns>The number of entries that were reset.</returns>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public int ResetDirtyRings() => KvmCalls.Call(_handle, KvmCalls.ResetDirtyRings, 0, "machine");

    /// <summary>Reads the machine's clock.</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public KvmClockData GetClock()
    {
        var clock = default(KvmClockData);
        KvmCalls.Call(_handle, KvmCalls.GetClock, ref clock, "machine");
        return clock;
    }

    /// <summary>Sets the machine's clock to <paramref name="nanoseconds"/>.</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public void SetClock(ulong nanoseconds)
    {
        var clock = new KvmClockData { Clock = nanoseconds };
        KvmCalls.Call(_handle, KvmCalls.SetClock, ref clock, $"{nanoseconds} ns");
    }

    /// <summary>Creates a vCPU.</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public KvmVcpu CreateVcpu(int index)
    {
        var descriptor = KvmCalls.Call(_handle, KvmCalls.CreateVcpu, index, $"vCPU {index}");
        return new(new SafeFileHandle(descriptor, ownsHandle: true), index, _runBytes, Check(KvmCapability.Xsave2), DirtyRingEntries);
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private void Enable(KvmCapability capability, ulong argument)
    {
        var enable = new KvmEnableCap { Cap = (uint)capability };
        enable.Args[0] = argument;
        KvmCalls.Call(_handle, KvmCalls.EnableCapability, ref enable, $"{capability}, {argument}");
    }
}
