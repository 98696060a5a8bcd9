"""Each neuron model with what the searches of the others have found.

    python experiments/exchange.py PREPARED WINNERS OUT.csv [--neurons lif qif]

PREPARED is the prepared file of config/heidelberg.yaml's study, WINNERS a folder with its searches'
winners, docs/results/heidelberg-digits. Searches of equal size compare searches. Here
all models are trained, on all training words for all epochs, with all settings that any of them has
found, each once: OUT.csv gets a row for every run of a model with settings of another one's, with
the columns of variations.py. A second start goes on where the first was stopped.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runs import Job
from spikegrad.config.training import ModelSettings
from variations import NEURONS, Splits, changed, command_line, run_all, searches, winners


def exchanges(folder: Path, neurons: list[str]) -> list[Job]:
    """Runs of each of ``neurons`` with settings of the others' searches, each of them once.

    Settings that several searches have found, or that a search of the model itself has, are not
    repeated: searches in which the unchanged ones have won.
    """
    found = searches(folder)
    jobs = []
    for neuron in neurons:
        known: list[dict[str, Any]] = [f["parameters"] for f in found if f["neuron"] == neuron]
        for other in found:
            if other["parameters"] in known:
                continue
            known.append(other["parameters"])
            job = {"neuron": neuron, "search": other["search"], "change": "settings of"}
            jobs.append(job | {"to": other["neuron"], "seed": 0})
    return jobs


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--neurons", nargs="+", choices=NEURONS, default=list(NEURONS))
    options = parser.parse_args()

    def plan(job: Job, data: Splits) -> tuple[ModelSettings, Splits]:
        of_search = winners(options.winners, str(job["search"]))
        return changed(job["neuron"], "settings of", job["to"], of_search), data

    run_all(options.prepared, options.out, exchanges(options.winners, options.neurons), plan)


if __name__ == "__main__":
    main()
