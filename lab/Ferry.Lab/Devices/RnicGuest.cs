using System.Buffers.Binary;
using Ferry.Memory;

namespace Ferry.Lab.Devices;

/// <summary>A guest that does nothing but drive an rnic, at full load: it posts every buffer again once its message was found right.</summary>
/// <remarks>It writes no memory but the ring of descriptors. Its buffers hold the last messages when it is stopped, so a page of them that was lost on
/// a move is found when it goes on.</remarks>
/// <param name="driver">The driver; stays the caller's.</param>
/// <param name="buffers">Where its buffers are, from the first on <see cref="BuffersBytes"/>.</param>
internal sealed class RnicGuest(RnicDriver driver, Iova buffers)
{
    /// <summary>The bytes of all buffers.</summary>
    public const ulong BuffersBytes = RnicDriver.Entries * BufferStrideBytes;

    /// <summary>The bytes of its state.</summary>
    public const int StateBytes = 8;

    private const ulong BufferStrideBytes = 8192;
    private Thread? _thread;
    private volatile bool _isPaused;
    private uint _messages;

    /// <summary>How many messages it has found right, all in all.</summary>
    public uint Messages => Volatile.Read(ref _messages);

    /// <summary>How many there were when it came here.</summary>
    public uint BeganAt { get; private set; }

    /// <summary>What it found wrong, if anything.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Lets it run.</summary>
    public void Resume()
    {
        if (_thread is null)
        {
            _isPaused = false;
            _thread = new Thread(Run) { IsBackground = true, Name = "guest" };
            _thread.Start();
        }
    }

    /// <summary>Stops it between two messages.</summary>
    public void Pause()
    {
        _isPaused = true;
        _thread?.Join();
        _thread = null;
    }

    /// <summary>Writes where it is, while it is paused.</summary>
    public void Save(Span<byte> state)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(state, driver.Posted);
        BinaryPrimitives.WriteUInt32LittleEndian(state[4..], driver.Taken);
    }

    /// <summary>Goes on from there once it is resumed.</summary>
    public void Load(ReadOnlySpan<byte> state)
    {
        driver.GoOn(BinaryPrimitives.ReadUInt32LittleEndian(state), BinaryPrimitives.ReadUInt32LittleEndian(state[4..]));
        BeganAt = driver.Taken;
        Volatile.Write(ref _messages, driver.Taken);
    }

    private void Run()
    {
        try
        {
            while (!_isPaused)
            {
                Work();
            }
        }
#pragma warning disable CA1031 // Whatever ends the guest is what it found; the check looks at it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Failure = e;
        }
    }

    private void Work()
    {
        while (driver.TryTake(out _))
        {
            Volatile.Write(ref _messages, driver.Taken);
        }

        if (driver.Outstanding == RnicDriver.Entries)
        {
            Thread.Yield();
            return;
        }

        while (driver.Outstanding < RnicDriver.Entries)
        {
            // Every other one begins in the middle of a page.
            var slot = driver.Posted % RnicDriver.Entries;
            driver.Post(new(buffers.Value + (slot * BufferStrideBytes) + (slot % 2 * 2048)));
        }

        driver.RingMapped();
    }
}
