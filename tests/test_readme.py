"""What README shows runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

README = Path(__file__).parents[1] / "README.md"


def test_the_examples_run():
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, str(README), "exec"), names)
    assert names["accuracy"] > 0.9
    assert names["layer"].weight.grad.norm() > 0
    assert names["layer"].recurrent_weight.grad.norm() > 0
    assert names["kernels"].ntk.shape == (20, 20)
