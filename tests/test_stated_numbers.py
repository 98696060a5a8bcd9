"""Numbers that pages state in sentences are those of the kept tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from study.report.numbers import number, points, with_interval
from study.statistics import t_interval

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "docs" / "results"
README, ANSWERS = "README.md", "docs/answers.md"
SPEAKERS, DELAYS = "docs/answers-speakers.md", "docs/answers-delays.md"
RUNAWAY = "docs/runaway.md"
FOLDS = "heidelberg-digits-folds"
CONTROLS = "heidelberg-digits-controls"
OWN_SPLIT = "heidelberg-digits-own-split"
DELAY_LINE = "heidelberg-digits-delay-line"
BEST, BEST_FOLDS = "heidelberg-digits-best", "heidelberg-digits-best-folds"

Show = Callable[[float], str]


def says(page: str, sentence: str) -> bool:
    return sentence in " ".join((ROOT / page).read_text().split())


def percent(value: float) -> str:
    """To two digits: 87, 1.5, 0.1."""
    return f"{100 * value:.1f}" if abs(value) < 0.1 else f"{100 * value:.0f}"


def rounded(digits: int, unit: float = 1.0) -> Show:
    """To so many decimals, in this unit."""
    return lambda value: f"{value / unit:.{digits}f}".replace("-", "−")


whole, cosine, one_digit = rounded(0), rounded(2), rounded(1, unit=0.01)


def trials(study: str) -> pd.DataFrame:
    return pd.read_parquet(KEPT / study / "search/trials.parquet")


def at_once(table: pd.DataFrame) -> pd.Series:
    """How many trials of each neuron model ran away in every sample of their first batch."""
    early = table.query("failed and presentations == 0")
    everywhere = early[early["reason"].str.contains("runs away in every sample")]
    return everywhere["neuron"].value_counts()


def validation_of_winners(study: str) -> pd.DataFrame:
    """Validation accuracy of the best finalist, its mean over inner folds: folds by models."""
    runs = pd.read_parquet(KEPT / study / "search/finalists.parquet")
    means = runs.groupby(["fold", "neuron", "number"])["validation_accuracy"].mean()
    return means.groupby(["fold", "neuron"]).max().unstack()  # noqa: PD010


def by(unit: str, study: str, table: str, column: str) -> pd.DataFrame:
    """Means of a table's column: units, such as folds, by neuron models."""
    return pd.read_csv(KEPT / study / table).pivot_table(column, unit, "neuron")


def gains(study: str) -> pd.Series:
    """Test accuracy of each fold, every speaker alike, QIF minus LIF."""
    folds = by("fold", study, "training/speakers.csv", "accuracy")
    return folds["qif"] - folds["lif"]


@pytest.mark.parametrize(
    ("pages", "sentence", "study", "claim", "case", "show"),
    [
        (
            (ANSWERS,),
            "QIF minus LIF is {} points of test accuracy (95 % interval {} to {})",
            *(FOLDS, "qif-outperforms-lif", "qif: every speaker alike", points),
        ),
        (
            (ANSWERS,),
            "neuron model in each pair, QIF minus LIF is {} points ({} to {})",
            *(DELAY_LINE, "qif-outperforms-lif", "qif: every speaker alike", points),
        ),
        (
            (DELAYS,),
            "{} points higher for LIF ({} to {} over folds",
            *(DELAY_LINE, "lif-diverges-more", "qif: trials of the searches", percent),
        ),
        (
            (DELAYS,),
            "do not decide it: QIF minus LIF is {} points ({} to {})",
            *(
                DELAY_LINE,
                "qif-outperforms-lif-at-each-budget",
                "qif: all of the budget",
                one_digit,
            ),
        ),
        (
            (DELAYS,),
            "Of QIF's neurons {} % ({} to {}) fall silent",
            *(DELAY_LINE, "qif-stay-active", "qif: when training goes on", percent),
        ),
        (
            (SPEAKERS,),
            "δ-QIF minus LIF is {} points ({} to {})",
            *(FOLDS, "qif-outperforms-lif", "qif_delta: every speaker alike", points),
        ),
        (
            (SPEAKERS,),
            "{} points higher for LIF than for QIF ({} to {} over folds",
            *(FOLDS, "lif-diverges-more", "qif: trials of the searches", percent),
        ),
        (
            (ANSWERS, SPEAKERS),
            "{} % ({} to {}) make a spike appear, vanish or jump",
            FOLDS,
            "order-changes-often-break",
            "trained, inhibition that overtakes a spike",
            percent,
        ),
        (
            (ANSWERS,),
            "{} spikes ({} to {}) more change where a spike appears or vanishes than at harmless",
            *(FOLDS, "disappearances-disrupt", "beside harmless changes", whole),
        ),
        (
            (ANSWERS,),
            "in trained networks alone this is undecided ({}, {} to {})",
            *(FOLDS, "disappearances-disrupt", "trained, beside harmless changes", whole),
        ),
        (
            (SPEAKERS,),
            "{} spikes ({} to {}) more change than at harmless changes",
            *(FOLDS, "disappearances-disrupt", "beside harmless changes", whole),
        ),
        (
            (SPEAKERS,),
            "around trained networks alone it is {} ({} to {})",
            *(FOLDS, "disappearances-disrupt", "trained, beside harmless changes", whole),
        ),
        (
            (ANSWERS,),
            "and {} % ({} to {}) of LIF's minima vanish without them",
            *(FOLDS, "minima-arise-from-order", "trained, deeper than 0.01 nats", percent),
        ),
        (
            (ANSWERS,),
            "with delays, they have {} % ({} to {}) of the height",
            *(BEST, "jumps-are-order-changes", "trained, by height", percent),
        ),
        (
            (SPEAKERS,),
            "samples clipped it is {} ({} to {}) on the step's own batch",
            *(FOLDS, "lif-gradients-turn", "qif: on the step's own batch, samples clipped", cosine),
        ),
        (
            (SPEAKERS,),
            "Of LIF's minima {} % ({} to {}) vanish without them",
            *(FOLDS, "minima-arise-from-order", "trained, deeper than 0.01 nats", percent),
        ),
        (
            (ANSWERS, SPEAKERS),
            "have {} % ({} to {}) of the jumps' height",
            *(FOLDS, "jumps-are-order-changes", "trained, by height", percent),
        ),
        (
            (SPEAKERS,),
            "QIF minus LIF is {} ({} to {})",
            *(FOLDS, "lif-gradients-turn", "qif: on a fixed batch", cosine),
        ),
    ],
)
def test_a_sentence_states_its_claim(
    pages: tuple[str, ...], sentence: str, study: str, claim: str, case: str, show: Show
) -> None:
    claims = pd.read_csv(KEPT / study / "claims.csv").set_index(["id", "case"])
    found = claims.loc[(claim, case)]
    stated = sentence.format(*(show(found[end]) for end in ("estimate", "low", "high")))
    for page in pages:
        text = stated if says(page, stated) else stated[0].upper() + stated[1:]
        assert says(page, text), (page, stated)


def test_settings_that_work() -> None:
    table = trials(FOLDS)
    of = table.neuron.value_counts()
    diverged = table[table["failed"]]["neuron"].value_counts()
    assert set(table[table["failed"]]["outcome"]) == {"overflow", "not finite"}
    assert diverged["qif"] == 1
    assert says(ANSWERS, f"{diverged['lif']} of {of['lif']} LIF trials diverged, and one of QIF's")
    stated = "Of LIF's trials {} of {} diverged: {} ran away in every sample of the first batch"
    numbers = diverged["lif"], of["lif"], at_once(trials(FOLDS))["lif"]
    assert says(SPEAKERS, stated.format(*numbers))
    everywhere, both = (at_once(trials(study)) for study in (FOLDS, DELAY_LINE))
    assert {*everywhere.index, *both.index} == {"lif"}
    also = trials(DELAY_LINE).query("failed")["neuron"].value_counts()
    stated = "Of LIF's {} trials that diverged {} ran away in every sample of the first batch, of"
    assert says(ANSWERS, stated.format(diverged["lif"] + also["lif"], sum([*everywhere, *both])))
    assert says(ANSWERS, f"of QIF's {diverged['qif'] + also['qif']} none")
    first = table[table.generation == 0]
    bad = first[first.failed].neuron.value_counts()
    shared = len(first) // first.neuron.nunique()
    assert (bad["qif"], bad["qif_delta"]) == (1, 8)
    assert says(SPEAKERS, f"Of the {shared} settings that all began with, {bad['lif']} diverged")
    lif = table[table.neuron == "lif"]
    largest = lif[~lif.failed]["network.init.recurrent_scale"].max()
    above = lif[lif["network.init.recurrent_scale"] > largest]
    assert says(
        SPEAKERS, f"Above an initial scale of recurrent weights of 3.4 all {len(above)} trials"
    )
    assert largest < 3.4 < above["network.init.recurrent_scale"].min()


def at_first_settings(study: str) -> pd.DataFrame:
    """Trials of the settings that all searches begin with; one that failed in the first rung has
    the accuracy that it ended with."""
    first = trials(study).query("generation == 0")
    ended = first["rung0_accuracy"].where(first["rungs"] > 0, first["validation_accuracy"])
    return first.assign(rung0_accuracy=ended)


def gain_at_first_settings(study: str, neuron: str = "qif", base: str = "lif") -> tuple[str, ...]:
    """Accuracy more than ``base``'s at the settings that all searches begin with, and at those of
    them at which nothing fails: points and their intervals over folds, with signs."""
    first = at_first_settings(study)
    shared = ["fold", "number", "seed", "network.tau"]
    accuracy = first.pivot_table("rung0_accuracy", shared, "neuron")
    trained = ~first.pivot_table("failed", shared, "neuron").any(axis=1)
    assert accuracy.notna().all(axis=None)
    assert len(accuracy) == 96
    found = []
    for own in (accuracy, accuracy[trained]):
        gain = (own[neuron] - own[base]).groupby("fold").mean()
        found += [points(value) for value in (gain.mean(), *t_interval(gain))]
    return (*found, str(trained.sum()))


def test_the_same_setting_with_each_model() -> None:
    gain, low, high, other, lower, upper, n = gain_at_first_settings(FOLDS)
    assert says(SPEAKERS, f"QIF minus LIF is {gain} points ({low} to {high} over folds), a fa")
    stated = f"at the {n} where none of the three fails it is {other} ({lower} to {upper})"
    assert says(SPEAKERS, stated)
    plain = [value.removeprefix("+") for value in (gain, low, high)]
    assert says(README, "{} points of validation accuracy ({} to {})".format(*plain))
    stated = f"At the {n} of them that fail with no model the difference is {other} ({lower} to"
    assert says(README, f"{stated} {upper})")
    assert says(ANSWERS, "by {} points of validation accuracy ({} to {} over folds)".format(*plain))
    means = 100 * at_first_settings(FOLDS).groupby("neuron")["rung0_accuracy"].mean()
    stated = "accuracy of {lif:.1f} % with LIF, {qif:.1f} % with QIF and {qif_delta:.1f} % with"
    assert says(SPEAKERS, stated.format(**means))
    delayed = gain_at_first_settings(DELAY_LINE)
    stated = "QIF minus LIF is {} points of validation accuracy ({} to {} over folds) in the mean"
    assert says(DELAYS, stated.format(*delayed))
    stated = "and {3} ({4} to {5}) in the mean of the {6} at which neither fails"
    assert says(DELAYS, stated.format(*delayed))
    plain = [value.removeprefix("+") for value in delayed]
    assert says(ANSWERS, "with delays, after six, by {} ({} to {}).".format(*plain))
    stated = f"is {other} ({lower} to {upper}) and {delayed[3]} ({delayed[4]} to {delayed[5]})."
    assert says(ANSWERS, stated)


STEPS = (
    ("lif", "lif_refractory"),
    ("lif_refractory", "qif_cut"),
    ("qif_cut", "qif"),
    ("lif", "qif"),
)
"""From LIF to QIF: a bounded rate, a rate like a root in its place, continuous spikes; all."""


def test_continuity_or_gain() -> None:
    """What each step from LIF to QIF adds at the settings that all searches begin with."""
    table = at_first_settings(CONTROLS)
    same = ["fold", "neuron", "number", "seed", "network.tau"]
    assert len(table.merge(at_first_settings(FOLDS), on=same)) == 2 * 96  # LIF and QIF are in both
    failed = table.groupby("neuron")["failed"].sum()
    everywhere = at_once(table)
    assert set(everywhere.index) == {"lif"}
    assert says(
        RUNAWAY, f"{everywhere['lif']} ran away with LIF in every sample of the first batch"
    )
    assert failed.to_dict() == {"lif": 35, "lif_refractory": 1, "qif_cut": 0, "qif": 1}
    stated = f"Of the 96 settings {failed['lif']} fail with LIF, one with refractory LIF, none with"
    assert says(SPEAKERS, stated)
    found = [gain_at_first_settings(CONTROLS, more, less) for less, more in STEPS]
    for (gain, low, high, *_), stated in zip(
        found,
        (
            "from LIF to refractory LIF: {} ({} to {})",
            "from there to cut QIF: {} ({} to {})",
            "from there to QIF: {} ({} to {})",
            "all of these: {} ({} to {})",
        ),
        strict=True,
    ):
        assert says(SPEAKERS, stated.format(gain, low, high))
    bounded, root, continuous, _ = found
    assert says(SPEAKERS, f"add at most {continuous[2].removeprefix('+')} points here")
    works = [value.removeprefix("+") for value in bounded[3:]]
    stated = "At the {3} settings that fail with no model refractory LIF is {0} points ({1} to {2})"
    assert says(SPEAKERS, stated.format(*works))
    stated = "the other two steps are {} ({} to {}) and {} ({} to {})"
    assert says(SPEAKERS, stated.format(*root[3:6], *continuous[3:6]))
    plain = [value.removeprefix("+") for value in bounded[:3]]
    assert says(README, "ahead of LIF by {} points ({} to {})".format(*plain))
    assert says(README, "continuous spikes add {} ({} to {})".format(*continuous))
    assert says(ANSWERS, "{} points of validation accuracy ({} to {}) more".format(*plain))
    assert says(ANSWERS, "continuous spikes add {} ({} to {})".format(*continuous))


def test_winners_of_the_controls() -> None:
    accuracy = by("fold", CONTROLS, "training/speakers.csv", "accuracy")
    for (less, more), stated in zip(
        STEPS,
        (
            "refractory LIF minus LIF is {} ({} to {})",
            "cut QIF minus refractory LIF {} ({} to {})",
            "QIF minus cut QIF {} ({} to {})",
            "QIF minus LIF {} ({} to {})",
        ),
        strict=True,
    ):
        gain = accuracy[more] - accuracy[less]
        assert says(SPEAKERS, stated.format(points(gain.mean()), *map(points, t_interval(gain))))
    runs = pd.read_csv(KEPT / CONTROLS / "training/runs.csv")
    ended = runs[runs["outcome"] != "finished"]
    assert (len(ended), len(runs)) == (3, 48)
    assert set(ended["neuron"]) == {"lif"}
    assert says(SPEAKERS, "Of LIF's twelve final networks three ended early")
    many = runs[runs["spikes_per_neuron"] > 29]
    assert set(zip(many["neuron"], many["fold"], strict=True)) == {
        ("lif", "fold1"),
        ("lif", "fold5"),
    }
    assert len(many) == 4
    low, high = many["spikes_per_neuron"].agg(["min", "max"])
    assert says(SPEAKERS, f"in folds 1 and 5 make {low:.0f} to {high:.0f} spikes a neuron")


def test_qifs_winners_make_fewer_spikes_in_each_fold() -> None:
    spikes = by("fold", FOLDS, "training/runs.csv", "spikes_per_neuron")
    ratio = sorted(spikes["qif"] / spikes["lif"])
    assert ratio[-1] < 1
    rest = f"{ratio[1]:.2f} to {ratio[-1]:.2f} times as many, and {ratio[0]:.2f} times in fold 4"
    assert says(SPEAKERS, rest)


def test_folds_and_speakers_on_which_a_model_is_ahead() -> None:
    gain = 100 * gains(FOLDS)
    ahead, behind = ([f"{abs(value):.1f}" for value in gain[side]] for side in (gain > 0, gain < 0))
    assert says(SPEAKERS, f"(1, 2 and 5, by {ahead[0]}, {ahead[1]} and {ahead[2]} points)")
    assert says(SPEAKERS, f"(0, 3 and 4, by {behind[0]}, {behind[1]} and {behind[2]})")
    speakers = by("speaker", FOLDS, "training/speakers.csv", "accuracy")
    assert (speakers["qif"] > speakers["lif"]).sum() == len(speakers) / 2 == 6
    assert says(SPEAKERS, "QIF is ahead on six of the twelve speakers")


def test_accuracies_on_a_split_like_shds() -> None:
    speakers = pd.read_csv(KEPT / OWN_SPLIT / "training/speakers.csv")
    alike = speakers.groupby("neuron")["accuracy"].mean()
    runs = 100 * pd.read_csv(KEPT / OWN_SPLIT / "training/runs.csv").groupby("neuron").mean(
        numeric_only=True
    )
    new, heard = (runs[f"accuracy_{kind}_speakers"] for kind in ("unseen", "seen"))
    assert says(SPEAKERS, f"QIF minus LIF is {points(alike['qif'] - alike['lif'])} points; this")
    assert says(SPEAKERS, f"On the heard ones LIF is ahead by {heard['lif'] - heard['qif']:.1f} p")
    stated = "QIF is ahead by {:.1f}, and δ-QIF is behind LIF by {:.1f}."
    gains = new["qif"] - new["lif"], new["lif"] - new["qif_delta"]
    assert says(SPEAKERS, stated.format(*gains))
    stated = "the one here reaches {:.1f} and {:.1f} %"
    assert says(SPEAKERS, stated.format(new["qif"], heard["qif"]))
    assert says(SPEAKERS, f"on the new ones; the one here reaches {new['lif']:.1f} %")
    each = speakers.query("unseen_speaker").pivot_table("accuracy", "speaker", "neuron")
    assert (each["qif"] > each["lif"]).to_dict() == {4: False, 5: True}
    samples = runs.loc["qif", "accuracy"] - runs.loc["lif", "accuracy"]
    for page in (DELAYS, "docs/answers-earlier.md"):
        assert says(page, f"{rounded(1)(samples)} points")
    reached = [f"{value:.1f} %" for value in runs.loc[["lif", "qif", "qif_delta"], "accuracy"]]
    stated = "15 epochs reach {} (LIF), {} (QIF) and {} (δ-QIF)"
    assert says("docs/field.md", stated.format(*reached))
    silent = runs["silent_fraction"]
    assert silent["lif"] == 0
    assert silent[["qif", "qif_delta"]].min() > 50


def test_five_searches_of_the_earlier_study_on_such_a_split() -> None:
    runs = pd.read_csv(KEPT / "heidelberg-digits/training/runs.csv")
    means = 100 * runs.groupby(["neuron", "search"]).mean(numeric_only=True)
    new, heard = (means[f"accuracy_{kind}_speakers"] for kind in ("unseen", "seen"))
    stated = "winners of QIF reach {:.1f} to {:.1f} %, on the heard ones {:.1f} to {:.1f} %"
    numbers = (of["qif"].agg(end) for of in (new, heard) for end in ("min", "max"))
    assert says(SPEAKERS, stated.format(*numbers))
    ends = new["lif"].agg(["min", "max"])
    assert says(SPEAKERS, "LIF's reach {:.1f} to {:.1f} % on the new ones".format(*ends))
    all_samples = means["accuracy"].groupby("neuron").mean()[["lif", "qif", "qif_delta"]]
    assert says("docs/field.md", "has {:.1f}, {:.1f} and {:.1f} %, means".format(*all_samples))


def test_two_searches_for_the_same_test_speakers() -> None:
    """The new speakers of the split like SHD's are those of fold 2, and so are those who validate;
    the searches share no setting."""
    tables = [pd.read_csv(KEPT / study / "training/speakers.csv") for study in (FOLDS, OWN_SPLIT)]
    fold, own = tables[0].query("fold == 'fold2'"), tables[1].query("unseen_speaker")
    assert {*fold["speaker"]} == {*own["speaker"]} == {4, 5}
    folds = [pd.read_csv(KEPT / study / "data/folds.csv") for study in (FOLDS, OWN_SPLIT)]
    inner = [
        table[(table["fold"] == name) & table["part"].str.startswith("inner")]["speakers"]
        for table, name in zip(folds, ("fold2", "own"), strict=True)
    ]
    assert [*inner[0]] == [*inner[1]]
    drawn = [
        {*zip(table["neuron"], table["training.learning_rate"], strict=True)}
        for table in (trials(FOLDS).query("fold == 'fold2'"), trials(OWN_SPLIT))
    ]
    assert not drawn[0] & drawn[1]
    models = ["lif", "qif", "qif_delta"]
    before, after = (
        100 * table.groupby("neuron")["accuracy"].mean()[models] for table in (fold, own)
    )
    for stated, values in (
        ("LIF reaches {:.1f}, QIF {:.1f} and δ-QIF {:.1f} %, every speaker alike", before),
        ("words are right to {:.1f}, {:.1f} and {:.1f} %", after),
        ("one neuron model end {:.1f}, {:.1f} and {:.1f} points apart", before - after),
        ("are {:.1f} (LIF), {:.1f} (QIF) and {:.1f} (δ-QIF) points below these on", before - after),
    ):
        assert says(SPEAKERS, stated.format(*values))
    gain = [table["qif"] - table["lif"] for table in (before, after)]
    assert says(ANSWERS, f"ahead by [{gain[0]:.1f} points](")
    assert says(ANSWERS, f"and by [{gain[1]:.1f}](")
    validated = [
        validation_of_winners(study).loc[name]
        for study, name in ((FOLDS, "fold2"), (OWN_SPLIT, "own"))
    ]
    apart = 100 * (validated[0] - validated[1])[models]
    assert says(SPEAKERS, "winners are {:.1f}, {:.1f} and {:.1f} points apart".format(*apart))
    runs = pd.read_csv(KEPT / OWN_SPLIT / "training/runs.csv")
    spread = 100 * runs.groupby("neuron")["accuracy_unseen_speakers"].std()
    assert says(SPEAKERS, f"deviations of {spread.min():.1f} to {spread.max():.1f} points here")


def test_settings_that_work_on_a_split_like_shds() -> None:
    own, others = trials(OWN_SPLIT), trials(FOLDS).query("fold == 'fold0'")
    failed = own[own["failed"]]
    assert own["neuron"].value_counts().to_dict() == {"lif": 34, "qif": 32, "qif_delta": 32}
    assert failed["neuron"].value_counts().to_dict() == {"lif": 6, "qif_delta": 4}
    stated = "Of LIF's 34 trials six diverged, of QIF's 32 none, of δ-QIF's 32 four."
    assert says(SPEAKERS, stated)
    names = [name for name in own if name.startswith(("network.", "training."))]
    both = own.merge(others, on=["neuron", *names], suffixes=("", "_before"))
    assert set(both["neuron"].value_counts()) == {16}
    assert set(both["generation"]) == {0}
    again = both[both["failed"] & both["failed_before"]]["neuron"].value_counts()
    assert again.to_dict() == {"lif": 6, "qif_delta": 2}
    winner = yaml.safe_load((KEPT / OWN_SPLIT / "search/qif/0/best.yaml").read_text())["trial"]
    assert winner in set(both["number"])
    assert not pd.read_csv(KEPT / OWN_SPLIT / "search/winners.csv")["at_bound"].any()


def test_who_is_ahead_after_searches_with_delays() -> None:
    gain = 100 * gains(DELAY_LINE)
    lost, won = -gain[gain < 0], gain[gain > 0]
    assert (len(lost), list(won.index)) == (5, ["fold5"])
    assert says(
        DELAYS, f"by {lost.min():.1f} to {lost.max():.1f} points, and on nine of the twelve"
    )
    assert says(DELAYS, f"QIF in fold 5, by {won.iloc[0]:.1f} points")
    speakers = by("speaker", DELAY_LINE, "training/speakers.csv", "accuracy")
    assert (speakers["lif"] > speakers["qif"]).sum() == 9
    winners = validation_of_winners(DELAY_LINE)
    lead = 100 * (winners["lif"] - winners["qif"])
    assert says(DELAYS, f"by {lead.min():.1f} to {lead.max():.1f} points (mean {lead.mean():.1f})")


def test_winners_with_delays_beside_settings_that_were_known() -> None:
    folds, known = (
        by("fold", study, "training/speakers.csv", "accuracy") for study in (DELAY_LINE, BEST_FOLDS)
    )
    for study, sentence in (
        (known, "reach {:.1f} % (LIF) and {:.1f} % (QIF) on the same pairs"),
        (folds, "winners of these searches reach {:.1f} % and {:.1f} %"),
    ):
        assert says(DELAYS, sentence.format(*100 * study[["lif", "qif"]].mean()))
    for neuron, sentence in (
        ("lif", "winners are {:.1f} points below those settings ({} to {} over folds)"),
        ("qif", "QIF's {:.1f} points ({} to {})"),
    ):
        below = known[neuron] - folds[neuron]
        assert says(DELAYS, sentence.format(100 * below.mean(), *map(one_digit, t_interval(below))))
    more = gains(BEST_FOLDS) - gains(DELAY_LINE)
    stated = "{} points more ({} to {})"
    assert says(DELAYS, stated.format(*map(one_digit, (more.mean(), *t_interval(more)))))


def test_settings_that_work_with_delays() -> None:
    table = trials(DELAY_LINE)
    of = table["neuron"].value_counts()
    diverged = table[table["failed"]]["neuron"].value_counts()
    for page, sentence in (
        (DELAYS, "Of LIF's trials {} of {} diverged: "),
        (ANSWERS, "a delay line {} of {} LIF trials diverged, and "),
    ):
        assert says(page, sentence.format(diverged["lif"], of["lif"]))
    everywhere = at_once(trials(DELAY_LINE))["lif"]
    assert says(DELAYS, f"diverged: {everywhere} ran away in every sample of the first batch")
    qif = table[(table["neuron"] == "qif") & table["failed"]]
    assert says(DELAYS, f"Of QIF's {of['qif']} trials {len(qif)} ended within two batches")
    assert qif["presentations"].max() <= 2 * 32
    assert says(ANSWERS, f"LIF trials diverged, and {len(qif)} of QIF's {of['qif']}.")
    lif = table[table["neuron"] == "lif"]
    critical = lif[lif["network.init.recurrent_scale"] > 2 * 2**0.5]
    assert critical["failed"].all()
    assert says(DELAYS, f"All {len(critical)} whose recurrent weights began with a scale")
    assert says(RUNAWAY, f"with a delay line all {len(critical)} LIF trials")
    rungs = pd.read_csv(KEPT / DELAY_LINE / "search/rungs.csv").groupby("neuron")["spearman"]
    medians = rungs.median()
    assert says(DELAYS, f"the median {medians['lif']:.2f} (LIF) and {medians['qif']:.2f} (QIF)")


def test_winners_with_delays_make_fewer_spikes_in_four_folds() -> None:
    spikes = by("fold", DELAY_LINE, "training/runs.csv", "spikes_per_neuron")
    ratio = sorted(spikes["qif"] / spikes["lif"])
    assert ratio[3] < 1 < ratio[4]
    assert says(DELAYS, f"in four folds ({ratio[0]:.2f} to {ratio[3]:.2f} times as many)")
    assert says(DELAYS, f"they make {ratio[5]:.1f} and {ratio[4]:.1f} times as many")


def test_continuity() -> None:
    claims = pd.read_csv(KEPT / FOLDS / "claims.csv")
    jump = claims[claims.id == "lif-discontinuous"].iloc[0]
    smooth = claims[claims.id == "qif-continuous"]
    assert (smooth["estimate"] == 0).all()
    none = f"of {smooth['n'].sum():,.0f} changes around QIF and δ-QIF networks none is a jump"
    assert says(ANSWERS, f"by up to {number(jump['estimate'], 2)} nats; {none}")
    changes = pd.read_parquet(KEPT / FOLDS / "landscape/changes.parquet")
    linger = changes[changes["lingers"] & (changes["search"] == "breaks")]
    moved = (linger["loss_change"].abs() > 1e-9).sum()
    for page in (ANSWERS, SPEAKERS):
        assert says(page, f"At {moved:,} more a spike")
    assert says(SPEAKERS, f"isolated jump is {number(jump['estimate'], 2)} nats; {none}")
    measures = pd.read_csv(KEPT / FOLDS / "landscape/measures.csv")
    trained = measures[measures.state == "trained"].groupby("neuron")["word_unresolved"]
    steep = trained.agg(["mean", "min", "max"]).loc["qif"]
    stated = f"{steep['mean']:.0f} % of what QIF's loss varies by"
    by_network = f"({steep['min']:.0f} to {steep['max']:.0f} % by network)"
    assert says(ANSWERS, stated)
    assert says(ANSWERS, by_network)


def test_minima_without_what_did_not_settle() -> None:
    folder, trained = KEPT / FOLDS / "landscape", "state == 'trained'"
    place = ["neuron", "seed", "direction", "sample"]
    profiles = pd.read_parquet(folder / "profiles.parquet").query(trained)[[*place, "settled"]]
    deep = f"{trained} and depth == 0.01"
    lines = pd.read_parquet(folder / "line_minima.parquet").query(f"{deep} and settled")
    samples = pd.read_parquet(folder / "profile_minima.parquet").query(deep).merge(profiles)
    sums = lines.groupby(["seed", "neuron"])[["minima", "length"]].sum()
    means = samples[samples["settled"]].pivot_table("minima", "seed", "neuron")
    for own, text in (
        ((sums["minima"] / sums["length"]).unstack(), "LIF minus QIF is {} instead of −9.2"),  # noqa: PD010
        (means, "and {} instead of −8.6"),
    ):
        gain = own["lif"] - own["qif"]
        numbers = with_interval(gain.mean(), *t_interval(gain), show=rounded(1))
        assert says(SPEAKERS, text.format(numbers))


def test_silence_with_delays_falls_in_the_first_epoch() -> None:
    """The share of QIF's neurons that are silent for good, and of those that still spiked after
    the first epoch or a later one."""
    for study, stated in ((BEST, "all but 0.5 (0.1 to 0.9)"), (BEST_FOLDS, "0.4 points (0.0 to")):
        folder = KEPT / study / "training"
        silence = pd.read_parquet(folder / "silence.parquet").query("neuron == 'qif'")
        histories = pd.read_parquet(folder / "histories.parquet").query("neuron == 'qif'")
        later = []
        for seed, own in silence.groupby("seed"):
            epochs = histories[(histories["seed"] == seed) & (histories["epoch"] > 0)]
            always = set.intersection(*map(set, epochs["silent_neurons"]))
            fell = own[own["ever_spiked"] & own["silent"] & ~own["woke"]]["unit"]
            later.append(len({*fell} - always) / len(own))
        assert f"{100 * sum(later) / len(later):.1f}" == re.findall(r"\d\.\d", stated)[0]
        assert says(DELAYS, stated)


def test_one_setting_of_each_model_with_delays() -> None:
    assert says(ANSWERS, f"it is {points(gains(BEST_FOLDS).mean())} (")


def test_readme_has_a_row_of_each_study() -> None:
    rows = [
        line.split("|")[2:-1]
        for line in (ROOT / README).read_text().splitlines()
        if line.startswith("| [") and " model" in line
    ]
    for study, (difference, diverged, fewer) in zip(
        (FOLDS, DELAY_LINE, BEST_FOLDS), rows, strict=True
    ):
        gain = gains(study)
        assert difference.strip() == with_interval(gain.mean(), *t_interval(gain), show=points)
        if (KEPT / study / "search").exists():
            table = trials(study).groupby("neuron")["failed"].agg(["sum", "size"])
            lif, qif = ("{} of {}".format(*table.loc[neuron]) for neuron in ("lif", "qif"))
            assert diverged.strip() == f"{lif}, {qif}"
        else:
            assert diverged.strip() == "no search"
        spikes = by("fold", study, "training/runs.csv", "spikes_per_neuron")
        assert fewer.strip() == f"{(spikes['qif'] < spikes['lif']).sum()} of {len(spikes)}"
