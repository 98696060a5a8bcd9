"""Statements and claims of arXiv 2606.03935; docs/claims.md gives the reasons."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from study.claims import landscapes, order, performance
from study.claims.claim import CHOSEN, Claim, Statement
from study.claims.estimates import Criterion
from study.landscape.constants import JUMP

UNITS = 5
"""Fewest searches of each neuron: with 5 beside 5 a permutation test can reach p = 0.008."""
CERTIFIED = 300
"""Fewest isolated changes: were they independent, and no jump among them, less than 1 % would jump,
with 95 % confidence."""
MORE = Criterion(">", 0.0, UNITS)
HALF = Criterion(">", 0.5, UNITS)
TRAINED = ("qif: trained, deeper than 0.01 nats",)
FIXED = ("qif: on a fixed batch",)
GOING_ON = "when training goes on"

_statement = partial(Statement, paper="2606.03935")
PERFORMANCE = _statement(
    "performance",
    quote="a clear performance advantage of QIF neurons",
    short="QIF networks perform better",
    text="QIF networks perform better than LIF networks after a thorough search for both",
    unit="points, QIF − LIF",
)
DIVERGENCE = _statement(
    "",
    quote="",
    short="",
    text="(not in the abstract) training of LIF networks diverges more often",
    unit="",
)
CONTINUITY = _statement(
    "continuity",
    quote="the loss landscapes of LIF neurons, which are discontinuous",
    short="LIF's loss jumps, QIF's does not",
    text="the loss of LIF networks is discontinuous, that of QIF networks continuous",
    unit="nats, LIF's largest isolated jump",
)
FRAGMENTATION = _statement(
    "fragmentation",
    quote="appear more fragmented",
    short="LIF's landscapes are more fragmented",
    text="loss landscapes of LIF networks are more fragmented",
    unit="minima per ‖θ‖, LIF − QIF",
)
GRADIENTS = _statement(
    "gradients",
    quote="and the related gradients more erratic",
    short="LIF's gradients are more erratic",
    text="gradients of LIF networks are more erratic",
    unit="in the cosine, QIF − LIF",
)
ORIGIN = _statement(
    "origin",
    quote="these features arise from changes in the temporal order of spikes",
    short="LIF's jumps and minima come from changed spike order",
    text="these features arise from changes of the order of spikes",
    unit="% of LIF's minima go with jumps",
)
APPEARANCE = _statement(
    "appearance",
    quote="which often cause disruptive spike (dis)appearances",
    short="changed spike order often makes spikes come or go",
    text="changes of the order of spikes often make spikes appear or disappear",
    unit="% of changes break a spike",
)
DISRUPTION = _statement(
    "disruption",
    quote="spike (dis)appearances that disrupt subsequent activity",
    short="a LIF spike that comes or goes disrupts",
    text="a spike of a LIF network that appears or disappears disrupts the activity that follows",
    unit="spikes more than at harmless changes",
)
SILENCE = _statement(
    "silence",
    quote="permanently silent neurons during exact spike-based gradient descent",
    short="only LIF's neurons fall silent for good",
    text="during training neurons of LIF networks fall permanently silent, those of QIF networks "
    "do not",
    unit="points, LIF − QIF",
)
QIF_STATEMENTS = (
    PERFORMANCE, CONTINUITY, FRAGMENTATION, GRADIENTS, ORIGIN, APPEARANCE, DISRUPTION, SILENCE,
)  # fmt: skip

QIF_CLAIMS = (
    Claim(
        "qif-outperforms-lif",
        PERFORMANCE,
        "test accuracy, QIF minus LIF, of the winners of searches of equal budget",
        replace(MORE, matters=0.03),
        performance.accuracy_gain,
        (f"qif: {performance.SAME_SPEAKERS} | qif: *speaker*",),  # else every speaker alike
        CHOSEN,
    ),
    Claim(
        "qif-outperforms-lif-at-each-budget",
        PERFORMANCE,
        "expected best validation accuracy at equal shares of the budget, QIF minus LIF",
        MORE,
        performance.budget_gain,
    ),
    Claim(
        "lif-diverges-more",
        DIVERGENCE,
        "share of runs that diverge, LIF minus QIF",
        MORE,
        performance.divergence,
    ),
    Claim(
        "lif-discontinuous",
        CONTINUITY,
        "largest jump of a sample's loss, bracketed to 1e-13 of ‖θ‖, LIF (nats)",
        Criterion(">", JUMP, 1, refuting=CERTIFIED),
        order.jump_of_lif,
        ("all states",),
    ),
    Claim(
        "qif-continuous",
        CONTINUITY,
        "largest jump of a sample's loss at isolated changes of the order of spikes, QIF (nats)",
        Criterion("<", JUMP, CERTIFIED, refuting=1),
        order.jumps_of_qif,
        ("qif: all states",),
    ),
    Claim(
        "lif-varies-by-jumps",
        CONTINUITY,
        "share of the variation of single samples' losses, as far as profiles follow it, that lies "
        "in jumps, LIF minus QIF",
        MORE,
        order.variation_in_jumps,
    ),
    Claim(
        "lif-fragmented-lines",
        FRAGMENTATION,
        "minima of the mean loss per ‖θ‖ along lines, LIF minus QIF",
        MORE,
        landscapes.line_minima,
        TRAINED,
        CHOSEN,
    ),
    Claim(
        "lif-fragmented-planes",
        FRAGMENTATION,
        "minima of the mean loss in a whole plane, LIF minus QIF",
        MORE,
        landscapes.plane_minima,
        TRAINED,
        CHOSEN,
    ),
    Claim(
        "lif-fragmented-samples",
        FRAGMENTATION,
        "minima of a single sample's loss on a line, LIF minus QIF",
        MORE,
        landscapes.sample_minima,
        TRAINED,
        CHOSEN,
    ),
    Claim(
        "lif-gradients-turn",
        GRADIENTS,
        "cosine between the gradients before and after a step of training, QIF minus LIF",
        MORE,
        landscapes.gradient_turn,
        FIXED,
        CHOSEN,
    ),
    Claim(
        "lif-gradients-mislead",
        GRADIENTS,
        "share of the predicted change of loss by which steps of training miss it, LIF minus QIF",
        MORE,
        landscapes.prediction_error,
        FIXED,
        CHOSEN,
    ),
    Claim(
        "lif-gradients-vary",
        GRADIENTS,
        "standard deviation of the log10 of the gradient's norm along a step of training, "
        "LIF minus QIF",
        MORE,
        landscapes.gradient_norm_variation,
        FIXED,
        CHOSEN,
    ),
    Claim(
        "minima-arise-from-order",
        ORIGIN,
        "of the minima of a LIF network's loss for a sample, the share that go when its jumps at "
        "changes of order are taken out",
        HALF,
        order.minima_by_order,
        ("trained, deeper than 0.01 nats",),
        CHOSEN,
    ),
    Claim(
        "jumps-are-order-changes",
        ORIGIN,
        "of the jumps of a LIF network's loss for a sample, the share where spikes, or a spike and "
        "an input, change their order",
        HALF,
        order.jumps_by_order,
        ("trained, by height",),
        CHOSEN,
    ),
    Claim(
        "order-changes-often-break",
        APPEARANCE,
        "of the changes of order in LIF networks, the share at which a spike appears, vanishes "
        "or jumps",
        Criterion(">", 0.05, UNITS),
        order.breaking_share,
        ("trained, inhibition*",),
        CHOSEN,
    ),
    Claim(
        "updates-meet-breaks",
        APPEARANCE,
        "breaks at changes of order, in all samples of its batch, that an update of a LIF network "
        "meets",
        Criterion(">", 1.0, UNITS),
        order.breaks_met_by_updates,
    ),
    Claim(
        "jumps-by-disappearance",
        APPEARANCE,
        "of the changes of order at which a LIF network's loss jumps, the share at which spikes "
        "appear or vanish, rather than move",
        HALF,
        order.disappearances,
        ("trained",),
        CHOSEN,
    ),
    Claim(
        "disappearances-disrupt",
        DISRUPTION,
        "later spikes that appear, vanish or move by more than 1 ms where a spike of a LIF network "
        "appears or vanishes, minus those at harmless changes",
        Criterion(">", 1.0, UNITS),
        order.disruption,
        ("beside harmless changes",),
    ),
    Claim(
        "lif-fall-silent-more",
        SILENCE,
        "share of all neurons that spiked earlier and fall silent, LIF minus QIF",
        MORE,
        performance.silencing_difference,
        (f"qif: {GOING_ON}",),
        CHOSEN,
    ),
    Claim(
        "lif-fall-silent",
        SILENCE,
        "share of all LIF neurons that spiked earlier and fall silent",
        Criterion(">", 0.01, UNITS),
        performance.lif_silencing,
        (GOING_ON,),
        CHOSEN,
    ),
    Claim(
        "qif-stay-active",
        SILENCE,
        "share of all QIF neurons that spiked earlier and fall silent",
        Criterion("<", 0.01, UNITS),
        performance.qif_silencing,
        (f"qif: {GOING_ON}",),
        CHOSEN,
    ),
)
