namespace Ferry.Linux.Kvm;

/// <summary>The number and the name of an ioctl of KVM. Source: asm-generic/ioctl.h, the type is KVMIO.</summary>
internal readonly record struct KvmRequest(nuint Number, string Name)
{
    private const uint Type = 0xAE << 8;

    internal static KvmRequest Plain(uint number, string name) => new(Type | number, name);

    internal static KvmRequest Write(uint number, int sizeBytes, string name) => new(1u << 30 | (uint)sizeBytes << 16 | Type | number, name);

    internal static KvmRequest Read(uint number, int sizeBytes, string name) => new(2u << 30 | (uint)sizeBytes << 16 | Type | number, name);

    internal static KvmRequest ReadWrite(uint number, int sizeBytes, string name) => new(3u << 30 | (uint)sizeBytes << 16 | Type | number, name);
}
