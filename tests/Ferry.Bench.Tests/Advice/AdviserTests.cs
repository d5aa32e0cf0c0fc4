using CsCheck;
using Ferry.Bench.Advice;
using Ferry.Bench.Tests.Model;
using Xunit;

namespace Ferry.Bench.Tests.Advice;

public sealed class AdviserTests
{
    private const double Gigabit = 1e9;

    [Fact]
    public void On_400_gigabits_a_coarse_page_is_advised_for_an_rdma_device()
    {
        var advice = Adviser.Advise(TestHosts.Rdma(400 * Gigabit));
        Assert.Equal(65536UL, advice.Recommended!.Policy.Trackers[0].Costs.PageBytes);
        Assert.Contains("mlx0 by device 64K", advice.Reason, StringComparison.Ordinal);
        Assert.Contains("device 4K", advice.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void On_1_gigabit_the_fine_page_is_worth_its_slowdown() =>
        Assert.Equal(4096UL, Adviser.Advise(TestHosts.Rdma(Gigabit)).Recommended!.Policy.Trackers[0].Costs.PageBytes);

    [Fact]
    public void The_advice_changes_once_between_both_links()
    {
        var pages = Enumerable.Range(0, 28).Select(i => Gigabit * Math.Pow(400, i / 27.0))
            .Select(link => Adviser.Advise(TestHosts.Rdma(link)).Recommended!.Policy.Trackers[0].Costs.PageBytes).ToList();
        Assert.Equal(4096UL, pages[0]);
        Assert.Equal(1, pages.Zip(pages.Skip(1)).Count(pair => pair.First != pair.Second));
    }

    [Fact]
    public void A_slowdown_limit_takes_the_fine_page_away() =>
        Assert.All(
            Adviser.Advise(Limit(TestHosts.Rdma(10 * Gigabit), downtime: 60, slowdown: 0.05)).Recommended!.Policy.Trackers,
            tracker => Assert.Equal(65536UL, tracker.Costs.PageBytes));

    [Fact]
    public void Where_nothing_fits_the_limit_to_raise_and_its_least_value_are_named()
    {
        var question = Limit(TestHosts.Rdma(Gigabit), downtime: 0.05, slowdown: 0.05);
        var advice = Adviser.Advise(question);
        Assert.Null(advice.Recommended);
        Assert.False(advice.RelaxTogether);
        Assert.NotEmpty(advice.Relaxations);
        foreach (var relaxation in advice.Relaxations)
        {
            var raised = relaxation.Limit == "downtime"
                ? question.Limits with { DowntimeSeconds = relaxation.To }
                : question.Limits with { Slowdown = relaxation.To };
            Assert.True(relaxation.To > relaxation.From);
            Assert.True(relaxation.Candidate.Meets(raised));
            Assert.Contains("--" + relaxation.Limit, advice.Reason, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Where_no_single_limit_is_the_reason_all_that_are_needed_are_named()
    {
        var question = TestHosts.Rdma(Gigabit) with { Limits = new AdviceLimits { DowntimeSeconds = 0.001, Slowdown = 0.001, TotalSeconds = 0.001 } };
        var advice = Adviser.Advise(question);
        Assert.Null(advice.Recommended);
        Assert.True(advice.RelaxTogether);
        Assert.True(advice.Relaxations.Count > 1);
        Assert.Single(advice.Relaxations.Select(each => each.Candidate).Distinct());
    }

    [Fact]
    public void The_margins_are_what_is_left_of_each_limit()
    {
        var advice = Adviser.Advise(Limit(TestHosts.Rdma(400 * Gigabit), downtime: 0.2, slowdown: 0.04));
        Assert.Equal(0.75, advice.Margins["max-slowdown"], 2);
        Assert.Equal(1 - (advice.Recommended!.Prediction.DowntimeSeconds / 0.2), advice.Margins["downtime"], 6);
        Assert.Equal(2, advice.Margins.Count);
    }

    [Fact]
    public void The_link_is_named_as_what_would_change_the_advice()
    {
        var advice = Adviser.Advise(TestHosts.Rdma(400 * Gigabit));
        Assert.NotEmpty(advice.Sensitivities);
        foreach (var each in advice.Sensitivities)
        {
            Assert.NotEqual(advice.Recommended!.Trackers, each.Trackers);
        }

        Assert.Equal(advice.Sensitivities.OrderBy(each => Math.Abs(Math.Log(each.Factor))), advice.Sensitivities);
    }

    [Fact]
    public void Nothing_that_is_dominated_is_ever_shown() =>
        Questions.Sample(
            question =>
            {
                var all = PolicySearch.Run(question);
                var shown = Frontier.Few(Frontier.Of(all), null, Adviser.MostShown);
                Assert.InRange(shown.Count, all.Count == 0 ? 0 : 1, Adviser.MostShown);
                Assert.All(shown, each => Assert.DoesNotContain(all, other => other.Dominates(each)));
            },
            iter: 60);

    [Fact]
    public void What_is_advised_meets_the_limits_is_shown_and_is_nearly_the_fastest_that_does() =>
        Questions.Sample(
            question =>
            {
                var advice = Adviser.Advise(question);
                var fit = PolicySearch.Run(question).Where(each => each.Meets(question.Limits)).ToList();
                Assert.Equal(fit.Count == 0, advice.Recommended is null);
                if (advice.Recommended is { } chosen)
                {
                    Assert.True(chosen.Meets(question.Limits));
                    Assert.Contains(chosen, advice.Shown);
                    Assert.True(chosen.Prediction.TotalSeconds <= (fit.Min(each => each.Prediction.TotalSeconds) * 1.05) + 0.05 + 1e-9);
                }
            },
            iter: 30);

    [Fact]
    public void What_is_advised_keeps_free_what_its_switchover_takes()
    {
        var question = TestHosts.Rdma(10 * Gigabit) with { Limits = new AdviceLimits { DowntimeSeconds = 0.1 } };
        question = question with { Engine = question.Engine with { SwitchoverSeconds = 0.03, DeviceSeconds = 0.01 } };
        var convergence = Adviser.Advise(question).Recommended!.Policy.Convergence;
        // 40 ms, and three turns of a link that takes 20 us for one.
        Assert.Equal((100, 40.06), (convergence.DowntimeLimit.TotalMilliseconds, Math.Round(convergence.SwitchoverOverhead.TotalMilliseconds, 3)));
        Assert.All(PolicySearch.Run(question), each => Assert.True(each.Policy.Convergence.SwitchoverOverhead < each.Policy.Convergence.DowntimeLimit));
        var impossible = question with { Engine = question.Engine with { SwitchoverSeconds = 0.2 } };
        Assert.Null(Adviser.Advise(impossible).Recommended);
    }

    [Theory]
    [InlineData(0, 0.05)]
    [InlineData(0.05, -1)]
    public void Nonsense_limits_are_refused(double downtime, double slowdown) =>
        Assert.Throws<ArgumentException>(() => Adviser.Advise(Limit(TestHosts.Rdma(Gigabit), downtime, slowdown)));

    [Fact]
    public void A_source_that_was_not_measured_is_refused_by_name() =>
        Assert.Contains(
            "mlx0", Assert.Throws<ArgumentException>(() => Adviser.Advise(TestHosts.Rdma(Gigabit) with { Sources = [] })).Message, StringComparison.Ordinal);

    [Fact]
    public void More_combinations_than_can_be_tried_are_refused()
    {
        var question = TestHosts.Rdma(Gigabit);
        SourceOptions[] sources = [.. Enumerable.Range(0, 8).Select(i => question.Sources[0] with { Source = $"nic{i}" })];
        Assert.Throws<ArgumentException>(() => PolicySearch.Run(question with { Sources = sources }));
    }

    private static Gen<AdviceQuestion> Questions =>
        from link in Gen.Double[0.3, 400]
        from dirty in Gen.Double[1, 2000]
        from fine in Gen.Double[0, 0.3]
        from coarse in Gen.Double[0, 0.3]
        from downtime in Gen.Double[0.02, 2]
        let question = TestHosts.Rdma(link * Gigabit)
        select question with
        {
            Workload = question.Workload with { Writers = [question.Workload.Writers[0] with { DirtyBytesPerSecond = dirty * TestHosts.MiB }] },
            Sources =
            [
                question.Sources[0] with { Costs = [question.Sources[0].Costs[0] with { Slowdown = fine }, question.Sources[0].Costs[1] with { Slowdown = coarse }] },
            ],
            Limits = new AdviceLimits { DowntimeSeconds = downtime, Slowdown = 0.2 },
        };

    private static AdviceQuestion Limit(AdviceQuestion question, double downtime, double slowdown) =>
        question with { Limits = new AdviceLimits { DowntimeSeconds = downtime, Slowdown = slowdown } };
}
