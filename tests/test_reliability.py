"""docs/reliability.md is what the fault tests counted, and they found nothing wrong."""

from __future__ import annotations

import json

from reliability import PAGE, RECORDS, page


def test_the_page_shows_the_records() -> None:
    rows = json.loads(RECORDS.read_text())
    assert PAGE.read_text() == page(rows), "run: make test-faults test-slurm"
    assert len(rows) >= 6
    for fault, row in rows.items():
        assert row["injected"] == row["survived"] > 0, fault
        assert row["identical"], fault
