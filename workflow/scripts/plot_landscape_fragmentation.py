"""Draw how many minima lines and planes have, by depth."""

from _job import start
from study.landscape.constants import STATES
from study.landscape.figures import density_axis, draw_minima, minima_density
from study.storage.tables import read_table
from study.style import panels, save

log = start(snakemake)
lines, planes = (read_table(snakemake.input[name]) for name in ("lines", "planes"))
rows = {
    "minima per relative distance\non lines": minima_density(lines, "length"),
    "minima per whole plane": minima_density(planes, "area"),
}
figure, grid = panels(len(rows), len(STATES), (2.3, 2.4), (0.8, 0), sharex=True, sharey="row")
for row, (name, density) in zip(grid, rows.items(), strict=True):
    for axes, state in zip(row, STATES, strict=True):
        draw_minima(axes, density[density["state"] == state])
        axes.label_outer()
    density_axis(row[0], density["density"])
    row[0].set_ylabel(name)
for axes, state in zip(grid[0], STATES, strict=True):
    axes.set_title(state)
handles, labels = grid[0, 0].get_legend_handles_labels()
figure.legend(handles, labels, loc="outside upper right", ncols=len(handles))
settled = lines["settled"].mean()
figure.suptitle(
    f"{snakemake.params.data}: minima deeper than a depth; {lines['seed'].nunique()} seeds; "
    f"{settled:.0%} of the lines have settled",
    x=0.01,
    ha="left",
)
save(figure, snakemake.output)
