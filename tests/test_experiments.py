"""Experiments beside the studies: what they try is possible, their tables say what they mean."""

from __future__ import annotations

import itertools
from functools import reduce
from operator import getitem
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import plot_variations
from answers import VARIED, long_trials, new_speakers, robustness, varied, with_all_settings
from exchange import exchanges
from landscapes import random_objective
from plot_variations import PANELS
from robustness import changed
from roughness import roughness
from rungs import ranks, study
from runs import append, remaining
from speakers import exchanged
from spikegrad.data.dataset import SpikeDataset
from spikegrad.landscape.objective import matrices, weights_of
from spikegrad.spikes import SpikeTrains
from variations import CHANGES, NEURONS, is_change, winners
from variations import changed as changed_settings


def test_a_second_start_does_what_is_left(tmp_path: Path) -> None:
    table = tmp_path / "runs.csv"
    jobs = [{"neuron": n, "clipped": c, "seed": 0} for n in NEURONS for c in (True, False)]
    assert list(remaining(table, jobs)) == jobs
    columns = ["neuron", "clipped", "seed", "accuracy"]
    append(table, columns, [job | {"accuracy": 0.5, "reason": "not kept"} for job in jobs[:2]])
    append(table, columns, [jobs[4]])  # with nothing to show
    assert list(remaining(table, jobs)) == [jobs[2], jobs[3], jobs[5]]
    assert list(pd.read_csv(table)) == columns
    assert pd.read_csv(table)["clipped"].tolist() == [True, False, True]


def write_search(folder: Path, neuron: str, search: int, **found: object) -> None:
    about = {"neuron": neuron, "search": search} | found
    (folder / f"search_{neuron}_{search}.yaml").write_text(yaml.safe_dump(about))


@pytest.mark.parametrize("neuron", NEURONS)
@pytest.mark.parametrize("change", CHANGES)
def test_every_change_can_be_made(neuron: str, change: str) -> None:
    model = study().model(neuron)
    for parameters in CHANGES[change].values():
        changed = model.with_parameters(parameters).model_dump(mode="json")
        for key, value in parameters.items():
            found = reduce(getitem, key.split("."), changed)
            assert found == value or found.items() >= value.items()  # with defaults


def test_the_best_search_by_validation_is_varied(tmp_path: Path) -> None:
    for neuron, search, accuracy in [
        ("lif", 0, 0.5),
        ("lif", 1, 0.7),
        ("lif", 2, 0.6),
        ("qif", 0, 0.1),
    ]:
        winner = {"validation_accuracy": accuracy}
        parameters = {"network.tau": search}
        write_search(tmp_path, neuron, search, parameters=parameters, winner=winner)
    found = winners(tmp_path)
    assert {neuron: number for neuron, (number, _) in found.items()} == {"lif": "1", "qif": "0"}
    assert found["lif"][1]["parameters"] == {"network.tau": 1}
    assert {neuron: number for neuron, (number, _) in winners(tmp_path, "2").items()} == {
        "lif": "2"
    }


def test_what_a_winner_has_is_no_change() -> None:
    best = {
        "lif": ("2", {"parameters": {"network.drive": 0.5}}),
        "qif": ("1", {"parameters": {"network.drive": 0.0, "network.tau": 0.03}}),
    }
    assert is_change("lif", "as found", "", best)
    kept = [to for to in CHANGES["drive"] if not is_change("lif", "drive", to, best)]
    assert kept == ["0.5"]
    assert is_change("lif", "settings of", "qif", best)
    settings = changed_settings("lif", "settings of", "qif", best)
    assert (settings.network.drive, settings.network.tau) == (0.0, 0.03)
    assert changed_settings("qif", "drive", "1", best).network.drive == 1.0


@pytest.fixture
def searched(tmp_path: Path) -> Path:
    """Winners of two searches of three models; in three of them the unchanged settings won."""
    for neuron, search, parameters in [
        ("lif", 0, {"network.tau": 0.01}),
        ("lif", 1, {"network.tau": 0.02}),
        ("qif", 0, {}),
        ("qif", 1, {"network.tau": 0.03}),
        ("qif_delta", 0, {}),
        ("qif_delta", 1, {}),
    ]:
        write_search(tmp_path, neuron, search, parameters=parameters)
    return tmp_path


def test_each_settings_of_other_models_are_tried_once(searched: Path) -> None:
    jobs = exchanges(searched, list(NEURONS))
    assert {(job["neuron"], job["to"], job["search"]) for job in jobs} == {
        ("lif", "qif", 0), ("lif", "qif", 1),
        ("qif", "lif", 0), ("qif", "lif", 1),
        ("qif_delta", "lif", 0), ("qif_delta", "lif", 1), ("qif_delta", "qif", 1),
    }  # fmt: skip
    assert len(jobs) == 7


def test_all_models_stand_beside_all_settings(searched: Path) -> None:
    (searched / "exchange.csv").write_text(
        "neuron,search,to,outcome,accuracy,validation_accuracy\n"
        "lif,0,qif,overflow,0.3,0.4\nlif,1,qif,overflow,,\n"
        "qif,0,lif,finished,0.5,0.6\nqif,1,lif,finished,0.1,0.2\n"
    )
    (searched / "training_reached.csv").write_text(
        "neuron,search,outcome,accuracy,validation_accuracy\n"
        "lif,0,finished,0.7,0.6\nlif,0,overflow,0.8,0.9\nlif,1,finished,0.2,0.1\n"
        "qif,0,finished,0.75,0.7\nqif,1,finished,0.65,0.5\n"
    )
    table = with_all_settings(searched)
    assert table.accuracy.T.to_dict() == {
        ("", 0): {"lif": 0.3, "qif": 0.75},
        ("lif", 0): {"lif": 0.7, "qif": 0.5},
        ("lif", 1): {"lif": 0.2, "qif": 0.1},
        ("qif", 1): {"lif": 0.0, "qif": 0.65},
    }
    assert table.validation_accuracy.loc[("qif", 1)].to_dict() == {"lif": 0.0, "qif": 0.5}
    assert table.outcome["lif"].tolist() == ["overflow", "finished", "finished", "overflow"]


def test_new_speakers_change_places() -> None:
    """Each word, known by the time of its spike, stays with its speaker, and is in one split."""
    speakers = {"train": [0, 1, 2, 2], "validation": [0, 3, 1], "test": [4, 0, 5, 2, 4]}
    count = iter(range(20))

    def words(own: list[int]) -> SpikeDataset:
        times = [torch.tensor([next(count) / 20]).double() for _ in own]
        spikes = SpikeTrains.from_arrays(times, [torch.tensor([0]) for _ in own], duration=1.0)
        labels = torch.zeros(len(own), dtype=torch.int64)
        return SpikeDataset(spikes, labels, torch.tensor(own), 1, 1, "toy", ("zero",))

    data = {split: words(own) for split, own in speakers.items()}
    new = exchanged(data, [0, 1])
    assert {split: d.speakers.tolist() for split, d in new.items()} == {
        "train": [2, 2, 4, 5, 4], "validation": [3], "test": [0, 2, 0, 1, 0, 1],
    }  # fmt: skip
    of = [speaker for own in speakers.values() for speaker in own]
    for own in new.values():
        own.spikes.check(1)
        assert [of[round(20 * float(t))] for t in own.spikes.times] == own.speakers.tolist()
    assert new["test"].spikes.times.unique().numel() == 6
    assert exchanged(data, [4, 5]) is data


def test_variations_are_told_as_means_over_seeds(tmp_path: Path) -> None:
    (tmp_path / "variations.csv").write_text(
        f"neuron,change,to,outcome,{','.join(VARIED)}\n"
        "lif,as found,,finished,0.8,0.7,0.9,10\nqif,as found,,finished,0.7,0.6,0.8,2\n"
        "lif,drive,0,finished,0.6,0.5,0.7,4\nlif,drive,0,overflow,0.4,0.2,0.5,8\n"
        "qif,drive,0,overflow,,,,\n"
    )
    found, drive = varied(tmp_path)
    assert (found["change"], found["to"], list(found["of"])) == ("as found", "", ["lif", "qif"])
    assert (drive["change"], drive["to"]) == ("drive", "0")
    means = dict(zip(VARIED, (0.5, 0.35, 0.6, 6.0), strict=True))
    assert drive["of"]["lif"] == pytest.approx(means | {"runs": 2, "away": 1})
    assert pd.isna(drive["of"]["qif"]["accuracy"])


def test_every_variation_is_drawn_where_the_table_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "variations.csv").write_text(
        f"neuron,search,change,to,outcome,{','.join(PANELS)}\n"
        "lif,2,as found,,finished,0.8,0.5,3,0.9\nqif,1,as found,,finished,0.7,0,2,1\n"
        "lif,2,settings of,qif,overflow,,,,\nqif,1,settings of,lif,finished,0.6,0,100,0.2\n"
    )
    drawn: list[Figure] = []
    monkeypatch.setattr(plot_variations, "save", lambda figure, _: drawn.append(figure))
    plot_variations.main(tmp_path / "variations.csv", "variations.png")
    accuracy, _, minima, _ = drawn[0].axes
    places = [tick.get_text() for tick in accuracy.get_yticklabels()]
    assert places == ["as found", "settings of: QIF", "settings of: LIF"]

    def points(axes: Axes) -> set[tuple[str, float]]:
        offsets = np.concatenate([dots.get_offsets() for dots in axes.collections])
        return {(places[round(y)], float(x)) for x, y in offsets if np.isfinite(x)}

    expected = {("as found", 0.8), ("as found", 0.7)}
    assert points(accuracy) == expected | {("settings of: QIF", 0.0), ("settings of: LIF", 0.6)}
    assert points(minima) == {("as found", 3), ("as found", 2), ("settings of: LIF", 100)}


def test_changed_words_have_the_spikes_that_are_left() -> None:
    times = [torch.tensor([0.125, 0.25, 0.75]), torch.tensor([0.5])]  # exact in float32
    units = [torch.tensor([0, 3, 4]), torch.tensor([2])]
    spikes = SpikeTrains.from_arrays(times, units, duration=1.0)

    def after(change: str, by: float) -> list[list[tuple[float, int]]]:
        found = changed(spikes, 5, change, by)
        found.check(5)
        words = [found[k : k + 1] for k in range(len(found))]
        return [list(zip(w.times.tolist(), w.units.tolist(), strict=True)) for w in words]

    assert after("none", 0.0) == [[(0.125, 0), (0.25, 3), (0.75, 4)], [(0.5, 2)]]
    assert after("channels moved by", 2) == [[(0.125, 2)], [(0.5, 4)]]
    assert after("channels moved by", -3) == [[(0.25, 0), (0.75, 1)], []]
    assert after("time stretched by", 2.0) == [[(0.25, 0), (0.5, 3)], [(1.0, 2)]]
    assert after("share of spikes kept", 0.0) == [[], []]
    with pytest.raises(ValueError, match="louder"):
        changed(spikes, 5, "louder", 2.0)


def test_robustness_is_ranked_beside_new_speakers(tmp_path: Path) -> None:
    (tmp_path / "training_reached.csv").write_text(
        "neuron,search,validation_accuracy,accuracy_unseen_speakers\n"
        "lif,0,0.9,0.3\nlif,0,0.8,0.9\nlif,1,0.7,0.5\nqif,0,0.6,0.7\n"
    )
    rows = [("none", 0, 0.9, 0.8, 0.7), ("channels moved by", -20, 0.25, 0.375, 0.5)]
    rows += [("channels moved by", 20, 0.5, 0.375, 0.75)]
    networks = ("lif_0", "lif_1", "qif_0")
    (tmp_path / "robustness.csv").write_text(
        "neuron,network,change,by,accuracy\n"
        + "".join(
            f"{name[:3]},{name}.safetensors,{change},{by},{accuracy}\n"
            for change, by, *accuracies in rows
            for name, accuracy in zip(networks, accuracies, strict=True)
        )
    )
    none, shifted = robustness(tmp_path)
    assert (none["change"], none["by"], none["rank"]) == ("none", 0, pytest.approx(-1.0))
    assert none["of"] == pytest.approx({"lif": 0.85, "qif": 0.7})
    assert shifted["of"] == pytest.approx({"lif": 0.375, "qif": 0.625})
    assert shifted["by"] == 20
    assert shifted["rank"] == pytest.approx(0.5 * 3**0.5)  # of two that are equal


def test_new_speakers_are_compared_pair_by_pair(tmp_path: Path) -> None:
    (tmp_path / "training_reached.csv").write_text(
        "neuron,search,accuracy_unseen_speakers\n"
        "lif,0,0.5\nlif,0,0.7\nlif,1,0.1\nqif,3,0.7\nqif,2,0.2\n"
    )
    (tmp_path / "new_speakers.csv").write_text(
        "neuron,search,to,accuracy_unseen_speakers\nlif,0,0-1,0.5\nqif,3,0-1,0.7\n"
        "qif,3,0-1,0.9\nlif,0,2-3,0.4\nqif,3,2-3,0.6\n"
    )
    found = new_speakers(tmp_path)
    assert found["searches"] == {"lif": [0], "qif": [3]}
    assert found["pairs"]["0-1"] == pytest.approx({"lif": 0.5, "qif": 0.8})
    assert found["pairs"]["4-5"] == pytest.approx({"lif": 0.6, "qif": 0.7})
    # 0.3, 0.2 and 0.1: their standard error is 0.1 / sqrt(3), and t of two degrees 4.3027
    assert found["over_pairs"]["qif"] == pytest.approx(
        {"mean": 0.2, "low": 0.2 - 0.248413, "high": 0.2 + 0.248413}, abs=1e-5
    )
    assert found["over_searches"]["qif"]["mean"] == pytest.approx(0.2)


def test_long_trials_are_chosen_by_validation_and_told_by_test(tmp_path: Path) -> None:
    (tmp_path / "long_trials.csv").write_text(
        "neuron,outcome,validation_accuracy,accuracy\n"
        "lif,finished,0.3,0.9\nlif,overflow,,\nlif,finished,0.7,0.2\nlif,overflow,0.5,0.6\n"
        "qif,finished,0.5,0.4\nqif,finished,0.6,0.1\n"
    )
    found = long_trials(tmp_path)
    assert (found["lif"]["trials"], found["lif"]["away"], found["qif"]["away"]) == (4, 2, 0)
    test = [0.0, 0.9, 0.6, 0.2]  # in the order of validation
    pairs = [test[max(pair)] for pair in itertools.combinations(range(4), 2)]
    expected = {1: sum(test) / 4, 2: sum(pairs) / 6}  # QIF has no four
    assert found["lif"]["best"] == pytest.approx(expected)
    assert found["qif"]["best"] == pytest.approx({1: 0.25, 2: 0.1})


def test_ranks_are_those_of_the_best_so_far() -> None:
    """Four points: the short training swaps the two best, the start of the long one all."""
    short, first, last = [4, 3, 1, 2], [1, 2, 3, 4], [4, 3, 2, 1]
    rows = [
        ("qif", trial, schedule, epoch, 100 * epoch, accuracies[trial])
        for schedule, epoch, accuracies in [
            ("100x1", 1, short), ("100x8", 2, first), ("100x8", 8, [10 * a for a in last]),
        ]
        for trial in range(4)
    ]  # fmt: skip
    columns = ["neuron", "trial", "schedule", "epoch", "presentations", "accuracy"]
    found = ranks(pd.DataFrame(rows, columns=columns)).set_index("training")
    assert found.loc["100x1, whole", "all"] == pytest.approx(0.8)
    assert found.loc["100x1, whole", "better half"] == pytest.approx(1.0)
    assert found.loc["first 2 epochs of 100x8", "all"] == pytest.approx(-1.0)
    assert found.loc["first 2 epochs of 100x8", "words presented"] == 200


def test_roughness_tells_lif_jumps_from_what_is_smooth() -> None:
    options = study().landscape
    few = options.profiles.model_copy(update={"samples": 3, "points": 17})
    options = options.model_copy(update={"profiles": few})
    found = {}
    for neuron in ("lif", "qif"):
        objective, weights, _ = random_objective(neuron, 1, n_samples=3)
        objective.set_weights(weights)
        step, clipped = roughness(
            objective.network, objective.data, options, seed=0, lengths=(0.002,)
        )
        found[neuron] = step
        assert torch.equal(weights_of(objective.network), weights)
        assert -1 <= clipped["turned"] <= 1
        before, gradient = objective.gradient(weights)
        net = objective.network
        parts = [
            w.norm() * g
            for w, g in zip(matrices(weights, net), matrices(gradient, net), strict=True)
        ]
        slope = torch.cat([part.flatten() for part in parts]).norm()
        assert step["predicted"] == pytest.approx(-0.002 * float(slope), rel=1e-6)
        moved = [
            w - 0.002 * w.norm() * part / slope
            for w, part in zip(matrices(weights, net), parts, strict=True)
        ]
        after = objective.answer(torch.cat([part.flatten() for part in moved]))
        assert step["changed"] == pytest.approx(float(after.loss - before.loss), rel=1e-6)
        assert clipped["predicted"] != pytest.approx(step["predicted"], rel=1e-3)
    assert found["lif"]["word_in_jumps"] > 0
    assert found["qif"]["word_in_jumps"] == 0
    assert found["lif"]["word_minima"] >= found["qif"]["word_minima"]
