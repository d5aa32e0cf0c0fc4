using Ferry.Conform.Tracing;
using Xunit;

namespace Ferry.Conform.Tests;

public sealed class CommandTraceTests
{
    [Fact]
    public void What_set_the_connection_up_stays_and_what_was_before_a_reset_goes()
    {
        var trace = new CommandTrace(["connect"]);
        trace.Add("map");
        trace.EndSetup();
        trace.Add("before");
        trace.Begin();
        trace.Note("a scenario");
        trace.Add("reset");
        Assert.Equal(["connect", "map", "before", "# a scenario", "reset"], trace.Lines());
        trace.ForgetBefore();
        trace.Add("after");
        Assert.Equal(["connect", "map", "# a scenario", "reset", "after"], trace.Lines());
    }

    [Fact]
    public void A_line_that_repeats_is_counted_and_never_across_a_begin()
    {
        var trace = new CommandTrace(["connect"]);
        trace.EndSetup();
        trace.Add("read");
        trace.Add("read");
        trace.Begin();
        trace.Add("read");
        Assert.Equal(["connect", "read (2 times)", "read"], trace.Lines());
    }

    [Fact]
    public void A_long_scenario_loses_its_first_lines_and_says_so()
    {
        var trace = new CommandTrace(["connect"]);
        trace.EndSetup();
        trace.Begin();
        for (var i = 0; i < 1003; i++)
        {
            trace.Add($"line {i}");
        }

        var lines = trace.Lines();
        Assert.Equal(["connect", "# 3 lines left out", "line 3"], lines.Take(3));
        Assert.Equal("line 1002", lines[^1]);
        trace.Begin();
        trace.Add("reset");
        trace.ForgetBefore();
        Assert.Equal(["connect", "reset"], trace.Lines());
    }
}
