using Ferry.Conform.Tests.Defects;
using Ferry.Memory;
using Xunit;

namespace Ferry.Conform.Tests;

/// <summary>Each planted defect of the log of DMA writes is found, by the checks of the rule that it breaks and by no other.</summary>
public sealed class LogDefectTests
{
    [Fact]
    public void A_log_that_forgets_pages() => Conformance.AssertFinds(
        new ForgetsPages(Conformance.Rnic()), ["log-complete", "log-report-sizes", "log-ranges"], "was written and is not reported at 4K");

    [Fact]
    public void A_log_of_what_is_written_in_RUNNING_alone() =>
        Conformance.AssertFinds(new LogsNotInPreCopy(Conformance.Rnic()), "log-complete", "was written and is not reported");

    [Fact]
    public void A_log_that_is_started_by_a_range_that_it_refused() => Conformance.AssertFinds(
        new StartsLongRange(Conformance.Rnic()), "log-range-limits", "DMA_LOGGING_START 4K 0x40000000-0x40ffffff was refused");

    [Fact]
    public void A_log_that_reports_a_page_only_once() => Conformance.AssertFinds(new ReportsOnce(Conformance.Rnic()), "log-complete", "was written and is not reported");

    [Fact]
    public void A_log_that_reports_pages_that_were_not_written() => Conformance.AssertFinds(new ReportsNeighbours(Conformance.Rnic()), "log-exact", "is reported and was not written");

    [Fact]
    public void A_log_that_does_not_forget() => Conformance.AssertFinds(new NeverForgets(Conformance.Rnic()), "log-forgets", "pages are reported again at once");

    [Fact]
    public void A_log_that_reports_beyond_the_range() => Conformance.AssertFinds(new ReportsBeyond(Conformance.Rnic()), "log-ranges", "has pages set beyond them");

    [Fact]
    public void A_log_of_the_first_range_alone() => Conformance.AssertFinds(new LogsFirstRange(Conformance.Rnic()), "log-ranges", "was written and is not reported");

    [Fact]
    public void A_log_that_does_not_begin_empty() => Conformance.AssertFinds(new KeepsOldPages(Conformance.Rnic()), "log-lifecycle", "that were written before the second START");

    [Fact]
    public void A_page_size_that_is_claimed_and_refused() => Conformance.AssertFinds(new ClaimsPageSize(Conformance.Rnic()), "log-page-sizes", "DMA_LOGGING_START 8K");

    [Fact]
    public void A_page_size_that_is_not_reported_at() =>
        Conformance.AssertFinds(new ReportsOneSize(Conformance.Rnic(), PageSize.Size2M), "log-report-sizes", "DMA_LOGGING_REPORT 0x40000000-0x40ffffff 2M was refused");

    [Fact]
    public void A_log_that_is_started_by_what_it_refused() => Conformance.AssertFinds(
        new StartsWhatItRefuses(Conformance.Rnic()), "log-range-limits", "DMA_LOGGING_START 4K 0x40000000-0x40000fff was refused");
}
