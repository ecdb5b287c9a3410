"""What can be wrong with a conversation."""

from __future__ import annotations


class ConversationError(Exception):
    """Something about a conversation that can't be; `code` is a stable word."""

    code = "conversation"


class NoSuchConversation(ConversationError, LookupError):
    """No such thread, mail or saved reply at this seller."""

    code = "no_such_conversation"


class NoSuchColleague(ConversationError):
    """A thread is given to somebody who isn't an active member."""

    code = "no_such_colleague"


class NothingSaid(ConversationError):
    """A reply without words, or without anybody to get it."""

    code = "nothing_said"


class FileRefused(ConversationError):
    """A file that can't go along; `reason` is one of empty, too_big, too_many, program, web_page, unknown."""

    code = "file_refused"

    def __init__(self, reason: str, name: str) -> None:
        """Keep the reason and the file's name for the door."""
        super().__init__(f"{name}: {reason}")
        self.reason, self.name = reason, name


class BadSavedReply(ConversationError):
    """A saved reply that can't be kept. `why`: required, too_long, too_many, taken, placeholder (then `name` and `nearest`)."""

    code = "bad_saved_reply"

    def __init__(self, field: str, why: str, *, name: str = "", nearest: str = "") -> None:
        """Keep the field and what is wrong with it."""
        super().__init__(f"{field}: {why} {name}".strip())
        self.field, self.why, self.name, self.nearest = field, why, name, nearest
