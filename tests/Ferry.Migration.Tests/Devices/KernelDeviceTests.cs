using Ferry.Linux;
using Ferry.Linux.Vfio;
using Ferry.Migration.Devices;
using Xunit;
using static Ferry.Linux.Vfio.VfioDeviceState;

namespace Ferry.Migration.Tests.Devices;

/// <summary>Which data session is open in which state, and where a device is that failed on the way.</summary>
public sealed class KernelDeviceTests
{
    [Fact]
    public void A_session_lives_from_the_state_that_opens_it_to_the_one_that_closes_it()
    {
        var driver = new Driver();
        using var device = new KernelDevice("nic0", "mlx5", driver);
        Assert.Equal((Running, 0U, false), (device.State, device.Version, device.IsAwaited));
        Assert.Throws<InvalidOperationException>(() => device.ReadData(new byte[1]));
        device.SetState(PreCopy);
        Assert.Equal(1, device.ReadData(new byte[8]));

        // The kernel opens none here, and goes on with the one from before.
        device.SetState(PreCopyP2P);
        device.SetState(StopCopy);
        Assert.Equal(1, device.ReadData(new byte[8]));
        Assert.Equal((1, 0), (driver.Opened, driver.Closed));
        device.SetState(Stop);
        Assert.Equal((1, 1), (driver.Opened, driver.Closed));
        Assert.Throws<InvalidOperationException>(() => device.ReadData(new byte[1]));
        device.SetState(Resuming);
        device.WriteData([1, 2, 3]);
        Assert.Equal(3, driver.Written);
        device.SetState(RunningP2P);
        device.SetState(Running);
        Assert.Equal((2, 2), (driver.Opened, driver.Closed));
    }

    [Fact]
    public void A_new_session_takes_the_place_of_one_that_is_open()
    {
        var driver = new Driver();
        var device = new KernelDevice("nic0", "mlx5", driver);
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
        using var device = new KernelDevice("nic0", "mlx5", driver);
        device.SetState(StopCopy);
        (driver.FailsInto, driver.IsDead) = (left ?? Error, left is null);
        driver.Fails = true;
        Assert.Throws<KernelCallException>(() => device.SetState(Running));
        Assert.Equal(expected, device.State);
        Assert.Equal(closed, driver.Closed);
    }

    [Fact]
    public void A_device_without_migration_is_refused() =>
        Assert.Contains("has no migration", Assert.Throws<NotSupportedException>(() => new KernelDevice("nic0", "e1000", new Driver { Flags = VfioMigrationFlags.None })).Message, StringComparison.Ordinal);

    private sealed class Driver : IKernelDeviceCalls
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

        public IKernelDeviceSession? SetState(VfioDeviceState next)
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

        private sealed class Session(Driver driver) : IKernelDeviceSession
        {
            public int Read(Span<byte> buffer) => 1;

            public void Write(ReadOnlySpan<byte> data) => driver.Written += data.Length;

            public void Dispose() => driver.Closed++;
        }
    }
}
