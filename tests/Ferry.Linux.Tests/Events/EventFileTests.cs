using Ferry.Linux.Events;
using Xunit;

namespace Ferry.Linux.Tests.Events;

public sealed class EventFileTests
{
    [Fact]
    public void Signals_add_up_until_they_are_taken_and_taking_never_waits()
    {
        using var file = new EventFile();
        Assert.Equal(0UL, file.Take());
        file.Signal();
        file.Signal();
        Assert.Equal(2UL, file.Take());
        Assert.Equal(0UL, file.Take());
    }

    [Fact]
    public void Signals_of_several_threads_are_all_counted()
    {
        using var file = new EventFile();
        Parallel.For(0, 4000, new ParallelOptions { MaxDegreeOfParallelism = 4 }, _ => file.Signal());
        Assert.Equal(4000UL, file.Take());
    }

    [Fact]
    public void A_counter_that_is_full_stays_full_and_holds_nobody_up()
    {
        using var file = new EventFile();
        using (var stream = new FileStream(new(file.Handle.DangerousGetHandle(), ownsHandle: false), FileAccess.Write, bufferSize: 0))
        {
            stream.Write(BitConverter.GetBytes(ulong.MaxValue - 1));
        }

        file.Signal();
        Assert.Equal(ulong.MaxValue - 1, file.Take());
    }

    [Fact]
    public void Signalling_and_taking_allocate_nothing()
    {
        using var file = new EventFile();
        file.Signal();
        file.Take();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            file.Signal();
            file.Take();
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
