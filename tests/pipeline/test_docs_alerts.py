"""The check of a signature that docs/alerts.md shows, as a receiver would run it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from amends.core import signed

PAGE = Path(__file__).parents[2] / "docs" / "alerts.md"
SECRET = signed.spelled(b"k" * 32)
BODY = b'{"type":"trial"}'


@pytest.fixture
def is_ours() -> Any:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {"base64": base64, "hashlib": hashlib, "hmac": hmac, "time": time}
    exec(code, names)  # noqa: S102 - our own page
    return names["is_ours"]


def headers(at: datetime) -> dict[str, str]:
    envelope = signed.sign(signed.key_of(SECRET), "an-id", at, BODY)
    return {
        "webhook-id": envelope.id,
        "webhook-timestamp": envelope.timestamp,
        "webhook-signature": envelope.signatures,
    }


def test_the_check_on_the_page_takes_what_is_ours_and_nothing_else(is_ours: Any) -> None:
    at = datetime.fromtimestamp(time.time(), UTC)
    assert is_ours(headers(at), BODY, SECRET)
    assert not is_ours(headers(at), BODY + b" ", SECRET)
    assert not is_ours(headers(at), BODY, signed.spelled(b"x" * 32))
    assert not is_ours(headers(at) | {"webhook-id": "another"}, BODY, SECRET)
    assert not is_ours(headers(at - timedelta(minutes=6)), BODY, SECRET)
