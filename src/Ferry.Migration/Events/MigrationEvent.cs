namespace Ferry.Migration.Events;

/// <summary>One thing that happened in a migration; <see cref="MigrationEventKind"/> says which members it uses, all others are zero or empty.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="At">When, since the side that tells it began, by its monotonic clock.</param>
/// <param name="Round">The round, from 1; 0 before the first.</param>
/// <param name="Name">Who or what.</param>
/// <param name="Detail">What of it.</param>
/// <param name="Pages">Pages of 4 KiB.</param>
/// <param name="SentPages">Pages sent with contents.</param>
/// <param name="ZeroPages">Pages told to be zero.</param>
/// <param name="Bytes">Bytes on data channels.</param>
/// <param name="Elapsed">How long it took.</param>
/// <param name="BytesPerSecond">A bandwidth.</param>
public readonly record struct MigrationEvent(
    MigrationEventKind Kind,
    TimeSpan At,
    int Round,
    string Name,
    string Detail = "",
    ulong Pages = 0,
    ulong SentPages = 0,
    ulong ZeroPages = 0,
    ulong Bytes = 0,
    TimeSpan Elapsed = default,
    double BytesPerSecond = 0);
