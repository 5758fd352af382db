"""The `amends` command: a list of sub-commands, each a small module, and one way to say what went wrong."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn, Protocol, cast

from amends.site import interrupts, secret_files
from amends.site.errors import SiteError

COMMANDS = (
    "serve",
    "web",
    "worker",
    "migrate",
    "add_admin",
    "set_password",
    "import_",
    "triage",
    "model",
    "verify_history",
    "stats",
    "retry_failed",
    "doctor",
    "health",
    "backup",
    "restore",
    "move_database",
    "reseal",
    "fake_network",
)
FAILED, MISUSED, INTERRUPTED, BROKEN = 1, 2, 130, 70
PARENT = "AMENDS_PARENT"
"""Set by whoever starts us for as long as it lives: its process id. We end with it."""


class Command(Protocol):
    """What a module in `commands` offers; nothing heavy is imported before `run`."""

    NAME: str
    HELP: str
    EXITS: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Say which options there are."""

    def run(self, args: argparse.Namespace) -> int:
        """Do it; the exit code is one of those documented in EXITS."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one sub-command; every failure is one message on standard error, never a stack trace."""
    given = list(sys.argv[1:] if argv is None else argv)
    if given[:1] == ["fake-network"]:  # it has a parser of its own, in a room that knows nothing of this one
        command, args = _command("fake_network"), argparse.Namespace(rest=given[1:])
    else:
        args = _parser().parse_args(given)
        command = cast(Command, args.command)
    return _guarded(command, args)


def run_one(command: object, argv: Sequence[str]) -> int:
    """Run one command that is not in the list, in the same way."""
    known = cast(Command, command)
    parser = argparse.ArgumentParser(prog=f"amends {known.NAME}", description=known.HELP)
    known.add_arguments(parser)
    return _guarded(known, parser.parse_args(argv))


def _guarded(command: Command, args: argparse.Namespace) -> int:
    interrupts.obey()
    try:
        secret_files.read(os.environ)
        end_with_parent(os.environ.pop(PARENT, ""))
        return command.run(args)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except SiteError as error:
        return _complain(command, str(error), FAILED)
    except Exception as error:  # noqa: BLE001 - its trace is kept in a file, the terminal gets words
        if (asked_to_end := interrupts.code()) is not None:
            return asked_to_end
        return _complain(command, *_explained(error))


def end_with_parent(parent: str) -> None:
    """From now on get SIGTERM when the process that started us is gone, however it ended."""
    if not parent:
        return
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    if os.getppid() != int(parent):
        raise SystemExit(FAILED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="amends",
        description="A self-hosted complaint desk for public conversations.",
        epilog="amends COMMAND --help says more. Settings are environment variables: see docs/run.md.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in COMMANDS:
        command = _command(name)
        sub = commands.add_parser(
            command.NAME,
            help=command.HELP,
            description=command.HELP,
            epilog=f"Exit codes: {command.EXITS}",
        )
        command.add_arguments(sub)
        sub.set_defaults(command=command)
    return parser


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_others: object) -> NoReturn:
        from importlib.metadata import version

        sys.stdout.write(f"amends {version('amends')}\n")
        parser.exit()


def _command(name: str) -> Command:
    return cast(Command, import_module(f"amends.site.commands.{name}"))


def _explained(error: Exception) -> tuple[str, int]:
    """What to say of an error that no command foresaw."""
    if type(error).__module__.split(".")[0] in ("psycopg", "django") and "Error" in type(error).__name__:
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return (
            f"The database could not do it ({said}). What was committed before is kept. "
            "`amends doctor` says more; mend that and try again.",
            FAILED,
        )
    return f"{type(error).__name__}: {error}. That is a fault in Amends. {_kept_trace()}", BROKEN


def _kept_trace() -> str:
    import traceback

    from amends.site import places

    try:
        path = places.data_folder(os.environ) / "last-fault.txt"
        path.touch(mode=0o600)
        path.write_text(traceback.format_exc(), encoding="utf-8")
    except (OSError, SiteError):
        return "What the desk holds is kept; please report it."
    return f"What the desk holds is kept. Where it happened is in {path}: please report it."


def _complain(command: Command, text: str, code: int) -> int:
    sys.stderr.write(f"amends {command.NAME}: {text}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
