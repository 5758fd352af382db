"""What workers do. Every job is a hint that may be lost: the rows know what is to be done.

At most one hint of a kind waits in the queue (`queueing_lock`), so that none pile up while nobody works.
"""

from __future__ import annotations

import logging

from django.conf import settings
from django.contrib.sessions.models import Session
from procrastinate import JobContext, jobs
from procrastinate.contrib.django import app

from amends import clock
from amends.channels.drive import Http
from amends.language import model
from amends.pipeline import act as sending
from amends.pipeline import alerting, connecting, giving, looking, revoking, wake
from amends.pipeline import mail as mailing
from amends.pipeline import poll as polling
from amends.pipeline import sweep as sweeping
from amends.pipeline import take as taking
from amends.store import checkpoints
from amends.work.once import Once

HEARTBEAT = 2.0
STALLED_AFTER = 15.0
"""Seconds without a heartbeat after which a worker counts as gone and its jobs as lost hints."""
KEEP_FAILED_HOURS = 24

_log = logging.getLogger(__name__)
_take, _act, _mail, _look, _sweep, _revoke = Once(), Once(), Once(), Once(), Once(), Once()
_alert_mails, _alert_hooks = Once(), Once()
_give = Once()


@app.periodic(cron="* * * * * */5")
@app.task(name="amends.take", queueing_lock="take")
def take(timestamp: int = 0) -> None:
    """Take in what waits, and have read what no model has read yet."""
    _take.run(_taken)


@app.periodic(cron="* * * * * */5")
@app.task(name="amends.act", queueing_lock="act")
def act(timestamp: int = 0) -> None:
    """Send what is planned and due: answers, then mails of the desk itself."""
    with _wire() as wire:
        _act.run(lambda: sending.send_next(wire, clock.now))
    _mail.run(lambda: mailing.send_mail_next(clock.now))


@app.periodic(cron="* * * * * */5")
@app.task(name="amends.deliver", queueing_lock="deliver")
def deliver(timestamp: int = 0) -> None:
    """Deliver alerts: by mail, then by webhook, where a slow receiver holds up no mail."""
    _alert_mails.run(lambda: alerting.send_mails_next(clock.now))
    with _wire() as wire:
        _alert_hooks.run(lambda: alerting.send_hook_next(wire, clock.now))


@app.periodic(cron="* * * * * */5")
@app.task(name="amends.look", queueing_lock="look")
def look(timestamp: int = 0) -> None:
    """Look up on the networks what may have gone out."""
    with _wire() as wire:
        _look.run(lambda: sending.look_next(wire, clock.now))


@app.periodic(cron="* * * * * */5")
@app.task(name="amends.sweep", queueing_lock="sweep")
def sweep(timestamp: int = 0) -> None:
    """Do whatever is due or stuck."""
    _sweep.run(_swept)


@app.task(name="amends.give", queueing_lock="give")
def give() -> None:
    """Give cases that nobody has to who is there."""
    _give.run(lambda: giving.give_out(clock.now()))


@app.periodic(cron="* * * * * */3")
@app.task(name="amends.poll", queueing_lock="poll")
def poll(timestamp: int = 0) -> None:
    """Have every account asked that may be asked now; one that is slow holds up no other."""
    for account_id in polling.due_accounts(clock.now()):
        wake.poll(account_id)


@app.task(name="amends.poll_account")
def poll_account(account_id: int) -> None:
    """Fetch what is new of one account and what has changed there, and have it taken in."""
    with _wire() as wire:
        new = polling.poll_account(account_id, wire, clock.now())
        if new + looking.look_again(account_id, wire, clock.now()):
            wake.take()


@app.task(name="amends.look_at")
def look_at(account_id: int, ids: list[str]) -> None:
    """Look at posts of which a stream says that they have changed."""
    with _wire() as wire:
        if looking.look_at(account_id, ids, wire, clock.now()):
            wake.take()


@app.periodic(cron="* * * * * */30")
@app.task(name="amends.revoke", queueing_lock="revoke")
def revoke(timestamp: int = 0) -> None:
    """Tell servers which tokens the desk uses no more."""
    with _wire() as wire:
        _revoke.run(lambda: revoking.revoke_next(wire, clock.now))


@app.periodic(cron="37 * * * *")
@app.task(name="amends.forget", queueing_lock="forget")
def forget(timestamp: int = 0) -> None:
    """Drop sign-ins on other servers that were never finished."""
    connecting.forget(clock.now())


@app.periodic(cron="* * * * *")
@app.task(name="amends.checkpoint", queueing_lock="checkpoint")
def checkpoint(timestamp: int = 0) -> None:
    """Sign what the record holds by now."""
    checkpoints.advance(settings.CHECKPOINTS, settings.HISTORY_KEY(), clock.now())


@app.periodic(cron="* * * * * */10")
@app.task(name="amends.rescue", queueing_lock="rescue", pass_context=True)
async def rescue(context: JobContext, timestamp: int = 0) -> None:
    """Forget the jobs of killed workers: they were hints, and what they pointed at is found again."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER):
        await manager.finish_job(job, status=jobs.Status.ABORTED, delete_job=True)
    await manager.prune_stalled_workers(STALLED_AFTER)


@app.periodic(cron="17 * * * *")
@app.task(name="amends.prune", queueing_lock="prune", pass_context=True)
async def prune(context: JobContext, timestamp: int = 0) -> None:
    """Drop the records of failed jobs after a day, and sessions that have run out."""
    await context.app.job_manager.delete_old_jobs(
        KEEP_FAILED_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )
    await Session.objects.filter(expire_date__lt=clock.now()).adelete()


def _taken() -> int:
    reader = _model()
    taken = taking.take_in(reader, clock.now())
    return taken or (taking.read_again(reader, clock.now()) if reader else 0)


def _swept() -> int:
    now = clock.now()
    return sweeping.sweep(now) + mailing.find_stuck_mail(now) + alerting.look_after(now)


def _model() -> model.Model | None:
    """The model, or none when it cannot be loaded: posts are kept all the same, as not yet read."""
    try:
        return model.load(accurate=settings.MODEL == "accurate")
    except Exception:  # noqa: BLE001 - whatever is wrong with it must not stop posts from being kept
        _log.exception("The model cannot be loaded. Posts are kept as not yet read; install Amends anew.")
        return None


def _wire() -> Http:
    return Http(allow_hosts=settings.ALLOW_HOSTS, now=clock.now)
