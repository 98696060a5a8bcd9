# What the rule files share. Functions stand here, apart from rules, as the linter wants.
import locale
import math
import re
import sys
import time

from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config

if (encoding := locale.getpreferredencoding(False).lower()) not in ("utf-8", "utf8"):
    raise WorkflowError(
        f"this shell's locale writes text in {encoding}, files would be read wrongly:"
        " export PYTHONUTF8=1"
    )
# The packages beside this file, whatever this Python has installed.
sys.path[:0] = [str(BASE.parent / "src"), str(BASE)]

from spikegrad.settings import ConfigError, validate
from study.config.overlays import differences, given_twice, layers, of_one_kind
from study.config.search import Halving
from study.config.study import Study
from study.entries import modules_of, sources
from study.parts import (
    claimed,
    ntk_claimed,
    parts,
    pictures,
    run_files,
    shown,
    split_of,
    split_of_seed,
    stage_files,
    trainings,
)
from study.progress import newest
from study.search.job_files import SearchFiles
from study.storage.provenance import code_digest, code_variable, folder_digest

if {"{", "}"} & set(str(BASE)):
    raise WorkflowError(
        f"{BASE.parent}: Snakemake takes braces in a path for variables; rename the folder"
    )
try:
    DEFAULTS = BASE.parent / "config" / "config.yaml"
    if workflow.modifier.skip_configfile:  # a module, with a configuration from outside
        OF_MODULE = {"the module's config": dict(config)}
        LAID = layers(
            [DEFAULTS, *OF_MODULE],
            lambda file: OF_MODULE.get(file) or load_configfile(file),
        )
    else:
        LAID = layers([DEFAULTS, *workflow.overwrite_configfiles], load_configfile)
        LAID["--config"] = workflow.config_settings.config
    config = {}
    for LAYER in LAID.values():
        update_config(config, LAYER)
    STUDY = validate(Study, of_one_kind(config, [*LAID.values()]))
except ConfigError as error:
    raise WorkflowError(str(error)) from None

os.environ.update(STUDY.machines.variables())  # which jobs inherit
if STUDY.machines.container is not None:

    container: STUDY.machines.container


STARTED = time.time()
if workflow.is_main_process:  # jobs parse all this again
    os.environ.update(SPIKEGRAD_STARTED=f"{STARTED}")  # for scripts/_job.py
    for file in [*LAID][:-1]:
        if twice := given_twice(Path(file).read_text()):
            raise WorkflowError(
                f"{file}: '{twice[0]}' stands there twice; make one of both"
            )
    MODELS = {neuron: STUDY.model(neuron).model_dump() for neuron in STUDY.neurons}
    logger.info(differences(MODELS))

RESULTS = f"results/{STUDY.dataset}"
LOGS = f"logs/{STUDY.dataset}"
BENCHMARKS = f"{RESULTS}/benchmarks"
SCRIPTS = BASE / "scripts"
LONGEST = STUDY.machines.job_minutes
TRAININGS, PARTS, PICTURES = trainings(STUDY), parts(STUDY), pictures(STUDY)


if workflow.is_main_process:
    for folder, part in PARTS.items():
        there = Path(RESULTS, folder)
        for table in part.tables.split() if there.exists() else ():
            if not (there / table).exists():
                logger.warning(
                    f"{there} lacks {table}; delete the folder, and snakemake makes it again"
                )


def at(file):
    """A file of the study, in its folder of results."""
    return f"{RESULTS}/{file}"


def all_at(files):
    """Several of these."""
    return [at(file) for file in files]


def any_of(names):
    """A pattern of these names."""
    return "|".join(map(re.escape, names)) or "none"


def code(script, functions=""):
    """A digest of what workflow/scripts/<script> and the modules that it imports do, those of
    ``functions`` among them. An edit makes a job run again, a comment or docstring does not. Jobs
    inherit what it was when they were planned: a process on a node reads the workflow anew.
    """
    modules = modules_of(functions)
    now = code_digest(SCRIPTS / script, *modules)
    if workflow.is_main_process:
        os.environ[code_variable(script, *modules)] = now
    return now


def needs(megabytes, minutes):
    """Memory and wall time, numbers or functions of wildcards, for the first attempt. Both grow
    with each: a cluster stops jobs at their limits. Wall time is at most what the machines allow.
    """

    def grown(limit, wildcards, attempt):
        return attempt * (limit(wildcards) if callable(limit) else limit)

    return {
        "mem_mb": lambda wildcards, attempt: grown(megabytes, wildcards, attempt),
        "runtime": lambda wildcards, attempt: min(
            grown(minutes, wildcards, attempt), LONGEST
        ),
    }


def stage(*folders):
    """All tables and figures of these stages, or of the study."""
    return all_at(stage_files(PARTS, PICTURES, *folders))


def networks_of(seed, file, where="training"):
    """A file of the networks of all neuron models with a seed."""
    return [at(f"{where}/{neuron}/{seed}/{file}") for neuron in STUDY.neurons]


def part_of(wildcards):
    return PARTS[wildcards.part]


def picture_of(wildcards):
    return PICTURES[wildcards.picture]


def given(entry):
    """An entry of study.parts as its script is given it: what a change of repeats the job."""
    inputs = {name: all_at(files) for name, files in entry.inputs.items()}
    return {**entry.work(), "inputs": inputs}
