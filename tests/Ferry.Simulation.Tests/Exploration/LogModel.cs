namespace Ferry.Simulation.Tests.Exploration;

/// <summary>All steps that may come next in the concurrency of DMA, its log, and reports.</summary>
/// <remarks>The steps are those of DmaLog.Mark, DirtyBitmap.SetPagesAtomic and DirtyBitmap.Drain on one word, and the memory is that of
/// x86: a store waits in its thread's buffer, in order, until it is flushed at any time; a locked operation needs an empty buffer.</remarks>
internal sealed class LogModel(LogRule rule, int rounds)
{
    private const int StepsPerWrite = 3;

    // Page and value of each writer's writes: they share a page and a word.
    private static readonly (int Page, int Value)[][] Writes = [[(0, 1), (0, 2)], [(1, 3), (0, 4)]];

    public static LogState Start => default;

    /// <summary>Whether nothing is left to do.</summary>
    public bool IsOver(LogState state) => state.Reporter.Round > rounds && HasEnded(state.First, 0) && HasEnded(state.Second, 1);

    /// <summary>What went wrong in a state where nothing is left to do, or null.</summary>
    public static string? Fault(LogState state) =>
        state.Copy == state.Memory ? null : $"memory is {state.ValueOf(0)} {state.ValueOf(1)}, the copy {state.Copy & 15} {(state.Copy >> 4) & 15}";

    public IEnumerable<(string Step, LogState Next)> Next(LogState state)
    {
        foreach (var (step, next) in Write(0, state.First, state))
        {
            yield return ($"writer 1 {step}", next);
        }

        foreach (var (step, next) in Write(1, state.Second, state))
        {
            yield return ($"writer 2 {step}", next);
        }

        if (Report(state) is { } report)
        {
            yield return ($"reporter {report.Step}", report.Next);
        }
    }

    private static bool HasEnded(LogState.Writer writer, int number) => writer.At == Writes[number].Length * StepsPerWrite && writer.Buffer == 0;

    private static LogState With(LogState state, int number, LogState.Writer writer) =>
        number == 0 ? state with { First = writer } : state with { Second = writer };

    private IEnumerable<(string Step, LogState Next)> Write(int number, LogState.Writer writer, LogState state)
    {
        if (writer.Buffer != 0)
        {
            var (page, value) = ((writer.Buffer >> 4) & 7, writer.Buffer & 15);
            yield return ($"flushes page {page} = {value}", With(state.WithValue(page, value), number, writer with { Buffer = writer.Buffer >> 8 }));
        }

        var index = writer.At / StepsPerWrite;
        if (index == Writes[number].Length)
        {
            yield break;
        }

        var next = Writes[number][index];
        var storeAt = rule == LogRule.MarkComesFirst ? 2 : 0;
        if (writer.At % StepsPerWrite == storeAt)
        {
            var shift = writer.Buffer == 0 ? 0 : 8;
            var entry = 128 | (next.Page << 4) | next.Value;
            yield return ($"writes page {next.Page} = {next.Value}", With(state, number, writer with { At = writer.At + 1, Buffer = writer.Buffer | (entry << shift) }));
        }
        else if (Mark(number, writer, state, 1 << next.Page) is { } marked)
        {
            yield return marked;
        }
    }

    // In two steps, of which the real one needs but the second.
    private (string Step, LogState Next)? Mark(int number, LogState.Writer writer, LogState state, int bit)
    {
        var isFirst = writer.At % StepsPerWrite == (rule == LogRule.MarkComesFirst ? 0 : 1);
        if (isFirst)
        {
            return ($"reads the word {state.Word}", With(state, number, writer with { At = writer.At + 1, Register = state.Word }));
        }

        var done = writer with { At = writer.At + 1, Register = 0 };
        return rule switch
        {
            LogRule.MarkIsNotAtomic => ($"stores the word {writer.Register | bit}", With(state with { Word = writer.Register | bit }, number, done)),
            LogRule.MarkLooksFirst when (writer.Register & bit) != 0 => ("leaves the word", With(state, number, done)),
            // A locked operation waits for what the thread stored before.
            _ => writer.Buffer != 0 ? null : ($"ORs {bit} into the word", With(state with { Word = state.Word | bit }, number, done)),
        };
    }

    private (string Step, LogState Next)? Report(LogState state)
    {
        var reader = state.Reporter;
        // The last round comes when the device has stopped, which means that its stores are seen.
        var mustWait = reader.Round == rounds && rule != LogRule.LastReportBeforeStop && !(HasEnded(state.First, 0) && HasEnded(state.Second, 1));
        if (reader.Round > rounds || mustWait)
        {
            return null;
        }

        if (rule == LogRule.CopyComesFirst)
        {
            return CopyThenDrain(state, reader);
        }

        switch (reader.At)
        {
            case 0:
                // A word that is zero is passed over.
                return ($"scans the word {state.Word}", state with { Reporter = reader with { At = state.Word == 0 ? 3 : 1, Register = state.Word } });
            case 1 when rule == LogRule.DrainIsNotAtomic:
                return ($"reads the word {state.Word}", state with { Reporter = reader with { At = 2, Register = state.Word } });
            case 1:
                return ($"exchanges the word {state.Word} with 0", state with { Word = 0, Dirty = state.Dirty | state.Word, Reporter = reader with { At = 3, Register = 0 } });
            case 2:
                return ("stores 0", state with { Word = 0, Dirty = state.Dirty | reader.Register, Reporter = reader with { At = 3, Register = 0 } });
            default:
                return Copy(state, reader);
        }
    }

    private static (string Step, LogState Next)? Copy(LogState state, LogState.Reader reader)
    {
        var page = reader.At - 3;
        var next = reader with { At = page == 1 ? 0 : reader.At + 1, Round = page == 1 ? reader.Round + 1 : reader.Round, Register = 0 };
        return ((state.Dirty >> page) & 1) == 0
            ? ($"passes over page {page}", state with { Reporter = next })
            : ($"copies page {page} = {state.ValueOf(page)}", state.Copied(page) with { Reporter = next });
    }

    private static (string Step, LogState Next)? CopyThenDrain(LogState state, LogState.Reader reader) => reader.At switch
    {
        0 => ($"reads the word {state.Word}", state with { Dirty = state.Dirty | state.Word, Reporter = reader with { At = 1 } }),
        1 => ("copies page 0", (state.Dirty & 1) != 0 ? state.Copied(0) with { Reporter = reader with { At = 2 } } : state with { Reporter = reader with { At = 2 } }),
        2 => ("copies page 1", (state.Dirty & 2) != 0 ? state.Copied(1) with { Reporter = reader with { At = 3 } } : state with { Reporter = reader with { At = 3 } }),
        _ => ("exchanges the word with 0", state with { Word = 0, Reporter = new LogState.Reader(0, reader.Round + 1, 0) }),
    };
}
