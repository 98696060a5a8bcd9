"""Which changes are shown as examples."""

from __future__ import annotations

import pandas as pd

from study.landscape.constants import JUMP
from study.landscape.examples import choose


def changes(*jumps: float, breaks: bool = True, state: str = "trained") -> pd.DataFrame:
    return pd.DataFrame({"state": state, "breaks": breaks, "loss_jump": jumps})


def test_the_largest_and_the_median_jump_are_chosen():
    picked = choose(changes(0.1, -0.5, 0.2, 0.3, 0.0), "trained")
    assert {kind: change["loss_jump"] for kind, change in picked.items()} == {
        "largest": -0.5,
        "typical": 0.2,
    }


def test_breaks_go_before_harmless_changes():
    found = pd.concat([changes(0.1), changes(0.7, breaks=False)], ignore_index=True)
    assert {change["loss_jump"] for change in choose(found, "trained").values()} == {0.1}


def test_without_a_jump_there_is_no_largest_one():
    assert list(choose(changes(0.0, JUMP / 2, -JUMP), "trained")) == ["typical"]
    assert choose(changes(0.1, state="untrained"), "trained") == {}
