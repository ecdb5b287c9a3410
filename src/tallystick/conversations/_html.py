"""Mail as HTML, made harmless: words, tables and links stay; pictures, styles, forms and scripts go."""

from __future__ import annotations

from typing import Final

import nh3

MOST_HTML = 400_000
_TAGS: Final = {
    *("a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "col", "colgroup", "dd", "del", "div", "dl", "dt"),
    *("em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "ins", "li", "ol", "p", "pre", "q", "s", "small", "span"),
    *("strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul"),
}  # fmt: skip
_ATTRIBUTES: Final = {
    "a": {"href", "title"},
    "col": {"span"},
    "colgroup": {"span"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "*": {"dir", "lang"},
}
_GONE_WHOLE: Final = {"script", "style", "title", "head", "template", "noscript", "svg", "math", "iframe", "object"}


def clean_html(html: str) -> str:
    """Return what may be shown of a mail's HTML; nothing when there is none or it is longer than any letter.

    It loads nothing: no picture, style or frame is left. Links open elsewhere, tell nobody where the reader came from,
    and lead to http, https, mailto or tel only.
    """
    if not html.strip() or len(html) > MOST_HTML:
        return ""
    return nh3.clean(
        html.replace("\x00", ""),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        clean_content_tags=_GONE_WHOLE,
        set_tag_attribute_values={"a": {"target": "_blank"}},
        link_rel="noopener noreferrer nofollow",
        url_schemes={"http", "https", "mailto", "tel"},
        url_relative="deny",
    ).strip()
