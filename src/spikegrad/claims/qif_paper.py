"""Claims of arXiv 2606.03935, with their criteria; docs/claims.md gives the reasons."""

from __future__ import annotations

from collections.abc import Callable

from spikegrad.claims import landscapes, order, performance
from spikegrad.claims.claim import Claim
from spikegrad.claims.comparison import Cases
from spikegrad.claims.estimates import Criterion
from spikegrad.claims.results import Tables
from spikegrad.landscape.constants import JUMP

QIF_PAPER = "2606.03935"

UNITS = 5
"""Fewest searches of each neuron: with 5 beside 5 a permutation test can reach p = 0.008."""
CERTIFIED = 300
"""Fewest isolated changes: if none has a jump, less than 1 % have one, with 95 % confidence."""

OUTPERFORM = (
    "After a thorough hyperparameter search for both, QIF networks perform better than LIF "
    "networks."
)
FRAGMENTED = "Loss landscapes of LIF networks are more fragmented."
ERRATIC = "Gradients of LIF networks are more erratic."
ORDER = "These features arise from changes of the temporal order of spikes."
OFTEN = "Changes of the order of spikes often cause spikes to appear or disappear."
SILENT = (
    "During training neurons of LIF networks fall permanently silent, those of QIF networks do not."
)


def _claim(
    name: str,
    statement: str,
    measure: str,
    criterion: tuple[str, float, int],
    estimate: Callable[[Tables, int], Cases],
) -> Claim:
    return Claim(name, QIF_PAPER, statement, measure, Criterion(*criterion), estimate)


QIF_CLAIMS = (
    _claim(
        "qif-outperforms-lif",
        OUTPERFORM,
        "test accuracy, QIF minus LIF, of the winners of searches of equal size",
        (">", 0.0, UNITS),
        performance.accuracy_gain,
    ),
    _claim(
        "qif-outperforms-lif-at-each-budget",
        OUTPERFORM,
        "expected best validation accuracy of k trials of a search, QIF minus LIF",
        (">", 0.0, UNITS),
        performance.budget_gain,
    ),
    _claim(
        "lif-diverges-more",
        "(Not in the abstract.) Training of LIF networks diverges more often.",
        "share of runs that diverge, LIF minus QIF",
        (">", 0.0, UNITS),
        performance.divergence,
    ),
    _claim(
        "lif-discontinuous",
        "Loss landscapes of LIF networks are discontinuous.",
        "largest jump of a sample's loss, bracketed to 1e-13 of ‖θ‖, LIF (nats)",
        (">", JUMP, 1),
        order.jump_of_lif,
    ),
    _claim(
        "qif-continuous",
        "Loss landscapes of QIF networks are continuous.",
        "largest jump of a sample's loss at isolated changes of the order of spikes, QIF (nats)",
        ("<", JUMP, CERTIFIED),
        order.jumps_of_qif,
    ),
    _claim(
        "lif-varies-by-jumps",
        "Loss landscapes of LIF networks are discontinuous.",
        "share of the total variation of single samples' losses that lies in jumps, LIF minus QIF",
        (">", 0.0, UNITS),
        order.variation_in_jumps,
    ),
    _claim(
        "lif-fragmented-lines",
        FRAGMENTED,
        "minima of the loss on lines per relative distance, LIF minus QIF",
        (">", 0.0, UNITS),
        landscapes.line_minima,
    ),
    _claim(
        "lif-fragmented-planes",
        FRAGMENTED,
        "minima of the loss on planes per relative area, LIF minus QIF",
        (">", 0.0, UNITS),
        landscapes.plane_minima,
    ),
    _claim(
        "lif-fragmented-samples",
        FRAGMENTED,
        "minima of a single sample's loss on a line, LIF minus QIF",
        (">", 0.0, UNITS),
        landscapes.sample_minima,
    ),
    _claim(
        "lif-gradients-mislead",
        ERRATIC,
        "share of the predicted change of loss by which steps of training miss it, LIF minus QIF",
        (">", 0.0, UNITS),
        landscapes.misled,
    ),
    _claim(
        "lif-gradients-turn",
        ERRATIC,
        "cosine between the gradients before and after a step of training, QIF minus LIF",
        (">", 0.0, UNITS),
        landscapes.turned,
    ),
    _claim(
        "lif-gradients-vary",
        ERRATIC,
        "standard deviation of the log10 of the gradient's norm along a step of training, "
        "LIF minus QIF",
        (">", 0.0, UNITS),
        landscapes.varied,
    ),
    _claim(
        "minima-arise-from-order",
        ORDER,
        "of the minima of a LIF network's loss for a sample, the share that go when its jumps at "
        "changes of order are taken out",
        (">", 0.5, UNITS),
        order.minima_by_order,
    ),
    _claim(
        "jumps-are-order-changes",
        ORDER,
        "of the jumps of a LIF network's loss for a sample, the share where spikes, or a spike and "
        "an input, change their order",
        (">", 0.5, UNITS),
        order.jumps_by_order,
    ),
    _claim(
        "order-changes-often-break",
        OFTEN,
        "of the changes of order in LIF networks, the share at which a spike appears, vanishes "
        "or jumps",
        (">", 0.05, UNITS),
        order.breaking,
    ),
    _claim(
        "updates-meet-breaks",
        OFTEN,
        "breaks at changes of order, in all samples of its batch, that an update of a LIF network "
        "meets",
        (">", 1.0, UNITS),
        order.met_by_updates,
    ),
    _claim(
        "jumps-by-disappearance",
        OFTEN,
        "of the changes of order at which a LIF network's loss jumps, the share at which spikes "
        "appear or vanish, rather than move",
        (">", 0.5, UNITS),
        order.disappearances,
    ),
    _claim(
        "disappearances-disrupt",
        "The appearance or disappearance of a spike disrupts the activity that follows.",
        "later spikes that appear, vanish or move by more than 1 ms where a spike of a LIF network "
        "appears or vanishes, minus those at harmless changes",
        (">", 1.0, UNITS),
        order.disruption,
    ),
    _claim(
        "lif-fall-silent",
        SILENT,
        "share of LIF neurons that spiked earlier and fall silent",
        (">", 0.01, UNITS),
        performance.silenced_lif,
    ),
    _claim(
        "qif-stay-active",
        SILENT,
        "share of QIF neurons that spiked earlier and fall silent",
        ("<", 0.01, UNITS),
        performance.silenced_qif,
    ),
    _claim(
        "lif-fall-silent-more",
        SILENT,
        "the same share, LIF minus QIF",
        (">", 0.0, UNITS),
        performance.silenced_more,
    ),
)
