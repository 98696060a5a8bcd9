"""Draw the kernels' limits as erf_m approaches sign: divergence, convergence, naive regression."""

import matplotlib.pyplot as plt
import numpy as np

from _job import start
from study.ntk import TRUE_DERIVATIVE
from study.ntk.figures import sequence
from study.statistics import last_exponent
from study.storage.tables import read_table
from study.style import save

start(snakemake)
diagonals = read_table(snakemake.input.diagonals)
naive = read_table(snakemake.input.naive_regression)
figure, (divergence, convergence, regression, signs) = plt.subplots(1, 4, figsize=(11, 3))
depths = sequence(sorted(diagonals.depth.unique()))
finite = diagonals[np.isfinite(diagonals.slope)]

for depth, colour in depths.items():
    table = finite[(finite.surrogate == TRUE_DERIVATIVE) & (finite.depth == depth)]
    growth = last_exponent(table.slope, table.kernel)
    label = f"{depth} layers, $m^{{{growth:.2f}}}$"
    divergence.plot(table.slope, table.kernel, "o-", color=colour, markersize=3, label=label)
divergence.set(xscale="log", yscale="log", xlabel="slope $m$", ylabel="$K(x, x)$")
divergence.set_title("NTK diverges")
divergence.legend()

others = [name for name in diagonals.surrogate.unique() if name != TRUE_DERIVATIVE]
for name, style in zip(others, ["o-", "s--", "^:", "v-."], strict=False):
    for depth, colour in depths.items():
        table = diagonals[(diagonals.surrogate == name) & (diagonals.depth == depth)]
        limit = table[np.isinf(table.slope)].kernel.item()
        table = table[np.isfinite(table.slope)]
        convergence.plot(table.slope, limit - table.kernel, style, color=colour, markersize=3)
    convergence.plot([], [], style, color="grey", markersize=3, label=name)
convergence.set(
    xscale="log", yscale="log", xlabel="slope $m$", ylabel=r"$K_\infty(x, x) - K(x, x)$"
)
convergence.set_title("SG-NTK converges")
convergence.legend()

for depth, colour in depths.items():
    table = naive[naive.depth == depth]
    style = {"color": colour, "markersize": 3, "label": f"{depth} layers"}
    regression.plot(table.slope, table.rms, "o-", **style)
    signs.plot(table.slope, 100 * table.same_sign, "o-", **style)
target = naive.rms_target.iloc[0]
regression.axhline(target, color="grey", linewidth=0.8, label="target")
regression.set(xscale="log", yscale="log", xlabel="slope $m$", ylabel="rms off the training points")
regression.set_title("NTK regression vanishes")
regression.legend()
signs.set(xscale="log", xlabel="slope $m$", ylabel="test points (%)")
signs.set_title("its sign is that of $\\sum_i K_\\infty(x, x_i)\\, y_i$")
signs.legend()
save(figure, snakemake.output)
