"""Pages of the inbox: threads, what is said in them, what is done about them, saved replies."""

from __future__ import annotations

from django.urls import path

from tallystick.staff.views import inbox, inbox_answers, inbox_work, saved_replies

urlpatterns = [
    path("inbox", inbox.inbox, name="inbox"),
    path("inbox/write", inbox_answers.write, name="inbox-write"),
    path("inbox/replies", saved_replies.replies, name="saved-replies"),
    path("inbox/replies/<uuid:reply_id>", saved_replies.reply, name="saved-reply"),
    path("inbox/replies/<uuid:reply_id>/forget", saved_replies.forget, name="saved-reply-forget"),
    path("inbox/<uuid:conversation_id>", inbox.thread, name="thread"),
    path("inbox/<uuid:conversation_id>/mails/<uuid:mail_id>", inbox.as_sent, name="thread-mail"),
    path("inbox/<uuid:conversation_id>/mails/<uuid:mail_id>/again", inbox_answers.again, name="thread-again"),
    path("inbox/<uuid:conversation_id>/mails/<uuid:mail_id>/stop", inbox_answers.stop, name="thread-stop"),
    path("inbox/<uuid:conversation_id>/files/<uuid:file_id>", inbox.file, name="thread-file"),
    path("inbox/<uuid:conversation_id>/reply", inbox_answers.reply, name="thread-reply"),
    path("inbox/<uuid:conversation_id>/done", inbox_work.done, name="thread-done"),
    path("inbox/<uuid:conversation_id>/reopen", inbox_work.reopen, name="thread-reopen"),
    path("inbox/<uuid:conversation_id>/later", inbox_work.later, name="thread-later"),
    path("inbox/<uuid:conversation_id>/read", inbox_work.read, name="thread-read"),
    path("inbox/<uuid:conversation_id>/unread", inbox_work.unread, name="thread-unread"),
    path("inbox/<uuid:conversation_id>/assign", inbox_work.assign, name="thread-assign"),
    path("inbox/<uuid:conversation_id>/customer", inbox_work.match, name="thread-match"),
]
