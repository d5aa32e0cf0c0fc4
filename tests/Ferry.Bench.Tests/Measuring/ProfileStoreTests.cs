using Ferry.Bench.Measuring;
using Ferry.Bench.Profiles;
using Xunit;

namespace Ferry.Bench.Tests.Measuring;

/// <summary>What was measured is kept, whatever ends the bench, and never takes the place of more.</summary>
public sealed class ProfileStoreTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ferry-");

    private string At => Path.Combine(_folder.FullName, "profile.json");

    private string Partial => ProfileStore.PartialOf(At);

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Each_sample_is_on_disk_when_the_next_is_measured()
    {
        var store = Store();
        store.Add(Some.Sample("device"));
        Assert.Single(ProfileFile.Read(Partial).Samples);
        store.Add(Some.Sample("iotable"));
        Assert.Equal(2, ProfileFile.Read(Partial).Samples.Count);
        Assert.False(ProfileFile.Read(Partial).IsComplete);
        Assert.False(File.Exists(At));
    }

    [Fact]
    public void A_point_that_is_measured_anew_replaces_what_was_there()
    {
        var store = Store(Some.Sample("device", 0.1, 0.2));
        store.Add(Some.Sample("device", 0.3));
        Assert.Equal([0.3], ProfileFile.Read(Partial).Samples.Single().Measures[0].Values);
    }

    [Fact]
    public void A_whole_profile_takes_its_place_and_nothing_is_left_beside_it()
    {
        var store = Store();
        store.Add(Some.Sample());
        Assert.Equal(At, store.Finish(isComplete: true));
        Assert.True(ProfileFile.Read(At).IsComplete);
        Assert.Single(_folder.GetFiles());
    }

    [Fact]
    public void A_part_of_one_takes_a_place_that_is_free_and_never_that_of_a_whole_one()
    {
        var store = Store();
        store.Add(Some.Sample("device"));
        Assert.Equal(At, store.Finish(isComplete: false));
        Assert.False(ProfileFile.Read(At).IsComplete);

        ProfileFile.Write(At, Some.Profile() with { IsComplete = true });
        store.Add(Some.Sample("iotable"));
        Assert.Equal(Partial, store.Finish(isComplete: false));
        Assert.True(ProfileFile.Read(At).IsComplete);
        Assert.Equal(2, ProfileFile.Read(Partial).Samples.Count);
    }

    [Fact]
    public void A_write_that_fails_leaves_the_samples_before()
    {
        var store = Store();
        store.Add(Some.Sample("device"));
        // What writing begins with can't be made.
        Directory.CreateDirectory($"{Partial}.new");
        Assert.ThrowsAny<Exception>(() => store.Add(Some.Sample("iotable")));
        Assert.Equal("device", ProfileFile.Read(Partial).Samples.Single().Dimensions.Provider);
    }

    [Fact]
    public void Notes_are_kept_once_and_fit_the_file()
    {
        var store = Store();
        store.Note(new string('x', 5000) + "\n");
        store.Note("why\tnot");
        store.Note("why\tnot");
        store.Add(Some.Sample());
        Assert.Equal(["why not"], ProfileFile.Read(Partial).Notes!.Skip(1));
    }

    private ProfileStore Store(params CostSample[] kept) => new(At, Some.Profile() with { Samples = [], Costs = [] }, kept);
}
