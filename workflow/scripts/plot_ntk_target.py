"""Draw the function to learn and the training points (arXiv 2405.15539, fig. B.1)."""

import matplotlib.pyplot as plt

from _job import start
from study.ntk.build import SEED
from study.ntk.figures import TRAINING_POINTS, angle_axis
from study.storage.tables import read_table
from study.style import save

start(snakemake)
points = read_table(snakemake.input.problem)
train = points[points.train]
figure, axes = plt.subplots(figsize=(4, 2.8))
axes.plot(points.angle, points.target, color="black", label="target")
axes.plot(train.angle, train.target, **TRAINING_POINTS, label=f"{len(train)} training points")
axes.set_ylabel("target")
angle_axis(axes)
axes.legend()
axes.set_title(f"regression on the unit circle (seed {SEED})")
save(figure, snakemake.output)
