"""Run inside a desk's environment: prints each case whose stored facts are not what its posts say."""

from __future__ import annotations

import sys
from typing import Any

from amends.site.desk import desk


def wrong() -> list[str]:
    """What is stored and what is counted, for each case where they differ."""
    from amends.store import case_facts
    from amends.store.models import Case

    rows = {row.pk: row for row in Case.objects.all()}
    found = []
    for case_id, facts in case_facts.facts(rows).items():
        row = rows.pop(case_id)
        stored: list[Any] = [row.kind, row.severity, row.posts_in, row.lead_id]
        stored += [row.opened_at, row.last_post_at, row.waiting_since, row.first_answer_at]
        counted: list[Any] = [facts.kind, facts.severity, facts.posts_in, facts.lead]
        counted += [facts.first_post_at, facts.last_post_at, facts.oldest_waiting, facts.first_answer_at]
        if stored != counted:
            found.append(f"case {case_id}: stored {stored}, counted {counted}")
    return [*found, *(f"case {case_id} has no post" for case_id in rows)]


if __name__ == "__main__":
    with desk():
        sys.stdout.write("\n".join(wrong()))
