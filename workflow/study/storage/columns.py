"""What the tables of a study hold: each is declared beside the function that makes it.

A page of the documentation and a test gather the declarations. What stands in a call of
Table says nothing to Python, so that a better word reruns no rule
(:mod:`study.storage.provenance`).
"""

from __future__ import annotations

from typing import NamedTuple


class Table(NamedTuple):
    """A table of results."""

    files: tuple[str, ...]  # below results/<dataset>/; * stands for a neuron model, a seed, ...
    says: str  # what it is about, in a sentence
    columns: dict[str, str]  # what each means; * in a name stands for a part of it


def shared(*names: str) -> dict[str, str]:
    """Columns that mean the same in every table, by their ``names``."""
    return {name: EVERYWHERE[name] for name in names}


EVERYWHERE = Table(
    files=(),
    says="Columns that mean the same in every table.",
    columns={
        "accuracy": "share of samples classified right",
        "breaks": "whether a spike appears, vanishes or jumps in time",
        "by": "by how much, channels of 700 or a factor",
        "cause": "why: input swap, spike swap (changes of order), grazing (a potential touches the "
        "threshold), end (a spike crosses the sample's end)",
        "change": "name of the variant",
        "class": "the word",
        "depth": "dense layers of the network",
        "direction": "direction in weight space, as in landscape.directions",
        "epoch": "passes through the training data; 0 is before training",
        "fold": "outer fold; own is the test set that the data come with",
        "gradient_norm": "norm of the gradient, nats per relative distance",
        "layer": "hidden layer, from 1; 0 is the input",
        "length": "relative distance in weight space; 1 is the norm of the network's weights",
        "loss": "mean cross-entropy in nats",
        "n_networks": "networks that the row is about",
        "network": "number of the network",
        "neuron": "neuron model",
        "outcome": "how the run ended; finished, or why it did not",
        "potential": "membrane potential, in units of the threshold",
        "reason": "the message that came with an outcome",
        "same": "share of samples whose answer is that without the change",
        "sample": "number of the sample among the landscape's, or of those drawn",
        "search": "independent search, counted through the folds; without any, the fold's number",
        "seed": "seed of the run; the study's seed in tables of the second paper",
        "silent_fraction": "share of hidden neurons without a spike in any sample",
        "slope": "slope m of the activation erf(m u); infinite is sign",
        "speaker": "who speaks, by number",
        "spikes_per_neuron": "mean over samples and hidden neurons",
        "state": "the network looked at: untrained, equal loss, trained, equal activity",
        "step": "steps of gradient descent",
        "surrogate": "derivative that backpropagation uses",
        "time": "seconds from the sample's start",
        "to": "name of the variant's case",
        "train": "whether the point is one of training",
        "unit": "channel or neuron that spikes, counted within its layer",
        "unseen_speaker": "whether training does not have the speaker",
        "validation_accuracy": "share of validation samples classified right",
        "validation_loss": "mean cross-entropy on validation samples, in nats",
        "width": "neurons in each hidden layer",
        "word": "class of the sample that is drawn",
        "word_minima": "minima of a single sample's loss deeper than 0.01 nats",
        "x": "relative distance from the network along the direction",
    },
).columns
