using Ferry.Linux.Events;
using Ferry.Linux.Memory;
using Ferry.VfioUser.Client;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Ferry.VfioUser.Tests;

public sealed class InterruptTests : IDisposable
{
    private const int Msi = 1;
    private readonly ServedDevice _served = new();
    private readonly VfioUserClient _client;
    private readonly EventFile[] _events = [.. Enumerable.Range(0, 40).Select(_ => new EventFile())];

    public InterruptTests() => _client = _served.Connect();

    public void Dispose()
    {
        _client.Dispose();
        _served.Dispose();
        Array.ForEach(_events, each => each.Dispose());
    }

    [Fact]
    public void The_device_signals_the_event_that_it_was_given()
    {
        _client.SetInterrupts(0, 0, Handles(0, 1));
        _served.Device.Signal(0, 0);
        _served.Device.Signal(0, 0);
        Assert.Equal((2UL, 0UL), (_events[0].Take(), _events[0].Take()));
    }

    [Fact]
    public void More_events_than_one_message_carries_all_arrive_in_order()
    {
        _client.SetInterrupts(Msi, 0, Handles(0, 40));
        Assert.Equal(40, _served.Device.EventCount);
        for (var i = 0; i < 40; i++)
        {
            _served.Device.Signal(Msi, i);
            Assert.Equal(Enumerable.Range(0, 40).Select(each => each == i ? 1UL : 0), _events.Select(each => each.Take()));
        }
    }

    [Fact]
    public void An_event_that_is_replaced_or_disabled_is_not_signalled_and_not_kept_open()
    {
        _client.SetInterrupts(Msi, 3, Handles(0, 4));
        _client.SetInterrupts(Msi, 4, Handles(10, 1));
        _served.Device.Signal(Msi, 4);
        Assert.Equal((0UL, 1UL), (_events[1].Take(), _events[10].Take()));
        _client.DisableInterrupts(Msi);
        _served.Device.Signal(Msi, 4);
        Assert.Equal(0UL, _events[10].Take());
        Assert.Equal(0, _served.Device.EventCount);
    }

    [Fact]
    public void The_client_can_have_interrupts_signalled()
    {
        _client.SetInterrupts(Msi, 0, Handles(0, 2));
        _client.TriggerInterrupts(Msi, 1, 20);
        Assert.Equal((0UL, 1UL), (_events[0].Take(), _events[1].Take()));
        _client.DisableInterrupts(Msi);
        _client.TriggerInterrupts(Msi, 0, 2);
        Assert.Equal(0UL, _events[0].Take());
    }

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(0, 0, 2)]
    [InlineData(1, 39, 2)]
    [InlineData(1, -1, 1)]
    [InlineData(2, 0, 1)]
    [InlineData(5, 0, 1)]
    [InlineData(-1, 0, 1)]
    public void Interrupts_that_the_device_lacks_are_refused(int index, int start, int count)
    {
        Assert.Equal(22, Assert.Throws<VfioUserException>(() => _client.SetInterrupts(index, start, Handles(0, count))).Errno);
        Assert.Equal(22, Assert.Throws<VfioUserException>(() => _client.TriggerInterrupts(index, start, count)).Errno);
        Assert.Equal(0, _served.Device.EventCount);
    }

    [Fact]
    public void Events_that_the_device_refuses_are_closed()
    {
        // Other tests open events beside this one; a file of its own name can be counted.
        var name = $"events-{Guid.NewGuid():N}";
        using var marked = MemoryFile.Create(name, 4096);
        _served.Device.Fault = new VfioUserException(12, "no memory");
        Assert.Throws<VfioUserException>(() => _client.SetInterrupts(Msi, 0, [marked.Handle, marked.Handle, marked.Handle]));
        Assert.Equal(1, Directory.GetFiles("/proc/self/fd").Count(entry => new FileInfo(entry).LinkTarget?.Contains(name, StringComparison.Ordinal) == true));
    }

    private SafeFileHandle[] Handles(int first, int count) => [.. _events.Skip(first).Take(count).Select(each => each.Handle)];
}
