"""Settings of the SG-NTK experiments (arXiv 2405.15539); docs/ntk.md explains them."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, ClassVar, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from spikegrad.settings import Distinct, Section

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class ErfActivation(Section):
    """phi(u) = erf(slope u)."""

    name: Literal["erf"]
    slope: Positive
    """m; the sign function is the limit of large slopes."""


class SignActivation(Section):
    """phi(u) = sign(u)."""

    name: Literal["sign"]


class TrueDerivative(Section):
    """Backpropagation with the activation's own derivative: ordinary gradient descent."""

    name: Literal["true_derivative"]


class ErfSurrogate(Section):
    """psi(u) = erf'(slope u)."""

    name: Literal["erf_derivative"]
    slope: Positive
    """Steepness of the surrogate; it need not be the activation's."""


class IdentitySurrogate(Section):
    """psi(u) = 1."""

    name: Literal["identity"]


class HardTanhSurrogate(Section):
    """psi(u) = 1 where |u| < half_width, else 0."""

    name: Literal["hard_tanh"]
    half_width: Positive
    """Distance from 0 up to which the surrogate passes gradients."""


StepSurrogate = Annotated[
    ErfSurrogate | IdentitySurrogate | HardTanhSurrogate, Field(discriminator="name")
]
Activation = Annotated[ErfActivation | SignActivation, Field(discriminator="name")]
Surrogate = Annotated[
    TrueDerivative | ErfSurrogate | IdentitySurrogate | HardTanhSurrogate,
    Field(discriminator="name"),
]


class Cell(NamedTuple):
    """One activation and width of an experiment, and those of its networks that train together."""

    activation: Activation
    width: int
    networks: range


class _Experiment(Section):
    """Networks trained from several random starts, for each activation and width."""

    activations: ClassVar[tuple[Activation, ...]]

    name: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    """Folder below results/<dataset>/ntk/, where `figures` and `limits` are taken."""
    widths: Annotated[tuple[Count, ...], Field(min_length=1), Distinct]
    """Neurons in each hidden layer, n."""
    n_networks: Annotated[int, Field(ge=2)]
    """Networks of each activation and width."""
    record_steps: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)]
    """Steps of gradient descent after which networks are recorded; the last one ends training."""
    block_size: Count
    """Networks that train together, in batched matrix products. Changes results' last bits."""
    blocks_per_job: Count
    """Blocks that one job trains, one after the other; many for small networks."""

    @model_validator(mode="after")
    def _steps_ascend(self) -> Self:
        if list(self.record_steps) != sorted(set(self.record_steps)) or self.record_steps[-1] < 1:
            raise ValueError("record_steps must ascend, and end above 0")
        return self

    def jobs(self) -> list[list[Cell]]:
        """The blocks of networks to train, in order, as jobs share them out."""
        cells = [
            Cell(activation, width, range(self.n_networks)[first : first + self.block_size])
            for activation in self.activations
            for width in self.widths
            for first in range(0, self.n_networks, self.block_size)
        ]
        size = self.blocks_per_job
        return [cells[i : i + size] for i in range(0, len(cells), size)]


class KernelExperiment(_Experiment):
    """Smooth networks on the circle, whose kernels are recorded."""

    hidden_layers: ClassVar[int] = 2
    output_scale: ClassVar[float] = 1.0
    gaussian_inputs: ClassVar[None] = None
    activations: Annotated[tuple[ErfActivation, ...], Field(min_length=1), Distinct]  # type: ignore[misc]
    """The activations phi; networks of each are trained."""
    surrogate: Annotated[TrueDerivative | ErfSurrogate, Field(discriminator="name")]
    """Stands in for the derivative in backpropagation."""


class Ensemble(_Experiment):
    """Sign networks."""

    activations: ClassVar[tuple[Activation, ...]] = (SignActivation(name="sign"),)
    surrogate: StepSurrogate
    """Stands in for the derivative in backpropagation."""
    hidden_layers: Count
    """Hidden layers; the paper's L is one more."""
    output_scale: Positive = 1.0
    """Factor of the last layer."""
    gaussian_inputs: Count | None = None
    """Dimension of standard normal inputs, of unequal norm, with standard normal targets, in place
    of the problem on the circle."""

    @property
    def in_words(self) -> str:
        """What figures call the experiment."""
        layers = f"{self.hidden_layers} hidden layer{'s' * (self.hidden_layers > 1)}"
        surrogate = self.surrogate.name.replace("_derivative", "′").replace("_", " ")
        scale = "" if self.output_scale == 1 else f", output × {self.output_scale:g}"
        return f"{layers},\n{surrogate} surrogate{scale}"


NTKExperiment = KernelExperiment | Ensemble


class NTKConfig(Section):
    """The surrogate-gradient NTK: kernels, networks, and regression with kernels."""

    kernels: Annotated[tuple[KernelExperiment, ...], Field(min_length=1)]
    """Finite networks' kernels, before, during and after training, beside the analytic ones."""
    ensembles: Annotated[tuple[Ensemble, ...], Field(min_length=1)]
    """Trained networks, beside regression with the SG-NTK and with other kernels."""

    @model_validator(mode="after")
    def _fits_the_figures(self) -> NTKConfig:
        if self.ensembles[0].gaussian_inputs:
            raise ValueError("the first of ensembles is on the circle")
        names = ["figures", "limits", *(e.name for e in self.experiments())]
        repeated = [n for n, k in Counter(names).items() if k > 1]
        if repeated:
            raise ValueError(f"experiments must have names of their own: '{repeated[0]}' is taken")
        return self

    def experiments(self) -> list[NTKExperiment]:
        """All experiments that train networks."""
        return [*self.kernels, *self.ensembles]
