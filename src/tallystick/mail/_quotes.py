"""The new part of a reply, without what it quotes."""

from __future__ import annotations

import re
from typing import Final

_WROTE = re.compile(
    r"^(on|la|pe|în|in|am|le|el|il|op)\b.{4,300}\b"
    r"(wrote|a scris|schrieb|a écrit|escribió|ha scritto|schreef)\b.{0,80}:$",
    re.IGNORECASE,
)
_NAME_WROTE = re.compile(
    r"^.{0,200}[@>].{0,80}\b(wrote|a scris|schrieb|a écrit|escribió|ha scritto)\s?:$", re.IGNORECASE
)
_ORIGINAL = re.compile(
    r"^[\s>]*-{2,}\s?(original message|forwarded message|mesaj(ul)? original|mesaj redirecționat"
    r"|mesaj redirec[tț]ionat|ursprüngliche nachricht|message d'origine)\s?-{2,}\s*$",
    re.IGNORECASE,
)
_RULE = re.compile(r"^_{20,}\s*$")
_FROM = re.compile(r"^\*?(from|de la|expeditor|von|de)\s?:\*?\s", re.IGNORECASE)
_REST = re.compile(
    r"^\*?(sent|date|to|subject|cc|trimis|dat[aă]|c[aă]tre|subiect|gesendet|an|betreff|envoyé|à|objet)\s?:\*?\s",
    re.IGNORECASE,
)
_MOST_LINE: Final = 500


def new_part(whole: str) -> str:
    """Return what the writer added; all of it when nothing would be left."""
    lines = whole.split("\n")
    kept: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at].strip()[:_MOST_LINE]
        if _ORIGINAL.match(line) or _is_block(lines, at):
            break
        if length := _attribution(lines, at):
            at += length
            if not _is_quoted(_next_words(lines, at)):
                break
            continue
        if not _is_quoted(line):
            kept.append(lines[at].rstrip())
        at += 1
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip() or whole.strip()


def _attribution(lines: list[str], at: int) -> int:
    """Return how many lines "On …, Nora <nora@…> wrote:" takes from here: none to three."""
    if not lines[at].strip() or _is_quoted(lines[at].strip()):
        return 0
    for length in (1, 2, 3):
        joined = " ".join(line.strip()[:_MOST_LINE] for line in lines[at : at + length]).strip()
        if _WROTE.match(joined) or (length == 1 and _NAME_WROTE.match(joined)):
            return length
    return 0


def _is_block(lines: list[str], at: int) -> bool:
    """Whether Outlook's block of From, Sent, To and Subject begins here, with or without its rule."""
    if _RULE.match(lines[at][:_MOST_LINE]):
        following = [line.strip() for line in lines[at + 1 : at + 4] if line.strip()]
        return bool(following and _FROM.match(following[0][:_MOST_LINE]))
    if not _FROM.match(lines[at].strip()[:_MOST_LINE]):
        return False
    following = [line.strip()[:_MOST_LINE] for line in lines[at + 1 : at + 6]]
    return sum(bool(_REST.match(line)) for line in following) >= 2


def _next_words(lines: list[str], at: int) -> str:
    return next((line.strip() for line in lines[at : at + 4] if line.strip()), "")


def _is_quoted(line: str) -> bool:
    return line.startswith((">", "|>"))
