namespace Ferry.Migration.Wire;

/// <summary>What a connection is for; it says so in its opening.</summary>
internal enum ConnectionKind : ushort
{
    /// <summary>A new migration.</summary>
    Control = 1,

    /// <summary>A data channel of a migration that was accepted.</summary>
    Data = 2,

    /// <summary>A source that asks what became of a migration.</summary>
    Settle = 3,
}
