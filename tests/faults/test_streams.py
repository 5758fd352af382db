"""Open streams outlive a database that dies: they say that nothing is heard, and go on when it is back."""

from __future__ import annotations

import signal

from tests.faults.test_database_away import kill_database
from tests.live.wire import listening
from tests.live.work import a_case, sign_in
from tests.rig.desk import Rig

from amends.site.cluster import Cluster


def test_streams_outlive_a_database_that_dies(place: Rig) -> None:
    web = place.web()
    place.start("worker")
    case = a_case(place, "before")
    with listening(place, sign_in(place, "Ann:agent")) as stream:
        stream.wait_for("hello")
        kill_database(place, signal.SIGQUIT)
        stream.wait_for("away", lambda _: True, 20)
        Cluster(place.data).start()
        stream.wait_for("reload", lambda _: True, 30)
        stream.forget()
        assert place.api("POST", f"/cases/{case}/note", {"text": "after"}).status_code < 300
        stream.wait_for("changed", lambda data: data["cases"] == [case])
        assert not stream.named("end")
    assert "Traceback" not in web.said()
