using Xunit;

namespace Ferry.Migration.Tests.Engine;

/// <summary>Tests that count the whole process's allocations run while no other does.</summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
public sealed class AllocationCollection;
