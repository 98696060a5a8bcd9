"""Draw single samples around a change: loss, spike times, rasters and potentials."""

from _job import start
from study.config.neurons import NEURON_STYLES
from study.landscape.figures import draw_sides, jump_label, where
from study.storage.tables import read_table
from study.style import NEURON_COLOURS, neuron_label, panels, save

start(snakemake)
changes, losses, spikes, potentials = (
    read_table(snakemake.input[name]) for name in ("changes", "losses", "spikes", "potentials")
)
figure, grid = panels(4, len(changes), (2.6, 2), (0.6, 0))
for column, (_, change) in enumerate(changes.iterrows()):
    neuron, kind = change["neuron"], change["kind"]
    line, fired, trace_of = (
        where(table, neuron=neuron, kind=kind) for table in (losses, spikes, potentials)
    )
    colour = NEURON_COLOURS[neuron]
    loss, times, raster, trace = grid[:, column]
    for side in (line[line["x"] <= 0], line[line["x"] > 0]):
        loss.plot(1e3 * side["x"], side["loss"], color=colour, lw=1)
    loss.set_title(
        f"{neuron_label(neuron)}, {kind}: {change['cause']}\n"
        f"{jump_label(change['loss_jump'])}\n"
        f"spikes: {change['appeared']} new, {change['vanished']} gone, {change['moved']} moved",
        fontsize=8,
    )
    loss.ticklabel_format(axis="y", useOffset=False)
    fired = where(fired, layer=change["layer"])
    own = where(fired, unit=change["unit"])
    moment = 1000 * change["time"]
    window = (moment - 20, moment + 20)
    times.plot(
        1e3 * fired["x"], 1000 * fired["time"], ".", ms=0.8, mew=0, color="0.75", rasterized=True
    )
    times.plot(1e3 * own["x"], 1000 * own["time"], ".", ms=2, mew=0, color=colour)
    times.set(ylim=window)
    for axes in (loss, times):
        axes.axvline(0, color="0.5", lw=0.6, ls=":")
        axes.set_xlim(1e3 * line["x"].min(), 1e3 * line["x"].max())
    times.set_xlabel("distance from the change ($10^{-3}$)")
    draw_sides(raster, fired, change)
    raster.set(xlim=(window[0], window[1] + 80))
    for side, table in trace_of.groupby("side", sort=False):
        shown = table["potential"].where(table["potential"].between(-50, 50))
        style = {"color": "black", "lw": 1.4} if side == "left" else {"color": colour, "lw": 0.9}
        trace.plot(1000 * table["time"], shown, label=f"just {side}", **style)
    trace.axhline(1, color="0.6", lw=0.7, ls="--")
    trace.set(xlim=raster.get_xlim(), ylim=NEURON_STYLES[neuron].limits, xlabel="time (ms)")
    for axes, name in zip(
        grid[:, column],
        ("loss (nats)", "spike times (ms)", "neuron", f"potential of neuron {change['unit']}"),
        strict=True,
    ):
        axes.set_ylabel(name if column == 0 or axes is trace else "")
raster_handles = grid[2, 0].get_legend_handles_labels()
above = {"loc": "lower center", "bbox_to_anchor": (0.5, 0.97), "ncols": 2, "columnspacing": 0.8}
grid[2, 0].legend(*raster_handles, **above)
grid[3, 0].legend(**above)
figure.suptitle(f"{snakemake.params.data}: one training sample around a change of its spikes")
save(figure, snakemake.output)
