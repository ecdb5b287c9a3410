"""`python -m tallystick.worker`: sweeps on hints and by the timetable until told to stop."""

from __future__ import annotations

import os

import django
from procrastinate.contrib.django import app


def main() -> None:
    """Run the worker in this process."""
    worker_app = app.with_connector(app.connector.get_worker_connector())  # type: ignore[attr-defined]
    with worker_app.open():
        worker_app.run_worker(concurrency=4, install_signal_handlers=True, fetch_job_polling_interval=2)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tallystick.config.settings")
    django.setup()
    main()
