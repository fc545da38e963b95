"""Markdown to HTML with markdown-it-py: no raw HTML and no images, so nothing is fetched or run."""

from markdown_it import MarkdownIt

_MARKDOWN = (
    MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "html_inline", "html_block"])
)


def markdown_html(text: str) -> str:
    r"""The HTML of a Markdown text; raw HTML in it is shown as it stands.

    >>> markdown_html("*Many* never <b>open</b> it.")
    '<p><em>Many</em> never &lt;b&gt;open&lt;/b&gt; it.</p>\n'
    """
    rendered: str = _MARKDOWN.render(text)
    return rendered
