using System.Buffers.Binary;
using System.Diagnostics;
using Ferry.Machine.Accelerators;
using Ferry.Machine.Devices;
using Ferry.Machine.Iommu;
using Ferry.Machine.Programs;
using Ferry.Machine.Vcpus;
using Ferry.Memory;

namespace Ferry.Machine;

/// <summary>What the vCPUs of a machine need of it, and what their programs report.</summary>
internal sealed class VcpuHost(GuestMemory memory, AttachedDevice[] devices, Accelerator accelerator) : IVcpuHost, IDisposable
{
    private static readonly TimeSpan LookForFaults = TimeSpan.FromMilliseconds(50);
    private readonly Lock _checking = new();
    private CountdownEvent? _checks;
    private string? _fault;

    /// <summary>The devices, in order; replaced only while all vCPUs are parked.</summary>
    public AttachedDevice[] Devices { get; set; } = devices;

    /// <inheritdoc/>
    public uint ReadRegister(ulong address) => FindIommu(address) is { } iommu
        ? iommu.ReadRegister(address % IommuRegisters.BytesPerDevice)
        : Find(address)?.ReadRegister(address) ?? uint.MaxValue;

    /// <inheritdoc/>
    public void WriteRegister(ulong address, uint value)
    {
        if (FindIommu(address) is { } iommu)
        {
            iommu.WriteRegister(address % IommuRegisters.BytesPerDevice, value);
        }
        else
        {
            Find(address)?.WriteRegister(address, value);
        }
    }

    /// <inheritdoc/>
    public bool HarvestDirtyRings() => accelerator.HarvestDirtyRings();

    /// <inheritdoc/>
    public void OnTurn() => accelerator.OnTurn();

    /// <inheritdoc/>
    public bool IsBusy(int vcpu) => Field(vcpu, ControlBlock.Busy) != 0;

    /// <inheritdoc/>
    public void OnError(int vcpu, uint code)
    {
        // The program has counted and described it in its control block, from where it travels with the machine.
    }

    /// <inheritdoc/>
    public void OnCheckDone(int vcpu)
    {
        lock (_checking)
        {
            // One that was asked for on another host may end here.
            if (_checks is { CurrentCount: > 0 } checks)
            {
                checks.Signal();
            }
        }
    }

    /// <inheritdoc/>
    public void OnFault(int vcpu, string fault) => Interlocked.CompareExchange(ref _fault, $"vCPU {vcpu}: {fault}", null);

    /// <summary>Begins to count checks that end.</summary>
    public void ExpectChecks(int count)
    {
        lock (_checking)
        {
            _checks?.Dispose();
            _checks = new CountdownEvent(count);
        }
    }

    /// <summary>Waits until as many have ended; not longer where a vCPU can't go on.</summary>
    public bool WaitForChecks(TimeSpan timeout, CancellationToken cancellation)
    {
        var began = Stopwatch.GetTimestamp();
        while (!_checks!.Wait(LookForFaults, cancellation))
        {
            if (Volatile.Read(ref _fault) is not null || Stopwatch.GetElapsedTime(began) > timeout)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Adds up what the programs of the first <paramref name="vcpus"/> vCPUs did.</summary>
    public GuestProgress GetProgress(int vcpus) => new(
        Sum(vcpus, ControlBlock.Transfers), Sum(vcpus, ControlBlock.Messages), Field(0, ControlBlock.NextSequence), Sum(vcpus, ControlBlock.Errors),
        LastError(vcpus), Volatile.Read(ref _fault));

    /// <summary>Adds up what the last check of each found.</summary>
    public SelfCheckResult GetCheckResult(int vcpus, bool completed) => new(
        completed, Sum(vcpus, ControlBlock.CheckErrors), Sum(vcpus, ControlBlock.Errors), LastError(vcpus), Sum(vcpus, ControlBlock.PageCount),
        Sum(vcpus, ControlBlock.CheckedMessages), Sum(vcpus, ControlBlock.Transfers));

    /// <inheritdoc/>
    public void Dispose() => _checks?.Dispose();

    private DeviceIommu? FindIommu(ulong address)
    {
        var device = (address - IommuRegisters.Base) / IommuRegisters.BytesPerDevice;
        return address >= IommuRegisters.Base && device < (ulong)Devices.Length ? Devices[(int)device].Iommu : null;
    }

    private AttachedDevice? Find(ulong address)
    {
        foreach (var device in Devices)
        {
            if (device.Holds(address))
            {
                return device;
            }
        }

        return null;
    }

    private string? LastError(int vcpus)
    {
        for (var vcpu = 0; vcpu < vcpus; vcpu++)
        {
            if (Field(vcpu, ControlBlock.Errors) != 0)
            {
                return $"vCPU {vcpu}: {(LedgerError)Field(vcpu, ControlBlock.LastErrorCode)}, at {Field(vcpu, ControlBlock.LastErrorDetail)}";
            }
        }

        return null;
    }

    private ulong Sum(int vcpus, int field)
    {
        ulong sum = 0;
        for (var vcpu = 0; vcpu < vcpus; vcpu++)
        {
            sum += Field(vcpu, field);
        }

        return sum;
    }

    private ulong Field(int vcpu, int field) =>
        BinaryPrimitives.ReadUInt64LittleEndian(memory.GetSpan(new(LedgerLayout.ControlBlockOf(vcpu) + (ulong)field), sizeof(ulong)));
}
