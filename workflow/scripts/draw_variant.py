"""Draw one point of a variant's sequence of hyperparameters."""

import yaml

from _job import start
from spikegrad.files import atomic
from spikegrad.settings import validate
from study.config.search import Sampling
from study.search.sampling import suggest

start(snakemake)
params, number = snakemake.params, int(snakemake.wildcards.draw)
sampling = validate(Sampling, params.sampling)
*_, trial = suggest(sampling, [1], params.seed, number + 1, 0, [])
with atomic(snakemake.output.point) as file:
    file.write_text(yaml.safe_dump({"search": params.search, "parameters": trial.parameters}))
