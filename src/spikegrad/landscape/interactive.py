"""Loss surfaces to turn and to read values from, in one HTML file without the network."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from spikegrad.landscape.figures import colour_range

DIV = "landscapes"
"""Name of the element that holds the surfaces."""


def surfaces_page(planes: pd.DataFrame, data: str) -> str:
    """HTML with the neuron models' surfaces side by side, on scales that they share.

    A menu chooses among the planes: state of the network, pair of directions and seed. The
    pointer shows coordinates, loss, accuracy and activity.

    Parameters
    ----------
    planes
        What :func:`surfaces.surface_table` tells of planes.
    data
        Name of the data.
    """
    neurons = list(planes["neuron"].unique())
    figure = make_subplots(
        cols=len(neurons),
        specs=[[{"type": "surface"}] * len(neurons)],
        subplot_titles=[neuron.upper() for neuron in neurons],
        horizontal_spacing=0.02,
    )
    groups = list(planes.groupby(["seed", "direction", "direction2", "state"], sort=False))
    buttons = []
    for number, ((seed, first, second, state), plane) in enumerate(groups):
        low, high = colour_range(plane)
        for column, neuron in enumerate(neurons):
            surface = _surface(plane[plane["neuron"] == neuron], low, high)
            surface.update(visible=number == 0, showscale=column == len(neurons) - 1)
            figure.add_trace(surface, row=1, col=column + 1)
        shown = [k // len(neurons) == number for k in range(len(groups) * len(neurons))]
        scenes = {_scene(k): _axes(first, second, low, high) for k in range(len(neurons))}
        label = f"{state}, {first} and {second}, seed {seed}"
        layout = {f"{scene}.{key}": v for scene, axes in scenes.items() for key, v in axes.items()}
        buttons.append({"label": label, "method": "update", "args": [{"visible": shown}, layout]})
        if number == 0:
            figure.update_layout(scenes)
    figure.update_layout(
        title=f"{data}: loss around LIF and QIF networks; relative distances",
        margin={"l": 0, "r": 0, "b": 0, "t": 90},
        height=640,
        updatemenus=[{"buttons": buttons, "x": 0, "xanchor": "left", "y": 1.12, "yanchor": "top"}],
    )
    return str(figure.to_html(include_plotlyjs=True, div_id=DIV, config={"displaylogo": False}))


def _scene(k: int) -> str:
    return "scene" if k == 0 else f"scene{k + 1}"


def _axes(first: str, second: str, low: float, high: float) -> dict[str, dict]:
    # what lies above the colour scale is cut off: one steep corner would flatten all the rest
    return {
        "xaxis": {"title": {"text": first}},
        "yaxis": {"title": {"text": second}},
        "zaxis": {"title": {"text": "loss (nats)"}, "range": [low, high]},
    }


def _surface(plane: pd.DataFrame, low: float, high: float) -> go.Surface:
    grids = {
        measure: plane.pivot_table(index="y", columns="x", values=measure, dropna=False)
        for measure in ("loss", "accuracy", "spikes_per_neuron")
    }
    accuracy, spikes = (grids[name].to_numpy() for name in ("accuracy", "spikes_per_neuron"))
    text = [
        [f"accuracy {a:.0%}<br>{s:.3g} spikes per neuron" for a, s in zip(*row, strict=True)]
        for row in zip(accuracy, spikes, strict=True)
    ]
    loss = grids["loss"]
    return go.Surface(
        x=loss.columns.to_numpy(),
        y=loss.index.to_numpy(),
        z=loss.to_numpy(),
        text=text,
        hovertemplate="(%{x:.3g}, %{y:.3g})<br>loss %{z:.4g} nats<br>%{text}<extra></extra>",
        colorscale="Viridis",
        cmin=low,
        cmax=high,
        colorbar={"title": {"text": "loss (nats)"}},
    )
