using System.Buffers.Binary;

namespace Ferry.Machine.Vcpus;

/// <summary>A CPUID table as KVM takes it: what the guest is told of its processor. Source: asm/kvm.h, struct kvm_cpuid2.</summary>
internal static class CpuidTable
{
    private const int HeaderBytes = 8;
    private const int EntryBytes = 40;
    private const int Eax = 12;
    private const int Ebx = 16;
    private const int Edx = 24;

    /// <summary>A copy for one vCPU: the number of the host's processor that happened to answer, in the leaves that have one, becomes the vCPU's.</summary>
    /// <remarks>Without that two tables of one host would differ, and a guest's processors have one number.</remarks>
    public static byte[] For(ReadOnlySpan<byte> table, int vcpu)
    {
        var copy = table.ToArray();
        for (var entry = copy.AsSpan(HeaderBytes); entry.Length >= EntryBytes; entry = entry[EntryBytes..])
        {
            switch (BinaryPrimitives.ReadUInt32LittleEndian(entry))
            {
                case 0x1:
                    entry[Ebx + 3] = (byte)vcpu;
                    break;
                case 0xB or 0x1F or 0x80000026:
                    BinaryPrimitives.WriteInt32LittleEndian(entry[Edx..], vcpu);
                    break;
                case 0x8000001E:
                    BinaryPrimitives.WriteInt32LittleEndian(entry[Eax..], vcpu);
                    BinaryPrimitives.WriteInt32LittleEndian(entry[Ebx..], vcpu);
                    break;
            }
        }

        return copy;
    }
}
