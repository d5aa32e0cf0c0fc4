using System.Numerics;
using System.Runtime.InteropServices;
using Ferry.Linux.Events;
using Ferry.Linux.Sockets;
using Ferry.Memory;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Userfault;

/// <summary>Tells which pages of another process's mappings were written: the first write to each waits until its page is marked.</summary>
/// <remarks>
/// A thread takes the faults, marks their pages and lets the writers go on. If it can't, all of the memory is let go and every later call of
/// <see cref="TakeWritten"/> fails, so that no writer waits for ever; closing does the same. It is for another process's memory only: a
/// thread of this one that waits within managed code would wait for ever where the runtime stops all threads meanwhile. Calls of the
/// owner are one thread at a time. Source: the kernel's document on userfaultfd; Linux 5.19.
/// </remarks>
internal sealed unsafe class FaultTracking : IWriteTracking
{
    private const int MessagesPerRead = 64;
    private const int RegionsPerTake = 1024;
    private const ulong PageBytes = 4096;
    private const int Einval = 22;
    private const int Eagain = 11;

    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly SafeFileHandle _userfault;
    private readonly EventFile _end = new();
    private readonly List<Watched> _watched = [];
    private readonly PageRegion[] _regions = GC.AllocateUninitializedArray<PageRegion>(RegionsPerTake, pinned: true);
    private readonly FaultMessage[] _messages = GC.AllocateUninitializedArray<FaultMessage>(MessagesPerRead, pinned: true);
    private readonly Thread _thread;
    private KernelCallException? _failure;

    /// <summary>Begins to use the descriptor, which is the object's then.</summary>
    /// <exception cref="KernelCallException">The kernel has no write protection of shared memory, or it is used already.</exception>
    internal FaultTracking(SafeFileHandle userfault)
    {
        var api = stackalloc ulong[3];
        api[0] = UserfaultCalls.ApiVersion;
        api[1] = UserfaultCalls.FeatureWriteProtect | UserfaultCalls.FeatureWriteProtectShmem;
        if (UserfaultCalls.Ioctl(userfault, UserfaultCalls.Api, api) != 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            _end.Dispose();
            throw new KernelCallException("ioctl(UFFDIO_API)", errno, "write protection of shared memory");
        }

        _userfault = userfault;
        _thread = new Thread(TakeFaults) { IsBackground = true, Name = "write faults" };
        _thread.Start();
    }

    /// <inheritdoc/>
    public void Start(Hva start, ulong lengthBytes)
    {
        lock (_lock)
        {
            ThrowIfFailed();
            var register = stackalloc ulong[4] { start.Value, lengthBytes, UserfaultCalls.RegisterWriteProtect, 0 };
            Call(UserfaultCalls.Register, register, "UFFDIO_REGISTER", start, lengthBytes);
            // Before it is protected: a fault is of something that is known.
            _watched.Add(new(start.Value, lengthBytes, new ulong[((lengthBytes / PageBytes) + 63) / 64]));
            try
            {
                Protect(start.Value, lengthBytes, UserfaultCalls.ModeWriteProtect);
            }
            catch (KernelCallException)
            {
                Forget(start.Value);
                _ = UserfaultCalls.Ioctl(_userfault, UserfaultCalls.Unregister, register);
                throw;
            }
        }
    }

    /// <inheritdoc/>
    public void Stop(Hva start, ulong lengthBytes)
    {
        lock (_lock)
        {
            Forget(start.Value);
            var range = stackalloc ulong[2] { start.Value, lengthBytes };
            Call(UserfaultCalls.Unregister, range, "UFFDIO_UNREGISTER", start, lengthBytes);
        }
    }

    /// <inheritdoc/>
    public ReadOnlySpan<PageRegion> TakeWritten(ref Hva start, Hva end)
    {
        lock (_lock)
        {
            ThrowIfFailed();
            if (Find(start.Value) is not { } watched || end.Value > watched.End)
            {
                throw new KernelCallException("write faults", Einval, $"{start} to {end} is not watched");
            }

            var found = 0;
            var page = (start.Value - watched.Start) / PageBytes;
            var last = (end.Value - watched.Start + PageBytes - 1) / PageBytes;
            while (found < RegionsPerTake && watched.TryFindRun(page, last, out var first, out var behind))
            {
                var run = new PageRegion(watched.Start + (first * PageBytes), watched.Start + (behind * PageBytes));
                // Protected first: a write until then is of a page that is still marked, and one after that marks it again.
                Protect(run.Start, run.End - run.Start, UserfaultCalls.ModeWriteProtect);
                watched.Clear(first, behind);
                _regions[found++] = run;
                page = behind;
            }

            start = found < RegionsPerTake ? end : new(Math.Min((nuint)_regions[found - 1].End, end.Value));
            return _regions.AsSpan(0, found);
        }
    }

    /// <summary>Lets all writers go and ends the thread.</summary>
    public void Dispose()
    {
        if (_userfault.IsClosed)
        {
            return;
        }

        _end.Signal();
        // The process that shared the descriptor can let a read of it block. Then it is its own memory that stays watched.
        if (_thread.Join(LongestEnd))
        {
            _end.Dispose();
        }

        _userfault.Dispose();
    }

    private void TakeFaults()
    {
        try
        {
            while (WaitForFaults())
            {
                var bytes = UserfaultCalls.Read(_userfault, (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_messages, 0), (nuint)(MessagesPerRead * sizeof(FaultMessage)));
                var errno = Marshal.GetLastPInvokeError();
                // A writer that was woken otherwise, or killed, has no message any more.
                if (bytes < 0 && errno != Eagain)
                {
                    throw new KernelCallException("read", errno, "userfaultfd");
                }

                Mark(_messages.AsSpan(0, (int)Math.Max(0, bytes) / sizeof(FaultMessage)));
            }
        }
        catch (KernelCallException e)
        {
            LetGo(e);
        }
    }

    private bool WaitForFaults()
    {
        var entries = stackalloc PollDescriptor[2];
        entries[0] = new() { Descriptor = (int)_userfault.DangerousGetHandle(), Events = SocketCalls.PollIn };
        entries[1] = new() { Descriptor = (int)_end.Handle.DangerousGetHandle(), Events = SocketCalls.PollIn };
        while (SocketCalls.Poll(entries, 2, -1) < 0)
        {
            if (Marshal.GetLastPInvokeError() is var errno and not SocketErrno.Interrupted)
            {
                throw new KernelCallException("poll", errno, "userfaultfd");
            }
        }

        if (entries[1].Returned != 0)
        {
            return false;
        }

        return (entries[0].Returned & SocketCalls.PollIn) != 0
            ? true
            : throw new KernelCallException("poll", Einval, "a userfaultfd that can't be waited for, for it blocks");
    }

    private void Mark(ReadOnlySpan<FaultMessage> messages)
    {
        lock (_lock)
        {
            foreach (ref readonly var message in messages)
            {
                var page = message.Address & ~(PageBytes - 1);
                // Of memory that was stopped meanwhile nothing is protected, and its writers were woken.
                if (message.Event == FaultMessage.PageFault && Find((nuint)page) is { } watched)
                {
                    watched.Set((page - watched.Start) / PageBytes);
                    Protect(page, PageBytes, 0);
                }
            }
        }
    }

    /// <summary>Protects pages, or with mode 0 lets them be written and wakes who waits for that.</summary>
    private void Protect(ulong start, ulong lengthBytes, ulong mode)
    {
        var protect = stackalloc ulong[3] { start, lengthBytes, mode };
        Call(UserfaultCalls.WriteProtect, protect, "UFFDIO_WRITEPROTECT", new((nuint)start), lengthBytes);
    }

    private void LetGo(KernelCallException failure)
    {
        lock (_lock)
        {
            _failure = failure;
            var range = stackalloc ulong[2];
            foreach (var watched in _watched)
            {
                (range[0], range[1]) = (watched.Start, watched.End - watched.Start);
                _ = UserfaultCalls.Ioctl(_userfault, UserfaultCalls.Unregister, range);
            }
        }
    }

    private void ThrowIfFailed()
    {
        if (_failure is { } failure)
        {
            throw new KernelCallException("write faults", failure.Errno, $"no longer watched: {failure.Message}");
        }
    }

    private Watched? Find(nuint address)
    {
        foreach (var watched in _watched)
        {
            if (address >= watched.Start && address < watched.End)
            {
                return watched;
            }
        }

        return null;
    }

    private void Forget(nuint start) => _watched.RemoveAll(watched => watched.Start == start);

    private void Call(uint request, void* argument, string name, Hva start, ulong lengthBytes)
    {
        if (UserfaultCalls.Ioctl(_userfault, request, argument) != 0)
        {
            throw new KernelCallException($"ioctl({name})", Marshal.GetLastPInvokeError(), $"{lengthBytes} bytes at {start}");
        }
    }

    /// <summary>A range that is watched, with a bit for each page that was written.</summary>
    private sealed class Watched(nuint start, ulong lengthBytes, ulong[] words)
    {
        public nuint Start => start;

        public nuint End => start + (nuint)lengthBytes;

        public void Set(ulong page) => words[page / 64] |= 1UL << (int)(page % 64);

        public void Clear(ulong first, ulong behind)
        {
            for (var page = first; page < behind; page++)
            {
                words[page / 64] &= ~(1UL << (int)(page % 64));
            }
        }

        /// <summary>The next run of written pages in [<paramref name="from"/>, <paramref name="to"/>).</summary>
        public bool TryFindRun(ulong from, ulong to, out ulong first, out ulong behind)
        {
            first = Next(from, to, 0);
            behind = first < to ? Next(first, to, ulong.MaxValue) : first;
            return first < to;
        }

        // The first page whose bit differs from those of a word of only such.
        private ulong Next(ulong from, ulong to, ulong same)
        {
            for (var page = from; page < to; page = (page | 63) + 1)
            {
                var differing = (words[page / 64] ^ same) >> (int)(page % 64);
                if (differing != 0)
                {
                    return Math.Min(to, page + (ulong)BitOperations.TrailingZeroCount(differing));
                }
            }

            return to;
        }
    }
}
