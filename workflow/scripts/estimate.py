"""What the study will cost: all its jobs as Snakemake plans them, by what kept studies took."""

import io
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from snakemake.api import SnakemakeApi
from snakemake.settings import types

from _job import start
from spikegrad.settings import validate
from study.config.study import Study
from study.costs import Work, cost_table, job_seconds, search_rungs, text
from study.parts import parts
from study.storage.tables import write_table

start(snakemake)
params = snakemake.params
study, quiet = validate(Study, params.study), io.StringIO()
output = types.OutputSettings(quiet={types.Quietness.ALL}, dryrun=True)
with redirect_stdout(quiet), redirect_stderr(quiet), SnakemakeApi(output) as api:
    workflow = api.workflow(
        resource_settings=types.ResourceSettings(cores=1),
        # In place of config.yaml: what the study has left out stays out.
        config_settings=types.ConfigSettings(config=params.study, replace_workflow_config=True),
        snakefile=Path(params.snakefile),
    )
    settings = types.DAGSettings(forceall=True, targets={"all"})  # done or not
    workflow.dag(settings).execute_workflow(executor="dryrun")
dag = workflow._workflow.dag
planned = [job for level in dag.toposorted() for job in sorted(level, key=str) if job.output]

entries = parts(study)


def kind_of(job):
    """What study.costs calls such jobs."""
    if job.rule.name in ("measure", "table"):
        return entries[job.wildcards.part].kind
    return f"{job.rule.name} {stage_of(job)}" if job.rule.name == "train" else job.rule.name


def stage_of(job):
    """The first folder of what a job makes."""
    first, *below = Path(job.output[0]).relative_to(f"results/{study.dataset}").parts
    return first if below else "pages"


seconds = job_seconds(study, Counter(map(kind_of, planned)))
works, places = [], {}
for job in planned:
    name, stage = kind_of(job), stage_of(job)
    before = tuple(places[other] for other in dag.dependencies[job])
    if name == "search_best":  # a checkpoint plans the trials
        for jobs, one in search_rungs(study):
            memory = study.search.trials.memory_mb
            works.append(Work(stage, "search_trials", jobs, one, memory, before))
            before = (len(works) - 1,)
    places[job] = len(works)
    works.append(Work(stage, name, 1, seconds[name], job.resources.get("mem_mb") or 0, before))
table = cost_table(works)
write_table(table, params.table, digits=4)
print(text(table, params.cores), flush=True)
