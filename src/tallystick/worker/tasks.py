"""The queue's side of the sweeps. A job only says which sweep to run; what is due stands in our own rows."""

from __future__ import annotations

from procrastinate import JobContext
from procrastinate.contrib.django import app

from tallystick.worker.sweeps import BATCH, SWEEPS
from tallystick.worker.timetable import TIMETABLE


@app.task(name="tallystick.sweep", pass_context=False)
def sweep(sweeper: str) -> None:
    """Run one sweep until it finds less than a batch."""
    while SWEEPS[sweeper](None) >= BATCH:
        continue


def _on_time(name: str, cron: str) -> None:
    def run(timestamp: int) -> None:
        sweep(name)

    task = app.task(name=f"tallystick.timetable.{name}", queueing_lock=f"timetable:{name}")(run)
    app.periodic(cron=cron)(task)


for _name, _cron in TIMETABLE.items():
    _on_time(_name, _cron)


@app.periodic(cron="* * * * *")
@app.task(name="tallystick.rescue", queueing_lock="rescue", pass_context=True)
async def rescue(context: JobContext, timestamp: int) -> None:
    """Put back jobs whose worker died, and forget finished ones, so that the table stays small."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=60):
        await manager.retry_job(job)
    await manager.delete_old_jobs(nb_hours=1, include_failed=True, include_cancelled=True, include_aborted=True)
