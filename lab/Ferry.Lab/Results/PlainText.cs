using System.Text;

namespace Ferry.Lab.Results;

/// <summary>Text from the lab as it may be shown on a terminal.</summary>
internal static class PlainText
{
    /// <summary>The text with every control character, line ends too, replaced by a space.</summary>
    public static string Of(string text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (var each in text)
        {
            plain.Append(char.IsControl(each) ? ' ' : each);
        }

        return plain.ToString().Trim();
    }
}
