namespace Ferry.Machine.Programs;

/// <summary>The offsets in a vCPU's control block, a page of guest memory that holds the program's parameters and its state.</summary>
/// <remarks>All fields are little-endian u64. The machine writes it before the program starts, adds a NIC that comes later while no vCPU runs, and else only reads it.</remarks>
internal static class ControlBlock
{
    public const int Bytes = 4096;
    public const ulong MagicValue = 0x5245474445_4C5246;

    public const int Magic = 0x00;
    public const int PagesBase = 0x08;
    public const int PageCount = 0x10;
    public const int Random = 0x18;
    public const int Transfers = 0x20;
    public const int Total = 0x28;
    public const int Errors = 0x30;
    public const int LastErrorCode = 0x38;
    public const int LastErrorDetail = 0x40;
    public const int Checks = 0x48;
    public const int CheckErrors = 0x50;
    public const int Messages = 0x58;
    public const int NextSequence = 0x60;
    public const int Busy = 0x70;
    public const int CheckedMessages = 0x78;

    public const int NicRegisters = 0x100;
    public const int NicDoorbells = 0x108;
    public const int NicDoorbellsMapped = 0x110;
    public const int RxBase = 0x118;
    public const int RxEntries = 0x120;
    public const int CqBase = 0x128;
    public const int CqEntries = 0x130;
    public const int CqShift = 0x138;
    public const int Buffers = 0x140;
    public const int MessageBytes = 0x148;
    public const int StrideBytes = 0x150;
    public const int SampleCount = 0x158;
    public const int Expected = 0x160;
    public const int RxTail = 0x168;
    public const int CqHead = 0x170;
    public const int NicReady = 0x178;
    public const int PeerBase = 0x180;

    public const int Iommu = 0x188;
    public const int SlotPage = 0x190;
    public const int SlotPages = 0x198;
    public const int RxIova = 0x1A0;
    public const int RxPages = 0x1A8;
    public const int CqIova = 0x1B0;
    public const int CqPages = 0x1B8;
}
