using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Vfio;

/// <summary>A data session of a migrating device: the state bytes that it gives, or takes. Source: linux/vfio.h, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE.</summary>
/// <remarks>It lives until it is disposed; the kernel gives a new one with each state that opens one. One thread at a time.</remarks>
public sealed unsafe class VfioMigrationData : IDisposable
{
    private readonly SafeFileHandle _handle;
    private readonly string _device;

    internal VfioMigrationData(SafeFileHandle handle, string device) => (_handle, _device) = (handle, device);

    /// <summary>Reads state bytes. Allocates nothing where it succeeds.</summary>
    /// <returns>How many; 0 where there are none now (pre-copy) or none any more (stop-copy).</returns>
    /// <exception cref="KernelCallException">The kernel or the device failed.</exception>
    public int Read(Span<byte> buffer) => Read(buffer, out _);

    /// <summary>Reads state bytes, and says how they ended. Allocates nothing where it succeeds.</summary>
    /// <param name="buffer">Takes them.</param>
    /// <param name="isTemporaryEnd">Whether there are none now and more may come (ENOMSG); false where all was given, or some came.</param>
    /// <returns>How many; 0 at an end.</returns>
    /// <exception cref="KernelCallException">The kernel or the device failed.</exception>
    public int Read(Span<byte> buffer, out bool isTemporaryEnd)
    {
        isTemporaryEnd = false;
        fixed (byte* pointer = buffer)
        {
            while (true)
            {
                var read = VfioCalls.Read(_handle, pointer, (nuint)buffer.Length);
                if (read >= 0)
                {
                    return (int)read;
                }

                switch (Marshal.GetLastPInvokeError())
                {
                    case VfioErrno.NoMessage:
                        isTemporaryEnd = true;
                        return 0;
                    case VfioErrno.Interrupted:
                        continue;
                    case var errno:
                        throw new KernelCallException("read", errno, $"state of {_device}");
                }
            }
        }
    }

    /// <summary>Writes state bytes, all of them.</summary>
    /// <exception cref="KernelCallException">The kernel or the device refused them.</exception>
    public void Write(ReadOnlySpan<byte> data)
    {
        fixed (byte* pointer = data)
        {
            for (var done = 0; done < data.Length;)
            {
                var written = VfioCalls.Write(_handle, pointer + done, (nuint)(data.Length - done));
                var errno = written < 0 ? Marshal.GetLastPInvokeError() : 0;
                if (written == 0 || (written < 0 && errno != VfioErrno.Interrupted))
                {
                    throw new KernelCallException("write", errno == 0 ? VfioErrno.NoSpace : errno, $"byte {done} of {data.Length} of the state of {_device}");
                }

                done += (int)Math.Max(written, 0);
            }
        }
    }

    /// <summary>Asks how much pre-copy still has, in PRE_COPY and PRE_COPY_P2P.</summary>
    /// <exception cref="KernelCallException">The device is in another state, or has no pre-copy.</exception>
    public VfioPreCopyInfo GetPreCopyInfo()
    {
        var info = new VfioPreCopyInfoData { Argsz = (uint)sizeof(VfioPreCopyInfoData) };
        VfioCalls.Call(_handle, VfioCalls.GetPreCopyInfo, ref info, $"state of {_device}");
        return new(info.InitialBytes, info.DirtyBytes);
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();
}
