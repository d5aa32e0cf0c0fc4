using Ferry.Memory;

namespace Ferry.Linux.Memory;

/// <summary>Machine code of this process's own making, which it can call. Written once, then never writable and executable at a time.</summary>
public sealed unsafe class ExecutableMemory : IDisposable
{
    private readonly MappedMemory _memory;

    /// <summary>Makes <paramref name="code"/> callable.</summary>
    /// <exception cref="KernelCallException">The kernel refused, for instance by a policy against executable memory.</exception>
    public ExecutableMemory(ReadOnlySpan<byte> code)
    {
        _memory = MappedMemory.MapAnonymous(((ulong)code.Length + 4095) & ~4095UL, MemoryProtection.Read | MemoryProtection.Write);
        try
        {
            code.CopyTo(_memory.GetSpan(0, code.Length));
            _memory.Protect(MemoryProtection.Read | MemoryProtection.Execute);
        }
        catch
        {
            _memory.Dispose();
            throw;
        }
    }

    /// <summary>Where the code begins.</summary>
    public Hva Address => _memory.Address;

    /// <summary>Calls the code at <paramref name="offsetBytes"/> as a function of the C calling convention with one pointer.</summary>
    /// <remarks>The code must keep to that convention; what it does is not checked. Allocates nothing.</remarks>
    public void Call(uint offsetBytes, Hva argument)
    {
        if (offsetBytes >= _memory.LengthBytes)
        {
            throw new ArgumentOutOfRangeException(nameof(offsetBytes), offsetBytes, $"Beyond the code's {_memory.LengthBytes} bytes.");
        }

        ((delegate* unmanaged<nuint, void>)(_memory.Address.Value + offsetBytes))(argument.Value);
        // The collector must not unmap code that runs.
        GC.KeepAlive(_memory);
    }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();
}
