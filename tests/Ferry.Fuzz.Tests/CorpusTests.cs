using Xunit;

namespace Ferry.Fuzz.Tests;

/// <summary>Replays every corpus, and small alterations of each of its entries, through its target.</summary>
public sealed class CorpusTests
{
    private const int AlterationsPerEntry = 200;

    public static TheoryData<string> Targets => [.. FuzzTargets.All.Select(target => target.Name)];

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Targets))]
    public void Every_entry_and_its_alterations_are_parsed_or_refused(string name)
    {
        var target = FuzzTargets.All.Single(candidate => candidate.Name == name);
        var files = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "corpus", name));
        Assert.NotEmpty(files);
        foreach (var file in files.Order(StringComparer.Ordinal))
        {
            var entry = File.ReadAllBytes(file);
            target.Run(entry);
            var random = new Random(entry.Length);
            for (var i = 0; i < AlterationsPerEntry; i++)
            {
                var altered = Alter(entry, random);
                try
                {
                    target.Run(altered);
                }
                catch (Exception e)
                {
                    throw new InvalidOperationException($"{Path.GetFileName(file)}, alteration {i}: {Convert.ToHexString(altered)}", e);
                }
            }
        }
    }

    private static byte[] Alter(byte[] entry, Random random)
    {
        var altered = random.Next(4) == 0 ? entry[..random.Next(entry.Length + 1)] : [.. entry];
        for (var flips = random.Next(1, 4); altered.Length > 0 && flips > 0; flips--)
        {
            altered[random.Next(altered.Length)] = random.Next(3) switch { 0 => 0, 1 => 0xff, _ => (byte)random.Next(256) };
        }

        return altered;
    }
}
