using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Ferry.Report.Tests.Browser;

/// <summary>A headless Chromium, spoken to by its debugging protocol on loopback; gone with its profile when disposed.</summary>
internal sealed class Chromium : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome"];

    private readonly DirectoryInfo _profile = Directory.CreateTempSubdirectory("ferry-chromium-");
    private readonly ClientWebSocket _socket = new();
    private readonly List<JsonNode> _events = [];
    private readonly Process _process;
    private string? _session;
    private int _lastId;

    private Chromium(string path)
    {
        var start = new ProcessStartInfo(path)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            ArgumentList =
            {
                "--headless", "--disable-gpu", "--remote-debugging-port=0", $"--user-data-dir={_profile.FullName}", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-dev-shm-usage", "--hide-scrollbars", "about:blank",
            },
        };
        if (Environment.IsPrivilegedProcess)
        {
            // Its sandbox wants to be built by somebody else than root.
            start.ArgumentList.Insert(0, "--no-sandbox");
        }

        _process = Process.Start(start)!;
        _process.OutputDataReceived += static (_, _) => { };
        _process.BeginOutputReadLine();
    }

    /// <summary>What the browser told of itself since the page was opened.</summary>
    public IReadOnlyList<JsonNode> Events => _events;

    /// <summary>Starts one, or skips the test where there is none.</summary>
    public static async Task<Chromium> StartAsync()
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').SelectMany(folder => Names.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
        Assert.SkipWhen(path is null, "no Chromium on the PATH (apt-get install chromium)");
        var browser = new Chromium(path!);
        try
        {
            await browser.ConnectAsync().WaitAsync(Patience);
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens a file as a reader of this kind would see it, and waits until it is loaded.</summary>
    public async Task OpenAsync(string path, string media, string scheme)
    {
        foreach (var domain in (string[])["Page", "Network", "Runtime", "Log"])
        {
            await SendAsync($"{domain}.enable", []);
        }

        await SendAsync("Emulation.setDeviceMetricsOverride", new() { ["width"] = 1000, ["height"] = 4000, ["deviceScaleFactor"] = 1, ["mobile"] = false });
        await SendAsync("Emulation.setEmulatedMedia", new()
        {
            ["media"] = media,
            ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = scheme }),
        });
        _events.Clear();
        await SendAsync("Page.navigate", new() { ["url"] = new Uri(path).AbsoluteUri });
        while (!_events.Any(each => Is(each, "Page.loadEventFired")))
        {
            _events.Add(await ReceiveAsync());
        }
    }

    /// <summary>What an expression comes to in the page.</summary>
    public async Task<JsonNode> EvaluateAsync(string expression)
    {
        var result = await SendAsync("Runtime.evaluate", new() { ["expression"] = expression, ["returnByValue"] = true });
        return result["result"]!["value"] ?? throw new InvalidOperationException(result.ToJsonString());
    }

    /// <summary>A picture of all that is shown, as PNG.</summary>
    public async Task<byte[]> ScreenshotAsync() =>
        Convert.FromBase64String((string)(await SendAsync("Page.captureScreenshot", new() { ["format"] = "png", ["captureBeyondViewport"] = true }))["data"]!);

    /// <summary>Whether an event is of that kind.</summary>
    public static bool Is(JsonNode each, string method) => (string?)each["method"] == method;

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        // What it started may still be writing for a moment.
        for (var i = 0; Directory.Exists(_profile.FullName) && i < 100; i++)
        {
            try
            {
                _profile.Delete(recursive: true);
            }
            catch (IOException)
            {
                await Task.Delay(50);
            }
        }
    }

    private async Task ConnectAsync()
    {
        const string mark = "DevTools listening on ";
        var listening = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        _process.ErrorDataReceived += (_, said) =>
        {
            if (said.Data is null)
            {
                listening.TrySetException(new InvalidOperationException("Chromium ended before it listened."));
            }
            else if (said.Data.StartsWith(mark, StringComparison.Ordinal))
            {
                listening.TrySetResult(said.Data[mark.Length..]);
            }
        };
        _process.BeginErrorReadLine();
        await _socket.ConnectAsync(new Uri(await listening.Task), CancellationToken.None);
        var target = await SendAsync("Target.createTarget", new() { ["url"] = "about:blank" });
        _session = (string?)(await SendAsync("Target.attachToTarget", new() { ["targetId"] = (string?)target["targetId"], ["flatten"] = true }))["sessionId"];
    }

    private async Task<JsonNode> SendAsync(string method, JsonObject parameters)
    {
        var message = new JsonObject { ["id"] = ++_lastId, ["method"] = method, ["params"] = parameters };
        if (_session is not null)
        {
            message["sessionId"] = _session;
        }

        await _socket.SendAsync(Encoding.UTF8.GetBytes(message.ToJsonString()), WebSocketMessageType.Text, true, CancellationToken.None);
        while (true)
        {
            var answer = await ReceiveAsync();
            if ((int?)answer["id"] == _lastId)
            {
                return answer["result"] ?? throw new InvalidOperationException($"{method}: {answer.ToJsonString()}");
            }

            _events.Add(answer);
        }
    }

    private async Task<JsonNode> ReceiveAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        using var message = new MemoryStream();
        var buffer = new byte[1 << 16];
        ValueWebSocketReceiveResult part;
        do
        {
            part = await _socket.ReceiveAsync(buffer.AsMemory(), patience.Token);
            message.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);
        return JsonNode.Parse(message.ToArray()) ?? throw new JsonException("null");
    }
}
