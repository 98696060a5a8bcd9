"""Draw how far ensembles' means are from each kernel's prediction: by width and during training."""

from _job import start
from study.ntk import CONVERGENCE, SAME_TIME
from study.ntk.figures import draw_distances, width_axis
from study.storage.tables import read_table
from study.style import panels, save

start(snakemake)
names = snakemake.params.experiments
figure, grid = panels(2, len(names), (2.5, 2.5), (0.6, 0), sharey="row")

for column, (name, file) in enumerate(zip(names, snakemake.input.distances, strict=True)):
    table = read_table(file)
    last, widest = table.step.max(), table.width.max()
    trained = table[(table["at"] == CONVERGENCE) & (table.step == last)]
    draw_distances(grid[0, column], trained, "width")
    during = table[(table["at"] == SAME_TIME) & (table.width == widest) & (table.step > 0)]
    draw_distances(grid[1, column], during, "step")
    grid[0, column].set_title(f"{name.replace('_', ' ')}\n{table.n_networks.max()} networks")
    grid[1, column].set(xscale="log", xlabel=f"steps, $n = {widest}$")
    width_axis(grid[0, column], table.width)
grid[0, 0].set_ylabel("distance of the trained networks'\nmean to kernel regression, rms")
grid[1, 0].set_ylabel("distance to the kernel's gradient\nflow at the same time, rms")
for axes in grid.flat:
    axes.set_ylim(bottom=0)
grid[0, 0].legend()
figure.suptitle(
    "without the noise of finite ensembles;\n"
    f"bars: 95 % bootstrap interval over networks, seed {table.seed.iloc[0]}",
)
save(figure, snakemake.output)
