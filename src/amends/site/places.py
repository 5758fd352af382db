"""Where the desk keeps what must survive: the data folder, the names in it, and its two keys."""

import fcntl
import os
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from amends.site.errors import PlaceError

ROOT_FOLDER = Path("/var/lib/amends")
CLUSTER = "pg"
SECRET_KEY = "secret.key"  # noqa: S105 - the name of a file
OLD_SECRET_KEY = "secret.key.old"  # noqa: S105 - the name of a file
HISTORY_KEY = "history.key"
BACKUPS = "backups"
CHECKPOINTS = "checkpoints.jsonl"
FAKE_NETWORK = "fake-network"
MOVES = "moves"
SERVED = "serve.lock"
OPENED = "desk.lock"

SHORTEST_SECRET = 32
"""Characters; a shorter secret could be guessed, and account tokens are sealed with it."""


def data_folder(environ: Mapping[str, str]) -> Path:
    """The data folder, created private to us when missing, and ours to write in."""
    return open_folder(named_folder(environ))


def named_folder(environ: Mapping[str, str]) -> Path:
    """The absolute path of the data folder as the environment names it; nothing is created or read."""
    named = environ.get("AMENDS_DATA", "").strip()
    if named:
        return _absolute(named)
    if os.geteuid() == 0:
        return ROOT_FOLDER
    shared = environ.get("XDG_DATA_HOME", "")
    # The XDG specification says that a relative path in the variable is to be ignored.
    return (Path(shared) if shared.startswith("/") else _absolute("~/.local/share")) / "amends"


def open_folder(folder: Path) -> Path:
    """`folder` without symlinks, created 0700 when missing; refused where others may write in it."""
    folder = _create(folder)
    status = folder.stat()
    if not stat.S_ISDIR(status.st_mode):
        raise PlaceError(f"The data folder {folder} is not a folder. {_ELSEWHERE}")
    if status.st_uid != os.geteuid():
        raise PlaceError(
            f"The data folder {folder} belongs to another user (id {status.st_uid}); nothing was touched. "
            f"Run amends as that user, or name another folder in AMENDS_DATA."
        )
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise PlaceError(
            f"The data folder {folder} cannot be written: mount or make it writable. {_ELSEWHERE}"
        )
    if status.st_mode & 0o077 and not any(folder.iterdir()):
        folder.chmod(0o700)
    elif status.st_mode & 0o022:
        raise PlaceError(
            f"Other users may write into the data folder {folder}; nothing in it was touched. "
            f"If it holds nothing but Amends: chmod 700 {folder}. {_ELSEWHERE}"
        )
    return folder


def secret_key(folder: Path, environ: Mapping[str, str]) -> str:
    """The desk's secret: AMENDS_SECRET_KEY, else the one in `folder`, made once and never replaced."""
    given = environ.get("AMENDS_SECRET_KEY", "").strip()
    if given:
        if len(given) < SHORTEST_SECRET:
            raise PlaceError(
                f"AMENDS_SECRET_KEY is shorter than {SHORTEST_SECRET} characters and could be guessed. "
                "Set the key that this desk has always used; for a new desk, 48 random characters."
            )
        return given
    path = folder / SECRET_KEY
    kept = _kept(path, lambda: secrets.token_urlsafe(48).encode() + b"\n")
    key = kept.decode("ascii", "replace").strip()
    if len(key) < SHORTEST_SECRET or not key.isascii():
        raise PlaceError(_damaged(path))
    return key


def old_secret_keys(folder: Path, environ: Mapping[str, str]) -> list[str]:
    """Keys that still open what was sealed before a rotation: AMENDS_SECRET_KEY_OLD and `secret.key.old`."""
    given = environ.get("AMENDS_SECRET_KEY_OLD", "").split()
    path = folder / OLD_SECRET_KEY
    try:
        kept = [_read_private(path).decode("ascii", "replace").strip()]
    except FileNotFoundError:
        kept = []
    except OSError as error:
        raise PlaceError(
            f"The key {path} cannot be read ({_reason(error)}). Let the user that runs amends read it."
        ) from error
    if short := [key for key in (*given, *kept) if len(key) < SHORTEST_SECRET]:
        raise PlaceError(f"{len(short)} of the old keys is too short to be one. Put back the right one.")
    return [*given, *kept]


def history_key(folder: Path, environ: Mapping[str, str]) -> Ed25519PrivateKey:
    """The key that signs checkpoints of the history: AMENDS_HISTORY_KEY (PEM), else the one in `folder`."""
    given = environ.get("AMENDS_HISTORY_KEY", "").strip()
    if given:
        # Environment files often cannot hold a line break, so its usual escape is understood too.
        source, pem = "AMENDS_HISTORY_KEY", given.replace("\\n", "\n").encode()
        complaint = (
            "AMENDS_HISTORY_KEY is not an unencrypted Ed25519 private key in PEM. Set the desk's own key."
        )
    else:
        source, pem = str(folder / HISTORY_KEY), _kept(folder / HISTORY_KEY, _fresh_history_key)
        complaint = _damaged(Path(source))
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        raise PlaceError(complaint) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise PlaceError(complaint)
    return key


_ELSEWHERE = "Or name another folder in AMENDS_DATA."


def _absolute(named: str) -> Path:
    try:
        return Path(named).expanduser().absolute()
    except RuntimeError:
        raise PlaceError(
            "There is no home folder to keep the desk's data in. Name a folder in AMENDS_DATA."
        ) from None


def _create(folder: Path) -> Path:
    try:
        folder = folder.resolve()
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except FileExistsError:
        raise PlaceError(f"The data folder {folder} is not a folder. {_ELSEWHERE}") from None
    except (OSError, RuntimeError, ValueError) as error:
        raise PlaceError(
            f"The data folder {folder} cannot be created ({_reason(error)}). "
            f"Create it and give it to the user that runs amends. {_ELSEWHERE}"
        ) from error
    return folder


def _reason(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


def _fresh_history_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _kept(path: Path, fresh: Callable[[], bytes]) -> bytes:
    try:
        try:
            return _read_private(path)
        except FileNotFoundError:
            _create_once(path, fresh())
            return _read_private(path)
    except OSError as error:
        raise PlaceError(
            f"The key {path} cannot be read or made ({_reason(error)}); it was left as it is. "
            "Make it readable for the user that runs amends, or put it back from where it was kept."
        ) from error


def _read_private(path: Path) -> bytes:
    """The bytes of a key, refused where another user could have read or put it."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            raise PlaceError(
                f"The key {path} is not a file of our own; it was not used. Put back the right one."
            )
        if status.st_mode & 0o077:
            raise PlaceError(
                f"The key {path} can be read by other users of this machine; it was not used. "
                f"Close it with: chmod 600 {path} - and change it if somebody may have read it."
            )
        return file.read()


def _create_once(path: Path, content: bytes) -> None:
    """Put `content` at `path` whole or not at all; where another process was first, its file stays."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink()
    sync_folder(path.parent)


@contextmanager
def held(path: Path, *, alone: bool = True) -> Iterator[bool]:
    """Whether the lock `path` is ours while we are in here, alone or with others who do not want it alone.

    It goes with its holder, however that ends.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _locked(handle, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
    finally:
        os.close(handle)


def _locked(handle: int, how: int) -> bool:
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` survive a loss of power."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _damaged(path: Path) -> str:
    return (
        f"The key {path} is damaged; it was left as it is. Put it back from where you keep its copy: "
        "a new one could not open what was sealed, or vouch for what was signed, with the old one."
    )
