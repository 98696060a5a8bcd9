"""Draw delays before training and after it."""

from _job import start
from study.storage.tables import read_table
from study.style import save
from study.training.figures import draw_delays

start(snakemake)
table = read_table(snakemake.input.delays)
figure = draw_delays(table)
seeds = table["seed"].nunique()
figure.suptitle(f"{snakemake.params.data}: delays of {seeds} networks of each neuron model")
save(figure, snakemake.output)
