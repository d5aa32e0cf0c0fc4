using Ferry.Memory;
using Ferry.Tracking.Providers;

namespace Ferry.Tracking.Tests.Providers;

/// <summary>As the kernel's type1 driver does it: it answers for whole mappings, and overwrites the words that it answers in.</summary>
internal sealed class Type1Model(params IovaRange[] mappings) : KernelModel(mappings), IType1Calls
{
    /// <summary>Whether there is a device that doesn't pin: every page of a mapping is dirty then.</summary>
    public bool AllMapped { get; init; }

    public void Start()
    {
        Pass();
        if (!IsTracking)
        {
            Forget();
        }

        IsTracking = true;
    }

    public void Stop()
    {
        Pass();
        IsTracking = false;
    }

    public void GetDirty(IovaRange mapping, PageSize pageSize, Span<ulong> words)
    {
        Pass();
        lock (Gate)
        {
            Require(IsTracking && pageSize == PageSize.Size4K && Mappings.Contains(mapping));
            words.Clear();
            for (ulong page = 0; page < mapping.LengthBytes >> 12; page++)
            {
                if (Take(mapping.Start.Value + (page << 12), 4096, clear: true) || AllMapped)
                {
                    words[(int)(page / 64)] |= 1UL << (int)(page % 64);
                }
            }
        }
    }

    public void UnmapWithDirty(IovaRange mapping, PageSize pageSize, Span<ulong> words)
    {
        GetDirty(mapping, pageSize, words);
        Mappings = [.. Mappings.Where(other => other != mapping)];
    }

    public void Unmap(IovaRange range)
    {
        Pass();
        Require(!Mappings.Any(mapping => mapping.Overlaps(range) && !range.Contains(mapping)));
        Mappings = [.. Mappings.Where(mapping => !range.Contains(mapping))];
    }
}
