"""The error tree."""

from __future__ import annotations

from tallystick.core.errors import CoreError


def test_every_error_has_a_code_of_its_own() -> None:
    tree, todo = [], [CoreError]
    while todo:
        tree.append(todo.pop())
        todo += tree[-1].__subclasses__()
    assert len({error.code for error in tree}) == len(tree) > 10
