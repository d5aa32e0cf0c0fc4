using System.Text.Json.Nodes;
using Xunit;

namespace Ferry.Report.Tests.Browser;

/// <summary>The page as a real browser shows it. Pictures go to the folder that FERRY_SCREENSHOTS names, for somebody to look at.</summary>
public sealed class BrowserTests : IDisposable
{
    // Source: WCAG 2.1, 1.4.3, for text of normal size.
    private const double LeastContrast = 4.5;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ferry-page-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("screen", "light")]
    [InlineData("screen", "dark")]
    [InlineData("print", "light")]
    [InlineData("print", "dark")]
    public async Task A_page_loads_and_runs_nothing_and_all_of_it_can_be_read(string media, string scheme)
    {
        await using var browser = await Chromium.StartAsync();
        await browser.OpenAsync(Write(SamplePage.Page.ToHtml()), media, scheme);
        var sizes = (await browser.EvaluateAsync(PageScript.ChartSizes)).AsArray();
        var contrasts = (await browser.EvaluateAsync(PageScript.Contrasts)).AsArray();
        var overflow = (double)await browser.EvaluateAsync(PageScript.Overflow);
        var text = (string)(await browser.EvaluateAsync(PageScript.Text))!;
        await KeepAsync(browser, $"{media}-{scheme}.png");

        Assert.Single(RequestsOf(browser));
        Assert.Empty(ComplaintsOf(browser));
        Assert.Equal(SamplePage.Page.Sections.Count(section => section.Chart is not null), sizes.Count);
        Assert.All(sizes, size => Assert.True((double)size![0]! > 300 && (double)size[1]! > 60, size!.ToJsonString()));
        Assert.True(contrasts.Count > 60, $"{contrasts.Count} texts are shown.");
        Assert.All(contrasts, each => Assert.True((double)each!["contrast"]! >= LeastContrast, each!.ToJsonString()));
        Assert.Equal(0, overflow);
        Assert.Contains(SamplePage.Hostile, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task By_night_and_by_day_the_page_is_of_other_colours_and_on_paper_it_is_light()
    {
        await using var browser = await Chromium.StartAsync();
        var page = Write(SamplePage.Page.ToHtml());
        var colors = new List<string>();
        foreach (var (media, scheme) in ((string, string)[])[("screen", "light"), ("screen", "dark"), ("print", "dark")])
        {
            await browser.OpenAsync(page, media, scheme);
            colors.Add((string)(await browser.EvaluateAsync("getComputedStyle(document.body).backgroundColor"))!);
        }

        Assert.Equal(["rgb(255, 255, 255)", "rgb(21, 25, 30)", "rgb(255, 255, 255)"], colors);
    }

    [Fact]
    public async Task A_page_that_loads_complains_or_is_pale_would_be_seen()
    {
        await using var browser = await Chromium.StartAsync();
        await browser.OpenAsync(
            Write("<body style=\"background:#fff\"><p style=\"color:#bbb\">pale</p><img src=\"missing.png\"><script>console.error('loud')</script></body>"), "screen", "light");
        var contrasts = (await browser.EvaluateAsync(PageScript.Contrasts)).AsArray();
        Assert.Contains(contrasts, each => (double)each!["contrast"]! < LeastContrast);
        Assert.Equal(2, RequestsOf(browser).Count);
        Assert.NotEmpty(ComplaintsOf(browser));
    }

    private static List<JsonNode> RequestsOf(Chromium browser) => [.. browser.Events.Where(each => Chromium.Is(each, "Network.requestWillBeSent"))];

    private static List<string> ComplaintsOf(Chromium browser) =>
    [
        .. browser.Events
            .Where(each => Chromium.Is(each, "Log.entryAdded") || Chromium.Is(each, "Runtime.consoleAPICalled") || Chromium.Is(each, "Runtime.exceptionThrown"))
            .Select(each => each.ToJsonString()),
    ];

    private static async Task KeepAsync(Chromium browser, string name)
    {
        if (Environment.GetEnvironmentVariable("FERRY_SCREENSHOTS") is { Length: > 0 } folder)
        {
            await File.WriteAllBytesAsync(Path.Combine(folder, name), await browser.ScreenshotAsync());
        }
    }

    private string Write(string html)
    {
        var path = Path.Combine(_folder.FullName, "page.html");
        File.WriteAllText(path, html);
        return path;
    }
}
