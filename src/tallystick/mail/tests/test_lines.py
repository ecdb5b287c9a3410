"""Connections are kept for the messages of one sweep, replaced when dead, few to one host, and shared by no two threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tallystick.mail.port import MailRefused, MailUnavailable, Transport, deliver, keep_connections
from tallystick.mail.providers.smtp import lines
from tallystick.mail.tests.smtp_server import SmtpServer, smtp_server
from tallystick.mail.tests.test_deliver import envelope


def to(server: SmtpServer, **given: object) -> Transport:
    return Transport(port=server.port, **{"timeout_s": 5, **given})  # type: ignore[arg-type]


def test_one_connection_for_many_messages_of_one_sweep() -> None:
    with smtp_server() as server:
        for _ in range(2):
            deliver(envelope(), transport=to(server))
        assert server.connections == 2
        with keep_connections():
            for _ in range(5):
                deliver(envelope(), transport=to(server))
            assert (server.connections, server.open_now) == (3, 1)
        assert len(server.messages) == 7
        wait_for(lambda: server.open_now == 0)


def test_a_line_ends_after_so_many_messages_and_so_long_a_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MOST_MESSAGES", 2)
    with smtp_server() as server, keep_connections():
        for _ in range(5):
            deliver(envelope(), transport=to(server))
        assert server.connections == 3
        monkeypatch.setattr(lines, "MOST_IDLE_S", 0.0)
        deliver(envelope(), transport=to(server))
        assert server.connections == 4


@pytest.mark.parametrize("wish", [{"hang_up_after": 1}, {"hang_up_at": "MAIL"}, {"hang_up_at": "RCPT"}])
def test_a_connection_the_server_closed_meanwhile_is_opened_anew_without_a_second_copy(wish: dict[str, object]) -> None:
    with smtp_server(**wish) as server, keep_connections():
        for _ in range(3):
            deliver(envelope(), transport=to(server))
        assert (server.connections, len(server.messages)) == (3, 3)


def test_a_message_that_may_have_been_taken_is_not_sent_again_by_itself() -> None:
    with smtp_server(hang_up_at="DATA") as server, keep_connections():
        deliver(envelope(), transport=to(server))
        with pytest.raises(MailUnavailable):
            deliver(envelope(), transport=to(server))
        assert (server.connections, len(server.messages)) == (1, 1)


def test_a_refusal_is_not_taken_for_a_dead_connection() -> None:
    with smtp_server() as server, keep_connections():
        deliver(envelope(), transport=to(server))
        server.answers["RCPT"] = "550 5.1.1 nobody"
        with pytest.raises(MailRefused):
            deliver(envelope(), transport=to(server))
        assert server.connections == 1
        del server.answers["RCPT"]
        deliver(envelope(), transport=to(server))
        assert (server.connections, len(server.messages)) == (2, 2)


def test_routes_with_other_passwords_never_meet_and_give_way_to_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MOST_PER_HOST", 1)
    with smtp_server() as server, keep_connections():
        for password in ("a", "b", "a"):
            deliver(envelope(), transport=to(server, username="me", password=password))
        assert (server.connections, server.most_open) == (3, 1)


def test_no_more_than_a_few_connections_to_one_host_at_once() -> None:
    with smtp_server() as server, ThreadPoolExecutor(8) as pool:
        server.gate.clear()
        sent = [pool.submit(deliver, envelope(), transport=to(server)) for _ in range(8)]
        wait_for(lambda: len(server.messages) == lines.MOST_PER_HOST)
        server.gate.set()
        for each in sent:
            each.result(10)
        assert (len(server.messages), server.most_open) == (8, lines.MOST_PER_HOST)


def test_waiting_for_a_place_has_an_end_and_is_worth_another_try() -> None:
    with smtp_server() as server, ThreadPoolExecutor(4) as pool:
        server.gate.clear()
        sent = [pool.submit(deliver, envelope(), transport=to(server)) for _ in range(lines.MOST_PER_HOST)]
        wait_for(lambda: len(server.messages) == lines.MOST_PER_HOST)
        with pytest.raises(MailUnavailable, match="open already"):
            deliver(envelope(), transport=to(server, timeout_s=1))
        server.gate.set()
        for each in sent:
            each.result(10)


def test_a_server_that_dawdles_gets_nothing_so_that_no_lease_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with smtp_server() as server:
        monkeypatch.setattr(lines, "MOST_BEFORE_S", -1.0)
        with pytest.raises(MailUnavailable, match="too slow"):
            deliver(envelope(), transport=to(server))
        assert server.messages == []


def test_two_threads_have_a_connection_each() -> None:
    both = threading.Barrier(2)

    def sweep(server: SmtpServer) -> None:
        with keep_connections():
            deliver(envelope(), transport=to(server))
            both.wait(5)
            deliver(envelope(), transport=to(server))

    with smtp_server() as server, ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(sweep, server) for _ in range(2)]:
            each.result(10)
        assert (server.connections, len(server.messages)) == (2, 4)


def wait_for(condition: object) -> None:
    """Look again until it is so, for five seconds at most."""
    waited = threading.Event()
    for _ in range(500):
        if condition():  # type: ignore[operator]
            return
        waited.wait(0.01)
    raise AssertionError("it didn't come to that")


def test_meanwhile_is_between_the_content_and_the_answer_and_once() -> None:
    with smtp_server(hang_up_after=1) as server, keep_connections():
        deliver(envelope(), transport=to(server))
        done: list[int] = []
        deliver(envelope(), transport=to(server), meanwhile=lambda: done.append(server.connections))
        assert done == [2], "not on the line that was dead"
    with smtp_server(answers={"RCPT": "550 no"}) as server, pytest.raises(MailRefused):
        deliver(envelope(), transport=to(server), meanwhile=lambda: done.append(0))
    assert len(done) == 1, "nothing was handed over"


def test_what_was_written_ahead_is_what_leaves() -> None:
    with smtp_server() as server:
        deliver(envelope(), transport=to(server), written=b"Subject: ahead\r\n\r\nHello\r\n")
        assert b"Subject: ahead" in server.messages[0]
