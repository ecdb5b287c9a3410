"""The telephone's pages, as HTML and one style sheet."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import escape
from urllib.parse import quote

from tallystick.sms.phone.store import Entry

STYLE = """
:root { color-scheme: light dark; --page: #f4f6f7; --card: #fff; --ink: #151d22; --ink-2: #434c52; --ink-3: #5d666b;
  --line: #e2e5e7; --accent: #0c5f78; --on: #fff; --tint: #e8f4f8; --in: #e9ecee; }
@media (prefers-color-scheme: dark) { :root { --page: #0c1013; --card: #12171a; --ink: #eceff0; --ink-2: #b7bdc1;
  --ink-3: #8f979c; --line: #272e32; --accent: #6fc0dc; --on: #06141a; --tint: #14262d; --in: #232a2e; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 400 16px/1.45 system-ui, -apple-system, "Segoe UI",
  Roboto, Helvetica, Arial, sans-serif; }
a { color: inherit; text-decoration: none; } :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
main { max-width: 460px; min-height: 100vh; margin: 0 auto; background: var(--card); border-inline: 1px solid var(--line);
  display: flex; flex-direction: column; }
header { padding: 16px; border-bottom: 1px solid var(--line); display: flex; gap: 12px; align-items: center; }
h1 { font-size: 20px; line-height: 1.25; font-weight: 600; margin: 0; flex: 1; min-width: 0; }
.back { color: var(--accent); min-height: 44px; display: inline-flex; align-items: center; }
.list { list-style: none; margin: 0; padding: 0; } .list li + li { border-top: 1px solid var(--line); }
.list a { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 2px 12px; padding: 12px 16px; }
.list a:hover { background: var(--tint); } .list a:focus-visible { outline-offset: -3px; }
.who { font-weight: 600; } .when { color: var(--ink-3); font-size: 13px; font-variant-numeric: tabular-nums; }
.more { grid-column: 1 / -1; color: var(--ink-2); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.empty { padding: 64px 24px; text-align: center; color: var(--ink-2); } .empty b { display: block; color: var(--ink); }
.talk { list-style: none; margin: 0; padding: 16px; display: flex; flex-direction: column; gap: 12px; flex: 1; }
.talk li { max-width: 85%; } .talk .out { align-self: flex-end; text-align: end; }
.bubble { display: inline-block; padding: 9px 14px; border-radius: 18px; background: var(--in); text-align: start;
  white-space: pre-wrap; overflow-wrap: anywhere; } .bubble a { color: var(--accent); text-decoration: underline; }
.out .bubble { background: var(--accent); color: var(--on); }
.sub { display: block; color: var(--ink-3); font-size: 13px; padding: 2px 6px 0; }
.answer { position: sticky; bottom: 0; background: var(--card); border-top: 1px solid var(--line); padding: 10px 12px;
  display: flex; gap: 8px; } input { flex: 1; min-width: 0; height: 44px; padding: 0 16px; border: 1px solid var(--ink-3);
  border-radius: 22px; background: var(--card); color: var(--ink); font: inherit; }
button { height: 44px; padding: 0 16px; border: 0; border-radius: 22px; background: var(--accent); color: var(--on);
  font: inherit; font-weight: 600; cursor: pointer; }
.plain { background: none; color: var(--accent); border: 1px solid var(--line); }
"""
_URL = re.compile(r"https?://[^\s<>\"']+")


def telephones(newest: list[Entry]) -> str:
    """The list of telephones, the one with the newest text first."""
    rows = "".join(
        f'<li><a href="/t/{quote(one.number)}"><span class="who">{escape(one.number)}</span>'
        f'<span class="when">{_moment(one.at)}</span><span class="more" dir="auto">{escape(one.text)}</span></a></li>'
        for one in newest
    )
    shown = (
        f'<ul class="list">{rows}</ul>'
        if newest
        else '<div class="empty"><b>No texts yet</b>What Tallystick texts to customers will appear here.</div>'
    )
    return _page("Phones", f"<header><h1>Phones</h1></header>{shown}", '<meta http-equiv="refresh" content="15">')


def talk(number: str, entries: list[Entry]) -> str:
    """One telephone's texts, oldest first, and a field to answer in."""
    bubbles = "".join(_bubble(entry) for entry in entries)
    form = (
        f'<form class="answer" method="post" action="/t/{quote(number)}"><input name="text" aria-label="Text message" '
        'placeholder="Text message" autocomplete="off" maxlength="600"><button>Send</button>'
        '<button class="plain" name="text" value="STOP">STOP</button></form>'
    )
    return _page(
        number,
        f'<header><a class="back" href="/">← Phones</a><h1>{escape(number)}</h1></header>'
        f'<ol class="talk">{bubbles}</ol>{form}',
    )


def missing() -> str:
    """There is nothing here."""
    return _page(
        "Not here", '<div class="empty"><b>Nobody has this number</b><a class="back" href="/">Phones</a></div>'
    )


def _bubble(entry: Entry) -> str:
    side = "out" if entry.is_answer else "in"
    parts = f" · {entry.segments} segments" if entry.segments > 1 else ""
    who = "" if entry.is_answer else f"{escape(entry.sender or 'Sandbox')} · "
    return (
        f'<li class="{side}"><span class="bubble" dir="auto">{_linked(entry.text)}</span>'
        f'<span class="sub">{who}{_moment(entry.at)}{parts}</span></li>'
    )


def _linked(text: str) -> str:
    """The text, escaped, its addresses to click."""
    shown, at = [], 0
    for found in _URL.finditer(text):
        url = escape(found[0])
        shown += [escape(text[at : found.start()]), f'<a href="{url}" target="_blank" rel="noopener">{url}</a>']
        at = found.end()
    return "".join([*shown, escape(text[at:])])


def _moment(at: float) -> str:
    then = datetime.fromtimestamp(at, UTC).astimezone()
    return f"{then:%a} {then.day} {then:%b %H:%M}"


def _page(title: str, content: str, extra: str = "") -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width, initial-scale=1">{extra}<title>{escape(title)}</title>'
        f'<link rel="stylesheet" href="/style.css"></head><body><main>{content}</main></body></html>'
    )
