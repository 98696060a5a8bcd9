"""What the study will cost: every job's work, by what an operation takes usually, or here."""

import io
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from snakemake.api import SnakemakeApi
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    OutputSettings,
    Quietness,
    ResourceSettings,
)

from _job import start
from spikegrad.settings import validate
from study.config.study import Study
from study.estimate.report import rule_table, text, wall_table
from study.estimate.seconds import SECONDS, USUAL, Job, job_seconds
from study.estimate.work import work_of
from study.storage.tables import write_table

start(snakemake)


def planned(snakefile, config, families):
    """Every job of the whole study, done or not, as Snakemake itself plans them, in order."""
    output = OutputSettings(quiet={Quietness.ALL}, dryrun=True)
    quiet = io.StringIO()
    with redirect_stdout(quiet), redirect_stderr(quiet), SnakemakeApi(output) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            # The whole study, in place of config.yaml: what it has left out stays out.
            config_settings=ConfigSettings(config=config, replace_workflow_config=True),
            snakefile=Path(snakefile),
        )
        settings = DAGSettings(forceall=True, targets={"all"})
        workflow.dag(settings).execute_workflow(executor="dryrun")
    dag = workflow._workflow.dag
    in_order = [job for level in dag.toposorted() for job in sorted(level, key=str)]
    places = {job: k for k, job in enumerate(in_order)}
    return [
        Job(
            job.rule.name,
            dict(job.wildcards_dict),
            families.get(Path(job.rule.snakefile).stem, "figures"),
            tuple(places[before] for before in dag.dependencies[job]),
        )
        for job in in_order
    ]


params = snakemake.params
study = validate(Study, params.study)
jobs = planned(params.snakefile, params.study, params.families)
rates, begun = SECONDS, USUAL
if params.measured:
    from study.estimate.timing import measure, measure_start  # torch and all else: seconds

    begun = measure_start(study)
    rates = measure(study, begun)
seconds = [job_seconds(work_of(study, job.rule, job.wildcards), rates) for job in jobs]
rules = rule_table(study, jobs, seconds, begun.memory)
walls = wall_table(jobs, seconds, rules["memory_mb"].max(), params.cores)
write_table(rules, params.rules, digits=4)
write_table(walls, params.walls, digits=4)
print(text(study, rules, walls, jobs, seconds, params.measured), flush=True)
