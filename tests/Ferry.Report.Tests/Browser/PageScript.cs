namespace Ferry.Report.Tests.Browser;

/// <summary>What is asked of a page, in its own language.</summary>
internal static class PageScript
{
    /// <summary>The width and height of each chart as shown.</summary>
    public const string ChartSizes = "[...document.querySelectorAll('svg')].map(svg => { const box = svg.getBoundingClientRect(); return [box.width, box.height]; })";

    /// <summary>How far the page is wider than its window.</summary>
    public const string Overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";

    /// <summary>All text of the page, shown or folded away.</summary>
    public const string Text = "document.body.textContent";

    /// <summary>Each text that is shown, with its contrast against what is painted below it. Source: WCAG 2.1, contrast ratio.</summary>
    public const string Contrasts =
        """
        (() => {
          const parse = color => { const part = color.match(/[\d.]+/g).map(Number); return part.length < 4 ? [...part, 1] : part; };
          const channel = value => { value /= 255; return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4; };
          const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
          const page = getComputedStyle(document.body).backgroundColor;
          const below = (element, box) => {
            for (const other of document.elementsFromPoint(box.left + box.width / 2, box.top + box.height / 2)) {
              const style = getComputedStyle(other);
              const isShape = other instanceof SVGGeometryElement;
              const color = isShape ? style.fill : style.backgroundColor;
              if (other !== element && color !== 'none' && parse(color)[3] === 1) return color;
            }
            return page;
          };
          const found = [];
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            const element = walker.currentNode.parentElement;
            const box = element.getBoundingClientRect();
            if (!walker.currentNode.data.trim() || !element.checkVisibility() || box.width === 0 || box.height === 0) continue;
            const style = getComputedStyle(element);
            const one = luminance(parse(element instanceof SVGElement ? style.fill : style.color)), other = luminance(parse(below(element, box)));
            found.push({ text: walker.currentNode.data.trim().slice(0, 40), contrast: (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05) });
          }
          return found;
        })()
        """;
}
