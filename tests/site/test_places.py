import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from amends.site import places
from amends.site.errors import PlaceError

Key = Callable[[Path, dict[str, str]], object]
both_keys = pytest.mark.parametrize(
    ("key", "name"), [(places.secret_key, places.SECRET_KEY), (places.history_key, places.HISTORY_KEY)]
)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_the_named_folder_is_made_private(tmp_path: Path) -> None:
    folder = places.data_folder({"AMENDS_DATA": str(tmp_path / "above" / "data")})
    assert folder == tmp_path / "above" / "data"
    assert mode(folder) == 0o700


def test_without_a_name_root_and_people_have_their_own_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert places.named_folder({}) == Path("/var/lib/amends")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", "/home/ada")
    assert places.named_folder({}) == Path("/home/ada/.local/share/amends")
    assert places.named_folder({"AMENDS_DATA": " "}) == Path("/home/ada/.local/share/amends")
    assert places.named_folder({"XDG_DATA_HOME": "/srv/ada"}) == Path("/srv/ada/amends")
    assert places.named_folder({"XDG_DATA_HOME": "not/absolute"}) == Path("/home/ada/.local/share/amends")
    assert places.named_folder({"AMENDS_DATA": "~/desk"}) == Path("/home/ada/desk")


def test_a_relative_name_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert places.data_folder({"AMENDS_DATA": "here"}) == tmp_path / "here"


def test_an_empty_open_folder_is_closed_and_a_filled_one_left_as_it_is(tmp_path: Path) -> None:
    empty, filled = tmp_path / "empty", tmp_path / "filled"
    empty.mkdir(mode=0o755)
    filled.mkdir(mode=0o755)
    (filled / "photo").touch()
    assert mode(places.open_folder(empty)) == 0o700
    assert mode(places.open_folder(filled)) == 0o755


def test_a_filled_folder_that_others_may_write_is_refused_untouched(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "photo").touch()
    folder.chmod(0o1777)
    with pytest.raises(PlaceError, match="chmod 700"):
        places.open_folder(folder)
    assert mode(folder) == 0o1777


@pytest.mark.parametrize("name", ["file", "file/below", "nul\0byte", "loop/x", "n" * 300])
def test_what_cannot_be_a_folder_is_refused_in_words(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(PlaceError, match="AMENDS_DATA"):
        places.data_folder({"AMENDS_DATA": f"{tmp_path}/{name}"})


def test_the_folder_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = places.open_folder(tmp_path / "data")
    monkeypatch.setattr(os, "geteuid", lambda: folder.stat().st_uid + 1)
    with pytest.raises(PlaceError, match="belongs to another user"):
        places.open_folder(folder)


@both_keys
def test_a_key_is_made_once_and_private(tmp_path: Path, key: Key, name: str) -> None:
    key(tmp_path, {})
    first = (tmp_path / name).read_bytes()
    key(tmp_path, {})
    assert (tmp_path / name).read_bytes() == first
    assert mode(tmp_path / name) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_same_keys_come_back(tmp_path: Path) -> None:
    assert places.secret_key(tmp_path, {}) == places.secret_key(tmp_path, {})
    assert pem(places.history_key(tmp_path, {})) == pem(places.history_key(tmp_path, {}))


@both_keys
@pytest.mark.parametrize("open_to", [0o640, 0o604, 0o620])
def test_a_key_that_others_can_reach_is_refused(tmp_path: Path, key: Key, name: str, open_to: int) -> None:
    key(tmp_path, {})
    (tmp_path / name).chmod(open_to)
    with pytest.raises(PlaceError, match="chmod 600"):
        key(tmp_path, {})


@both_keys
def test_a_link_or_a_folder_is_no_key(tmp_path: Path, key: Key, name: str) -> None:
    (tmp_path / "elsewhere").write_text("x" * 64)
    (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PlaceError):
        key(tmp_path, {})
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir(mode=0o700)
    with pytest.raises(PlaceError):
        key(tmp_path, {})


@both_keys
@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 64])
def test_a_damaged_key_is_kept_and_never_replaced(
    tmp_path: Path, key: Key, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / name).chmod(0o600)
    with pytest.raises(PlaceError, match="damaged"):
        key(tmp_path, {})
    assert (tmp_path / name).read_bytes() == content


def test_keys_of_the_environment_come_first_and_leave_no_file(tmp_path: Path) -> None:
    own = Ed25519PrivateKey.generate()
    escaped = pem(own).decode().replace("\n", "\\n")
    assert places.secret_key(tmp_path, {"AMENDS_SECRET_KEY": "k" * 40}) == "k" * 40
    assert pem(places.history_key(tmp_path, {"AMENDS_HISTORY_KEY": escaped})) == pem(own)
    assert not list(tmp_path.iterdir())


def test_a_bad_key_of_the_environment_is_refused_without_being_told(tmp_path: Path) -> None:
    rsa = generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(PlaceError) as short:
        places.secret_key(tmp_path, {"AMENDS_SECRET_KEY": "hunter2"})
    assert "hunter2" not in str(short.value)
    for given in (rsa.decode(), "hunter2"):
        with pytest.raises(PlaceError, match="Ed25519") as wrong:
            places.history_key(tmp_path, {"AMENDS_HISTORY_KEY": given})
        assert given not in str(wrong.value)


def test_many_who_make_the_key_at_once_all_get_the_same(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from amends.site import places; folder = pathlib.Path(sys.argv[1])\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "print(places.secret_key(folder, {}))"
    )
    makers = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for maker in makers:
        assert maker.stdout is not None
        assert maker.stdout.readline() == "ready\n"
    keys = {maker.communicate("go\n")[0] for maker in makers}
    assert keys == {(tmp_path / places.SECRET_KEY).read_text()}
