"""What `make package` runs where the wheel is installed, with matplotlib.

README's example, that of a kept study with its network, and the raster of what that network does.
Writes to the present folder.
"""

from __future__ import annotations

import re
from contextlib import chdir
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "docs" / "results" / "pairs"


def run(page: Path) -> dict[str, Any]:
    """The names that the page's code leaves."""
    names: dict[str, Any] = {}
    exec("".join(re.findall(r"^```python\n(.*?)^```", page.read_text(), re.M | re.S)), names)
    return names


run(ROOT / "README.md")
with chdir(KEPT):
    kept = run(KEPT / "README.md")
spikes = kept["network"](kept["sample"]).hidden[0]
plt.plot(spikes.times.detach(), spikes.units, "k|")
plt.xlabel("time (s)")
plt.ylabel("hidden neuron")
plt.savefig("raster.png")
