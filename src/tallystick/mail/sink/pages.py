"""The mailbox's pages, as HTML and one style sheet."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import parseaddr
from html import escape
from urllib.parse import quote

from tallystick.mail.sink.store import Entry, body, files

STYLE = """
:root { color-scheme: light dark; --page: #f4f6f7; --card: #fff; --ink: #151d22; --ink-2: #434c52; --ink-3: #5d666b;
  --line: #e2e5e7; --accent: #0c5f78; --on: #fff; --tint: #e8f4f8; }
@media (prefers-color-scheme: dark) { :root { --page: #0c1013; --card: #12171a; --ink: #eceff0; --ink-2: #b7bdc1;
  --ink-3: #8f979c; --line: #272e32; --accent: #6fc0dc; --on: #06141a; --tint: #14262d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 400 15px/1.5 system-ui, -apple-system, "Segoe UI",
  Roboto, Helvetica, Arial, sans-serif; }
a { color: inherit; text-decoration: none; } :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
main { max-width: 860px; margin: 0 auto; padding: 24px 16px 48px; }
header { display: flex; flex-wrap: wrap; gap: 12px 16px; align-items: center; margin-bottom: 16px; }
h1 { font-size: 22px; line-height: 1.25; font-weight: 600; letter-spacing: -.01em; margin: 0;
  overflow-wrap: anywhere; }
header h1 { flex: 1 1 auto; }
.count { color: var(--ink-3); font-weight: 400; font-size: 15px; margin-inline-start: 6px; }
form { display: flex; gap: 8px; flex: 1 1 260px; max-width: 420px; }
input { flex: 1; min-width: 0; height: 44px; padding: 0 14px; border: 1px solid var(--ink-3); border-radius: 8px;
  background: var(--card); color: var(--ink); font: inherit; font-size: 16px; }
button { height: 44px; padding: 0 16px; border: 0; border-radius: 8px; background: var(--accent); color: var(--on);
  font: inherit; font-weight: 600; cursor: pointer; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; overflow: hidden; }
.list { list-style: none; margin: 0; padding: 0; } .list li + li { border-top: 1px solid var(--line); }
.list a { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 16px; padding: 12px 18px; }
.list a:hover { background: var(--tint); } .list a:focus-visible { outline-offset: -3px; }
.list span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.who { color: var(--ink-2); } .when { color: var(--ink-3); font-size: 13px; font-variant-numeric: tabular-nums; }
.what { font-weight: 600; } .clip { color: var(--ink-3); font-size: 13px; text-align: end; }
.more { grid-column: 1 / -1; color: var(--ink-3); font-size: 14px; }
.empty { padding: 56px 24px; text-align: center; color: var(--ink-2); } .empty b { display: block; color: var(--ink); }
.back { color: var(--accent); display: inline-block; padding: 10px 0; } .top { padding: 20px 24px 16px; }
dl { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 2px 14px; margin: 12px 0 0; color: var(--ink-2); }
dt { color: var(--ink-3); } dd { margin: 0; overflow-wrap: anywhere; }
.files { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 14px; }
.files a { border: 1px solid var(--line); border-radius: 8px; padding: 8px 12px; min-height: 44px; display: flex;
  gap: 8px; align-items: center; overflow-wrap: anywhere; } .files a:hover { border-color: var(--accent); }
.files small { color: var(--ink-3); white-space: nowrap; }
nav { display: flex; gap: 4px; padding: 0 16px; border: 1px solid var(--line); border-inline: 0; }
nav a { padding: 11px 10px; color: var(--ink-2); border-bottom: 2px solid transparent; margin-bottom: -1px; }
nav a[aria-current] { color: var(--accent); border-color: var(--accent); font-weight: 600; }
iframe { display: block; width: 100%; height: max(520px, calc(100vh - 120px)); border: 0; background: var(--page); }
pre { margin: 0; padding: 20px 24px; white-space: pre-wrap; overflow-wrap: anywhere; font: 400 14px/1.6 ui-monospace,
  SFMono-Regular, Menlo, Consolas, monospace; }
@media (max-width: 480px) { main { padding: 16px 0 32px; } header, .back { padding-inline: 16px; }
  .card { border-radius: 0; border-inline: 0; } .list a { padding: 12px 16px; } .top { padding: 18px 16px 14px; }
  pre { padding: 16px; } form { max-width: none; } }
"""

_SANDBOX = "allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"


def mailbox(entries: list[Entry], words: str) -> str:
    """The list, newest first."""
    rows = "".join(_row(entry) for entry in entries[:500])
    if entries:
        shown = f'<ul class="list card">{rows}</ul>'
    elif words:
        what = f"No message has “{escape(words)}”"
        shown = f'<div class="card empty"><b>{what}</b><a class="back" href="/">Show all</a></div>'
    else:
        shown = '<div class="card empty"><b>No mail yet</b>What Tallystick sends will appear here.</div>'
    search = (
        '<form role="search" action="/"><input type="search" name="q" aria-label="Search mail" '
        f'placeholder="To, subject, words" value="{escape(words)}"><button>Search</button></form>'
    )
    count = f'<span class="count">{len(entries)}</span>'
    refresh = "" if words else '<meta http-equiv="refresh" content="15">'
    return _page("Mailbox", f"<header><h1>Mailbox {count}</h1>{search}</header>{shown}", refresh)


def message(entry: Entry, content: EmailMessage, view: str) -> str:
    """One message: who, what, files and the chosen view (html, text or headers)."""
    views = [("html", "Message"), ("text", "Text"), ("headers", "Headers")]
    if not body(content, "html"):
        views = views[1:]
    chosen = view if view in dict(views) else views[0][0]
    tabs = "".join(
        f'<a href="/m/{entry.id}?view={name}"{" aria-current=page" if name == chosen else ""}>{label}</a>'
        for name, label in views
    )
    if chosen == "html":
        shown = f'<iframe title="Message" sandbox="{_SANDBOX}" src="/m/{entry.id}/html"></iframe>'
    elif chosen == "text":
        shown = f"<pre>{escape(body(content, 'plain'))}</pre>"
    else:
        lines = "\n".join(f"{name}: {value}" for name, value in content.items())
        shown = f"<pre>{escape(lines)}</pre>"
    facts = [("From", entry.sender), ("To", entry.to or ", ".join(entry.rcpt_to)), ("Cc", entry.cc)]
    facts += [("Reply to", str(content.get("Reply-To", ""))), ("Received", _moment(entry.received_at))]
    listed = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts if value)
    links = "".join(
        f'<a href="{part_url(entry.id, number, part.get_filename() or "file")}" target="_blank" rel="noopener">'
        f"{escape(part.get_filename() or 'file')} <small>{_size(len(part.get_payload(decode=True) or b''))}</small></a>"
        for number, part in enumerate(files(content))
        if not part.get("Content-ID")
    )
    attached = f'<div class="files">{links}</div>' if links else ""
    title = escape(entry.subject or "No subject")
    return _page(
        entry.subject or "No subject",
        '<a class="back" href="/">← Mailbox</a><article class="card">'
        f'<div class="top"><h1>{title}</h1><dl>{listed}</dl>{attached}</div>'
        f'<nav aria-label="Views">{tabs}<a href="/m/{entry.id}/source.eml">Source</a></nav>{shown}</article>',
    )


def missing() -> str:
    """There is nothing here."""
    return _page(
        "Not here", '<div class="card empty"><b>That message isn’t here</b><a class="back" href="/">Mailbox</a></div>'
    )


def part_url(name: str, number: int, filename: str) -> str:
    """Where an attachment or an inline picture is."""
    return f"/m/{name}/part/{number}/{quote(filename, safe='')}"


def _row(entry: Entry) -> str:
    name, address = parseaddr(entry.to)
    who = ", ".join(filter(None, [name or address or ", ".join(entry.rcpt_to), entry.cc]))
    clip = escape(", ".join(entry.attachments))
    return (
        f'<li><a href="/m/{entry.id}"><span class="who">To {escape(who)}</span>'
        f'<span class="when">{_moment(entry.received_at)}</span>'
        f'<span class="what">{escape(entry.subject or "No subject")}</span><span class="clip">{clip}</span>'
        f'<span class="more">{escape(entry.preview)}</span></a></li>'
    )


def _moment(at: float) -> str:
    then = datetime.fromtimestamp(at, UTC).astimezone()
    return f"{then:%a} {then.day} {then:%b %H:%M:%S}"


def _size(count: int) -> str:
    return f"{count / 1024:.0f} KB" if count >= 1024 else f"{count} bytes"


def _page(title: str, content: str, extra: str = "") -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width, initial-scale=1">{extra}<title>{escape(title)}</title>'
        f'<link rel="stylesheet" href="/style.css"></head><body><main>{content}</main></body></html>'
    )
