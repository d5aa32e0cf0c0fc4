using Ferry.Linux.Vfio;
using Xunit;
using static Ferry.Linux.Vfio.VfioDeviceState;

namespace Ferry.Linux.Tests.Vfio;

/// <summary>Which data session is open in which state, and where a device is that failed on the way.</summary>
public sealed class VfioMigrationTests
{
    [Fact]
    public void A_session_lives_from_the_state_that_opens_it_to_the_one_that_closes_it()
    {
        var driver = new Driver();
        using var device = new VfioMigration("nic0", driver);
        Assert.Equal((Running, driver.Flags), (device.State, device.Flags));
        Assert.Throws<InvalidOperationException>(() => device.Read(new byte[1]));
        device.SetState(PreCopy);
        Assert.Equal(1, device.Read(new byte[8]));

        // The kernel opens none here, and goes on with the one from before.
        device.SetState(PreCopyP2P);
        device.SetState(StopCopy);
        Assert.Equal(1, device.Read(new byte[8]));
        Assert.Equal((1, 0), (driver.Opened, driver.Closed));
        device.SetState(Stop);
        Assert.Equal((1, 1), (driver.Opened, driver.Closed));
        Assert.Throws<InvalidOperationException>(() => device.Read(new byte[1]));
        device.SetState(Resuming);
        device.Write([1, 2, 3]);
        Assert.Equal(3, driver.Written);
        device.SetState(RunningP2P);
        device.SetState(Running);
        Assert.Equal((2, 2), (driver.Opened, driver.Closed));
    }

    [Fact]
    public void A_new_session_takes_the_place_of_one_that_is_open()
    {
        var driver = new Driver();
        var device = new VfioMigration("nic0", driver);
        device.SetState(StopCopy);
        driver.State = Stop;
        device.SetState(Resuming);
        Assert.Equal((2, 1), (driver.Opened, driver.Closed));
        device.Dispose();
        Assert.Equal((2, 2), (driver.Opened, driver.Closed));
    }

    [Theory]
    [InlineData(Error, Error, 1)]
    [InlineData(StopCopy, StopCopy, 0)]
    [InlineData(Stop, Stop, 1)]
    [InlineData(null, Error, 1)]
    public void A_failed_arc_leaves_the_device_where_the_kernel_says_it_is(VfioDeviceState? left, VfioDeviceState expected, int closed)
    {
        var driver = new Driver();
        using var device = new VfioMigration("nic0", driver);
        device.SetState(StopCopy);
        (driver.FailsInto, driver.IsDead) = (left ?? Error, left is null);
        driver.Fails = true;
        Assert.Throws<KernelCallException>(() => device.SetState(Running));
        Assert.Equal(expected, device.State);
        Assert.Equal(closed, driver.Closed);
    }

    [Fact]
    public void A_device_without_migration_is_not_asked_for_its_state()
    {
        using var device = new VfioMigration("nic0", new Driver { Flags = VfioMigrationFlags.None, IsDead = true });
        Assert.Equal((VfioMigrationFlags.None, Running), (device.Flags, device.State));
    }

    private sealed class Driver : IVfioMigrationCalls
    {
        public VfioMigrationFlags Flags { get; init; } = VfioMigrationFlags.StopCopy | VfioMigrationFlags.P2P | VfioMigrationFlags.PreCopy;

        public VfioDeviceState State { get; set; } = Running;

        public bool Fails { get; set; }

        public VfioDeviceState FailsInto { get; set; }

        public bool IsDead { get; set; }

        public int Opened { get; private set; }

        public int Closed { get; private set; }

        public int Written { get; private set; }

        public VfioMigrationFlags GetMigrationFlags() => Flags;

        public VfioDeviceState GetState() => IsDead ? throw new KernelCallException("ioctl(test)", 19, "gone") : State;

        public IVfioMigrationSession? SetState(VfioDeviceState next)
        {
            if (Fails)
            {
                State = FailsInto;
                throw new KernelCallException("ioctl(test)", 5, "arc");
            }

            var goesOn = next is PreCopyP2P or StopCopy && State is PreCopy or PreCopyP2P;
            State = next;
            if (goesOn || next is not (PreCopy or PreCopyP2P or StopCopy or Resuming))
            {
                return null;
            }

            Opened++;
            return new Session(this);
        }

        public ulong? EstimateStopCopyBytes() => null;

        private sealed class Session(Driver driver) : IVfioMigrationSession
        {
            public int Read(Span<byte> buffer) => 1;

            public void Write(ReadOnlySpan<byte> data) => driver.Written += data.Length;

            public void Dispose() => driver.Closed++;
        }
    }
}
