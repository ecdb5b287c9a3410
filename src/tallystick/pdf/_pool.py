"""Many documents at once, in processes that stay warm."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice

from tallystick.pdf._draw import draw
from tallystick.pdf._view import document_page
from tallystick.pdf.jobs import DocumentJob, Rendered

_IN_FLIGHT_PER_PROCESS = 4
_RETIRE_AFTER = 2000


def render_all(jobs: Iterable[DocumentJob], processes: int | None) -> Iterator[Rendered]:
    """Each job's outcome, in order, with a bounded number in flight. A process is renewed after 2,000 documents.

    Words are put together here, where Django is; the processes only draw and load neither Django nor a database.
    """
    count = max(1, processes or os.cpu_count() or 1)
    waiting = iter(jobs)
    with ProcessPoolExecutor(
        max_workers=count, mp_context=multiprocessing.get_context("spawn"), max_tasks_per_child=_RETIRE_AFTER
    ) as pool:
        flying = deque(_submit(pool, job) for job in islice(waiting, count * _IN_FLIGHT_PER_PROCESS))
        while flying:
            done = flying.popleft()
            flying.extend(_submit(pool, job) for job in islice(waiting, 1))
            yield done if isinstance(done, Rendered) else done.result()


def _submit(pool: ProcessPoolExecutor, job: DocumentJob) -> Rendered | Future[Rendered]:
    """The job on its way to a process, or its failure when not even its words could be put together."""
    try:
        page = document_page(job.document, pay_url=job.pay_url, logo=job.logo, state=job.state)
        return pool.submit(draw, job.key, page, str(job.document["issued_on"]))
    except (ValueError, KeyError, TypeError) as error:
        return Rendered(job.key, b"", f"{type(error).__name__}: {error}")
