"""Settings of the SG-NTK experiments (arXiv 2405.15539); docs/ntk.md explains them."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal, NamedTuple

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


class NTKExperiment(Section):
    """Networks trained from several random starts, for each activation and width."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    """Folder below results/<dataset>/ntk/, where `figures`, `limits` and `stability` are taken."""
    activations: Annotated[tuple[Activation, ...], Field(min_length=1), Distinct]
    """The activations phi; networks of each are trained."""
    surrogate: Surrogate
    """Stands in for the derivative in backpropagation."""
    hidden_layers: Count
    """Hidden layers; the paper's L is one more."""
    widths: Annotated[tuple[Count, ...], Field(min_length=1), Distinct]
    """Neurons in each hidden layer, n."""
    n_networks: Annotated[int, Field(ge=2)]
    """Networks of each activation and width."""
    output_scale: Positive = 1.0
    """Factor of the last layer."""
    gaussian_inputs: Count | None = None
    """Dimension of standard normal inputs, of unequal norm, with standard normal targets, in place
    of the problem on the circle."""
    record_steps: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)]
    """Steps of gradient descent after which networks are recorded; the last one ends training."""
    block_size: Count
    """Networks that train together, in batched matrix products. Changes results' last bits."""
    blocks_per_job: Count
    """Blocks that one job trains, one after the other; many for small networks."""

    @model_validator(mode="after")
    def _can_be_trained(self) -> NTKExperiment:
        if list(self.record_steps) != sorted(set(self.record_steps)) or self.record_steps[-1] < 1:
            raise ValueError("record_steps must ascend, and end above 0")
        names = {a.name for a in self.activations}
        if self.surrogate.name == "true_derivative" and "sign" in names:
            raise ValueError("sign networks cannot train with their true_derivative, 0 or infinite")
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


class AnalyticConfig(Section):
    """Limits of infinitely wide networks, from the formulas alone."""

    slopes: Annotated[tuple[Positive, ...], Field(min_length=2), Distinct]
    """Slopes m at which erf_m approaches the sign function."""
    depths: Annotated[tuple[Annotated[int, Field(ge=2)], ...], Field(min_length=1), Distinct]
    """Numbers of dense layers, L."""


class OffCircleConfig(Section):
    """Gaussian inputs of unequal norm, where the SG-NTK of sign networks is asymmetric."""

    n_points: Annotated[int, Field(ge=2)]
    """Inputs, drawn from a standard normal distribution."""
    width: Count
    """Neurons in each of the two hidden layers of the networks whose empirical kernels show the
    asymmetry."""
    n_networks: Annotated[int, Field(ge=2)]
    """Networks over which the empirical kernel is averaged."""


DRIFTING = HardTanhSurrogate(name="hard_tanh", half_width=1.0)
"""Whose networks `drift` trains: few neurons are inside a narrower window."""


class DriftConfig(Section):
    """Sign networks with one hidden layer, trained on the least stable data of a window of width 1
    to both sides."""

    widths: Annotated[tuple[Count, ...], Field(min_length=1), Distinct]
    """Neurons in their hidden layer; the kernel is that of infinitely many."""
    n_networks: Annotated[int, Field(ge=2)]
    """Networks of each width, all trained together."""
    steps: Count
    """Steps of gradient descent, each half as long as makes the largest eigenvalue oscillate."""


class StabilityConfig(Section):
    """A search for data on which gradient flow with the SG-NTK of sign networks diverges."""

    surrogates: Annotated[tuple[StepSurrogate, ...], Field(min_length=1), Distinct]
    """The derivatives in backpropagation; the window whose networks `drift` trains among them."""
    depths: Annotated[tuple[Annotated[int, Field(ge=2)], ...], Field(min_length=1), Distinct]
    """Numbers of dense layers, L; 2 among them, whose networks `drift` trains."""
    n_inputs: Annotated[tuple[Count, ...], Field(min_length=1), Distinct]
    """Dimensions of the inputs."""
    n_draws: Count
    """Random data sets for each surrogate, depth and dimension: of nearly parallel and of
    independent inputs, of equal and of very unequal norms."""
    n_refined: Count
    """Of the least stable ones, how many are made less stable still by a simplex search."""
    evaluations: Count
    """Kernels that one such search may compute."""
    drift: DriftConfig
    """Networks beside the theory."""

    @model_validator(mode="after")
    def _what_drifts_is_searched(self) -> StabilityConfig:
        if 2 not in self.depths:
            raise ValueError("depths must have 2 among them: `drift` trains such networks")
        if DRIFTING not in self.surrogates:
            raise ValueError(f"surrogates must have {DRIFTING!r} among them, for `drift`")
        return self


class NTKProblem(Section):
    """The regression problem of all experiments."""

    n_test: Annotated[int, Field(ge=4, multiple_of=2)]
    """Test angles, equidistant on the circle; even, so that angle 0 is one of them."""
    n_train: Count
    """Training points, drawn from the test angles."""

    @model_validator(mode="after")
    def _training_points_are_test_angles(self) -> NTKProblem:
        if self.n_train > self.n_test:
            raise ValueError("n_train must not exceed n_test: training points are test angles")
        return self


class NTKConfig(Section):
    """The surrogate-gradient NTK: kernels, networks, and regression with kernels."""

    problem: NTKProblem
    """What all experiments share."""
    kernels: Annotated[tuple[NTKExperiment, ...], Field(min_length=1)]
    """Finite networks' kernels, before, during and after training, beside the analytic ones."""
    ensembles: Annotated[tuple[NTKExperiment, ...], Field(min_length=1)]
    """Trained networks, beside regression with the SG-NTK and with other kernels."""
    analytic: AnalyticConfig
    """Limits of steep activations."""
    off_circle: OffCircleConfig
    """Where the SG-NTK is asymmetric."""
    stability: StabilityConfig
    """Where it has eigenvalues with negative real part."""

    @model_validator(mode="after")
    def _fits_the_figures(self) -> NTKConfig:
        if any(e.gaussian_inputs for e in self.kernels) or self.ensembles[0].gaussian_inputs:
            raise ValueError("kernels, and the first of ensembles, are on the circle")
        if any(isinstance(a, SignActivation) for e in self.kernels for a in e.activations):
            raise ValueError("kernels are of smooth networks: activations are erf")
        if any([a.name for a in e.activations] != ["sign"] for e in self.ensembles):
            raise ValueError("ensembles are of sign networks: activations is [{name: sign}]")
        names = ["figures", "limits", "stability", *(e.name for e in self.experiments())]
        repeated = [n for n, k in Counter(names).items() if k > 1]
        if repeated:
            raise ValueError(f"experiments must have names of their own: '{repeated[0]}' is taken")
        return self

    def experiments(self) -> list[NTKExperiment]:
        """All experiments that train networks."""
        return [*self.kernels, *self.ensembles]
