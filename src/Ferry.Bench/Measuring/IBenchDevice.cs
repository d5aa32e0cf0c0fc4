namespace Ferry.Bench.Measuring;

/// <summary>A vfio-user device that is measured. Disposing ends its process, where the bench started it.</summary>
internal interface IBenchDevice : IDisposable
{
    /// <summary>Its socket.</summary>
    string SocketPath { get; }

    /// <summary>How its process ended, with what it said last; null where it runs, or is not the bench's own.</summary>
    string? DescribeEnd();
}
