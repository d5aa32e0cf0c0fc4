namespace Ferry.Conform;

/// <summary>What a read of the data channel gave.</summary>
/// <param name="Bytes">How many bytes; 0 where none are there.</param>
/// <param name="IsTemporaryEnd">Where none are there, whether the device said that more may come (pre-copy) or that all was given; null where
/// the interface does not tell.</param>
public readonly record struct DataRead(int Bytes, bool? IsTemporaryEnd);
