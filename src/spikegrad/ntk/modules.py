"""Empirical SG-NTK of any torch module: convolutional, residual, with several outputs, ...

The kernel is J(x) J_psi(x')^T with two Jacobians of one module by its parameters: at x' as
backpropagation computes it, with surrogates; at x as the function has it, with true derivatives.
:class:`SurrogateActivation` marks where the two differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev, vmap

MEMORY = 2**28
"""Bytes that two blocks of Jacobians take together, if ``block_size`` is not given."""

Pointwise = Callable[[Tensor], Tensor]


class SurrogateActivation(nn.Module):
    """An activation that backpropagates with a surrogate in place of its derivative.

    For training as for kernels: autograd, ``torch.func`` and optimisers see the surrogate. Only
    :func:`empirical_sg_ntk` asks for the true derivative, at the points where a network predicts.

    Parameters
    ----------
    activation
        phi: any function of a tensor, element by element, such as ``torch.sign`` or ``Erf(5.0)``.
    surrogate
        psi: likewise, such as ``ErfDerivative(1.0)``.
    derivative
        phi', where autograd does not know it or says 0: for ``torch.sign`` give the surrogate, for
        the two-sided kernel. By autograd of ``activation`` if not given.
    """

    def __init__(
        self, activation: Pointwise, surrogate: Pointwise, derivative: Pointwise | None = None
    ) -> None:
        super().__init__()
        self.activation, self.surrogate, self.derivative = activation, surrogate, derivative
        self.true_derivative = False

    def forward(self, u: Tensor) -> Tensor:
        """phi(u), of any shape."""
        if not self.true_derivative:
            return _Replaced.apply(u, self.activation, self.surrogate)
        if self.derivative is None:
            return self.activation(u)
        return _Replaced.apply(u, self.activation, self.derivative)


class _Replaced(torch.autograd.Function):
    """phi forwards, psi backwards."""

    generate_vmap_rule = True

    @staticmethod
    def forward(u: Tensor, phi: Pointwise, psi: Pointwise) -> Tensor:
        return phi(u)

    @staticmethod
    def setup_context(
        ctx: Any, inputs: tuple[Tensor, Pointwise, Pointwise], output: Tensor
    ) -> None:
        u, _, ctx.psi = inputs
        ctx.save_for_backward(u)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (u,) = ctx.saved_tensors
        return gradient * ctx.psi(u), None, None


def _check_derivatives(module: nn.Module) -> None:
    """Autograd's derivative of a step is 0: no error, and no kernel."""
    probe = torch.linspace(-3, 3, 101).requires_grad_()
    for name, m in module.named_modules():
        if isinstance(m, SurrogateActivation) and m.derivative is None:
            with torch.enable_grad():
                values = m.activation(probe)
            slope = torch.zeros(1)
            if values.requires_grad:
                slope = torch.autograd.grad(values.sum(), probe)[0]
            if not slope.any() and values.unique().numel() > 1:
                raise ValueError(
                    f"{name}: {m.activation} has the derivative 0, and finite networks with it no "
                    "SG-NTK; for the two-sided kernel give the surrogate as `derivative`, too"
                )


@contextmanager
def _true_derivatives(module: nn.Module) -> Iterator[None]:
    marked = [m for m in module.modules() if isinstance(m, SurrogateActivation)]
    try:
        for m in marked:
            m.true_derivative = True
        yield
    finally:
        for m in marked:
            m.true_derivative = False


def empirical_sg_ntk(
    module: nn.Module,
    x: Tensor,
    x_prime: Tensor | None = None,
    *,
    trace_outputs: bool = True,
    block_size: int | None = None,
) -> Tensor:
    """Tangent kernel of ``module`` with the true derivative at ``x``, the surrogate at ``x_prime``.

    Without a :class:`SurrogateActivation` in it, the ordinary empirical NTK. Parameters that do not
    require gradients do not count. The module's own parametrisation counts: for the NTK
    parametrisation of :func:`sg_ntk`, scale weights by 1/sqrt(fan_in) in the forward pass.

    Parameters
    ----------
    module
        Maps [n, ...] to [n] or [n, ...]; samples must not interact (batch norms in ``eval()``).
    x, x_prime
        Inputs [n, ...] and [n', ...]: where the module predicts, and where it is trained. The same
        points if ``x_prime`` is not given.
    trace_outputs
        The mean over outputs of each output with itself, as in neural-tangents; else all pairs.
    block_size
        Inputs whose Jacobians are in memory together; chosen to fit 256 MB if not given.

    Returns
    -------
    Tensor
        [n, n'], or [n, n', outputs, outputs] without ``trace_outputs``; without autograd.

    Raises
    ------
    ValueError
        For inputs that are empty or not finite, a module without trainable parameters, or one whose
        output has no true derivative at ``x`` (sign functions without ``derivative``).
    """
    x_prime = x if x_prime is None else x_prime
    _check_derivatives(module)
    for name, points in (("x", x), ("x_prime", x_prime)):
        if points.ndim < 1 or not len(points):
            raise ValueError(f"{name} is empty: {tuple(points.shape)}")
        if not points.isfinite().all():
            raise ValueError(f"{name} has entries that are not finite")
    trained = {k: p.detach() for k, p in module.named_parameters() if p.requires_grad}
    if not trained:
        raise ValueError("the module has no parameter that requires gradients")
    fixed = {k: p.detach() for k, p in module.named_parameters() if not p.requires_grad}
    fixed |= dict(module.named_buffers())

    def output(parameters: dict[str, Tensor], point: Tensor) -> Tensor:
        return functional_call(module, (parameters, fixed), (point[None],))[0].flatten()

    def jacobian(points: Tensor) -> list[Tensor]:
        tree = vmap(jacrev(output), (None, 0))(trained, points)
        return [leaf.detach().flatten(2) for leaf in tree.values()]

    with torch.no_grad():
        n_outputs = output(trained, x[0]).numel()
    size = sum(p.numel() * p.element_size() for p in trained.values()) * n_outputs
    block = block_size or max(1, MEMORY // (2 * size))
    columns = []
    for part in x_prime.split(block):
        right = jacobian(part)
        with _true_derivatives(module):
            rows = [product(jacobian(rest), right, trace_outputs) for rest in x.split(block)]
        columns.append(torch.cat(rows))
    return torch.cat(columns, dim=1)


def product(left: list[Tensor], right: list[Tensor], trace: bool) -> Tensor:
    """Of Jacobians [n, outputs, parameters] and [n', ...], one pair for each parameter."""
    to = "nm" if trace else "nmop"
    pairs = zip(left, right, strict=True)
    total = sum(torch.einsum(f"nok,m{'o' if trace else 'p'}k->{to}", a, b) for a, b in pairs)
    assert isinstance(total, Tensor)
    return total / left[0].shape[1] if trace else total
