using Ferry.Linux;
using Ferry.Linux.Iommufd;
using Ferry.Linux.Kvm;
using Ferry.Linux.Memory;
using Ferry.Linux.Userfault;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.Tracking.Providers;

namespace Ferry.Tracking.Probing;

/// <summary>The real kernel.</summary>
internal sealed class ProbeCalls : IProbeCalls
{
    private const ulong ScannedBytes = 2 * 4096;
    private const ulong FirstAddress = 1 << 20;

    /// <inheritdoc/>
    public ulong? LockLimitBytes => LockedMemory.LimitBytes;

    /// <inheritdoc/>
    public IProbedKvm? OpenKvm(out Obstacle? obstacle)
    {
        var opened = KvmSystem.TryOpen(out var system, out var reason, out var errno);
        obstacle = opened ? null : Obstacle.Of(reason, errno);
        return opened ? new ProbedKvm(system!) : null;
    }

    /// <inheritdoc/>
    public UserfaultAbilities? ReadUserfault(out Obstacle? obstacle)
    {
        obstacle = UserfaultAbilities.TryRead(out var abilities, out var reason, out var errno) ? null : Obstacle.Of(reason, errno);
        return abilities;
    }

    /// <inheritdoc/>
    public Obstacle? TryScan()
    {
        if (!WriteTracking.TryOpen(out var tracking, out var reason))
        {
            return Obstacle.Of(reason, 0);
        }

        // The memory goes last: what watches it lets go of it first.
        using var memory = MappedMemory.MapAnonymous(ScannedBytes, MemoryProtection.Read | MemoryProtection.Write);
        using (tracking)
        {
            tracking!.Start(memory.Address, ScannedBytes);
            memory.GetSpan(4096, 1)[0] = 1;
            var (start, end) = (memory.Address, new Hva(memory.Address.Value + (nuint)ScannedBytes));
            var written = tracking.TakeWritten(ref start, end);
            return written is [var page] && page.Start == (memory.Address.Value + 4096) && page.End == end.Value
                ? null
                : new(ObstacleKind.Failed, $"of two pages of which the second was written, a scan found {written.Length} ranges");
        }
    }

    /// <inheritdoc/>
    public Obstacle? FindIommufdObstacle()
    {
        if (!Iommufd.TryOpen(out var iommufd, out var reason, out var errno))
        {
            return Obstacle.Of(reason, errno);
        }

        using (iommufd)
        {
            iommufd!.CreateIoas().Dispose();
            return null;
        }
    }

    /// <inheritdoc/>
    public Obstacle? FindContainerObstacle()
    {
        var opened = VfioContainer.TryOpen(out var container, out var reason, out var errno);
        container?.Dispose();
        return opened ? null : Obstacle.Of(reason, errno);
    }

    /// <inheritdoc/>
    public Obstacle? FindGroupObstacle(int group)
    {
        var opened = VfioGroup.TryOpen(group, out var found, out var reason, out var errno);
        found?.Dispose();
        return opened ? null : errno == 0 ? new(ObstacleKind.Failed, reason!) : Obstacle.Of(reason, errno);
    }

    /// <inheritdoc/>
    public Type1Tracking TryContainer(int group)
    {
        if (OpenContainer(group, out var obstacle) is not var (container, opened))
        {
            return new(obstacle);
        }

        using var memory = MappedMemory.MapAnonymous(ScannedBytes, MemoryProtection.Read | MemoryProtection.Write);
        using (container)
        using (opened)
        {
            var ranges = container.GetInfo().Ranges;
            var first = ranges.Select(range => Math.Max(FirstAddress, (range.Start.Value + 4095) & ~4095UL)).Zip(ranges)
                .FirstOrDefault(pair => pair.Second.Contains(new(new(pair.First), ScannedBytes)), (FirstAddress, default)).First;
            container.Map(new(new(first), ScannedBytes), memory.Address, MapAccess.ReadWrite);
            if (!Type1Tracker.TryCreate(container, [], out var tracker, out var reason))
            {
                return new(Obstacle.Of(reason, 0));
            }

            using (tracker)
            {
                return new(null, tracker.Coverage.PageSizes[0], tracker.Coverage.Precision);
            }
        }
    }

    /// <inheritdoc/>
    public IProbedDevice? OpenByFile(string path, out Obstacle? obstacle)
    {
        if (!VfioDevice.TryOpen(path, out var device, out var reason, out var errno) | !Iommufd.TryOpen(out var iommufd, out var second, out var secondErrno))
        {
            obstacle = device is null ? Obstacle.Of(reason, errno) : Obstacle.Of(second, secondErrno);
            device?.Dispose();
            iommufd?.Dispose();
            return null;
        }

        try
        {
            device!.Bind(iommufd!);
        }
        catch (KernelCallException e)
        {
            device!.Dispose();
            iommufd!.Dispose();
            obstacle = DeviceAsker.ExplainBind(e);
            return null;
        }

        obstacle = null;
        return new ProbedDevice(device, iommufd);
    }

    /// <inheritdoc/>
    public IProbedDevice? OpenByGroup(int group, string name, out Obstacle? obstacle)
    {
        if (OpenContainer(group, out obstacle) is not var (container, opened))
        {
            return null;
        }

        try
        {
            return new ProbedDevice(opened.OpenDevice(name), null, opened, container);
        }
        catch
        {
            opened.Dispose();
            container.Dispose();
            throw;
        }
    }

    private static (VfioContainer Container, VfioGroup Group)? OpenContainer(int number, out Obstacle? obstacle)
    {
        var containerOpened = VfioContainer.TryOpen(out var container, out var reason, out var errno);
        VfioGroup? group = null;
        if (!containerOpened || !VfioGroup.TryOpen(number, out group, out reason, out errno))
        {
            container?.Dispose();
            obstacle = Obstacle.Of(reason, errno);
            return null;
        }

        try
        {
            group!.SetContainer(container!);
            container!.UseType1();
            obstacle = null;
            return (container, group);
        }
        catch
        {
            group!.Dispose();
            container!.Dispose();
            throw;
        }
    }
}
