using Ferry.Report.Charts;

namespace Ferry.Report.Pages;

/// <summary>How pages look: by day, by night and on paper.</summary>
internal static class PageStyle
{
    internal static string Text { get; } =
        $$"""
        :root { color-scheme: light dark; --raised: #F4F6F8; --muted: #4F5862; {{Palette.LightStyle}} }
        @media screen and (prefers-color-scheme: dark) {
          :root { --raised: #1F252C; --muted: #AEB7C2; {{Palette.DarkStyle}} }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif; }
        main { max-width: 64rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
        h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; overflow-wrap: anywhere; }
        h2 { font-size: 1.25rem; margin: 0 0 .5rem; }
        p { margin: 0 0 .75rem; max-width: 48rem; overflow-wrap: anywhere; }
        .lead, figcaption, summary { color: var(--muted); }
        .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: .75rem; margin: 1.5rem 0 2.5rem; }
        .figures div { background: var(--raised); border: 1px solid var(--grid); border-radius: .5rem; padding: .7rem .9rem; }
        dt { color: var(--muted); font-size: .85rem; }
        dd { margin: 0; font-size: 1.1rem; font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
        section { margin: 0 0 2.75rem; }
        figure { margin: 0; }
        figcaption { font-size: .9rem; margin-top: .25rem; }
        svg { display: block; width: 100%; height: auto; font-family: system-ui, "DejaVu Sans", sans-serif; }
        details { margin-top: .5rem; }
        summary { cursor: pointer; font-size: .9rem; }
        .scroll { overflow-x: auto; margin-top: .5rem; }
        table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
        th, td { text-align: left; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--grid); vertical-align: top; }
        th { color: var(--muted); font-weight: 600; }
        @media print {
          main { max-width: none; padding: 0; }
          section, figure, .figures div { break-inside: avoid; }
          details { display: none; }
          body { font-size: 11pt; }
        }

        """;
}
