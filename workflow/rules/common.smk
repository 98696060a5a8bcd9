# What the rule files share. Functions stand here, apart from rules, as the linter wants.
import locale
import math
import sys
import time
from typing import NamedTuple

from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config

BASE = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parent
# The packages beside this file, whatever this Python has installed.
sys.path[:0] = [str(BASE.parent / "src"), str(BASE)]

from spikegrad.settings import ConfigError, validate
from study.config.overlays import (
    differences,
    given_twice,
    hidden,
    layers,
    of_one_kind,
)
from study.config.search import Halving
from study.config.study import Study
from study.storage.provenance import code_digest, code_variable, folder_digest

if {"{", "}"} & set(str(BASE)):
    raise WorkflowError(
        f"{BASE.parent}: Snakemake takes braces in a path for variables; rename the folder"
    )
if (encoding := locale.getpreferredencoding(False).lower()) not in ("utf-8", "utf8"):
    raise WorkflowError(
        f"this shell's locale writes text in {encoding}, files would be read wrongly:"
        " export PYTHONUTF8=1"
    )
try:
    LAID = layers(
        [*workflow.configfiles[-1:], *workflow.overwrite_configfiles], load_configfile
    )
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
    for line in hidden([*LAID.items()]):
        logger.warning(line)
    MODELS = {neuron: STUDY.model(neuron).model_dump() for neuron in STUDY.neurons}
    logger.info(differences(MODELS))

RESULTS = f"results/{STUDY.dataset}"
SCRIPTS = BASE / "scripts"
NEURONS = list(STUDY.neurons)
N_SEARCHES = STUDY.n_searches
LOGS = f"logs/{STUDY.dataset}"
BENCHMARKS = f"{RESULTS}/benchmarks"
LONGEST = STUDY.machines.job_minutes
# Tables of the landscapes by name, and all results, if the study has them: landscape.smk.
LANDSCAPES, LANDSCAPE_RESULTS = {}, []


def code(script, *modules):
    """A digest of what workflow/scripts/<script> and the modules that it imports do, those that its
    params name among them. An edit makes a job run again, a comment or docstring does not. Jobs
    inherit what it was when they were planned: a process on a node reads the workflow anew.
    """

    def found(wildcards):
        now = code_digest(SCRIPTS / script, *modules)
        if workflow.is_main_process:
            os.environ[code_variable(script, *modules)] = now
        return now

    return found


def needs(megabytes, minutes):
    """Memory and wall time, a number or a function of wildcards, for the first attempt. Both grow
    with each: a cluster stops jobs at their limits. Wall time is at most what the machines allow.
    """

    def runtime(wildcards, attempt):
        asked = minutes(wildcards) if callable(minutes) else minutes
        return min(attempt * asked, LONGEST)

    return {
        "mem_mb": lambda wildcards, attempt: attempt * megabytes,
        "runtime": runtime,
    }


class Figure(NamedTuple):
    """A figure that a rule is made of, in figures.smk."""

    family: str
    name: str
    drawn: dict  # what it shows, by the path without a suffix
    inputs: dict
    outputs: dict
    params: dict


FAMILIES = {  # of figures, in the report's order: category there, and folder
    "paper": ("Papers", "figures"),
    "landscape": ("Landscapes", "landscape/figures"),
    "training": ("Training", "training/figures"),
    "search": ("Search", "search/figures"),
    "variants": ("Variants", "variants/figures"),
    "data": ("Data", "data/figures"),
    "ntk": ("SG-NTK", "ntk/figures"),
}
FIGURES = []


def figure(family, name, content, inputs, each=None, formats=("png", "pdf"), **params):
    """Declare a figure, drawn by scripts/plot_<name>.py, with what study.report.captions says of it
    below.

    The script is given the files ``inputs`` by name, the dataset's name and ``params``. With
    ``each`` it draws one figure for each of these names. The report shows the first format.
    """
    _, folder = FAMILIES[family]
    stem = f"{RESULTS}/{folder}/{name.removeprefix(f'{family}_')}"
    drawn = {stem: content}
    if each is not None:
        drawn = {f"{stem}_{one}": f"{content}, {one}" for one in each}
    outputs = {suffix: [f"{path}.{suffix}" for path in drawn] for suffix in formats}
    FIGURES.append(Figure(family, name, drawn, inputs, outputs, params))


def figure_files(*families):
    """All files of figures, of some ``families``."""
    return [
        file
        for one in FIGURES
        if one.family in families
        for files in one.outputs.values()
        for file in files
    ]


def pick(files, *names):
    """Some of a rule's or a family's files, by name."""
    return {name: files[name] for name in names}


def made(places):
    """Those of ``places`` that this run has made, or all if it had nothing to do."""
    there = {
        what: Path(place) for what, place in places.items() if Path(place).exists()
    }

    def newest(place):
        return max(file.stat().st_mtime for file in [place, *place.glob("*")])

    return {w: p for w, p in there.items() if newest(p) >= STARTED} or there


def ntk_networks(*experiments):
    """The files of these experiments' jobs."""
    return [
        f"{RESULTS}/ntk/{name}/networks/{job}.parquet"
        for name in experiments
        for job in range(len(STUDY.ntk.experiment(name).jobs()))
    ]


def ntk_experiment(wildcards):
    return ntk_experiments([wildcards.experiment])[0]


def ntk_experiments(names):
    return [STUDY.ntk.experiment(name).model_dump(mode="json") for name in names]


def each_run(pattern, neurons=NEURONS):
    """A file of every training run, or of those of some models."""
    return expand(pattern, neuron=neurons, seed=STUDY.seeds)


def each_neuron(pattern, neurons=NEURONS):
    """A file of every neuron model, or of some; other wildcards stay."""
    return expand(pattern, neuron=neurons, allow_missing=True)


def each_seed(pattern):
    """A file of every training seed; other wildcards stay."""
    return expand(pattern, seed=STUDY.seeds, allow_missing=True)


def each_job(pattern):
    """A file of every job of the landscapes."""
    seeds, jobs = STUDY.landscape.seeds, range(STUDY.landscape.jobs)
    return expand(pattern, neuron=NEURONS, seed=seeds, job=jobs)


def landscape_settings(*names):
    """Some sections of the landscapes' settings; a change of another one reruns nothing."""
    return STUDY.landscape.model_dump(mode="json", include=set(names))


def roughness_settings(measures):
    """What of these roughness uses, if it is among ``measures``."""
    used = ("samples", "profiles") if "roughness" in measures else ()
    return landscape_settings(*used)


def each_search(pattern, neurons=NEURONS):
    """A file of every neuron model, or of some, and search; without any there is one in each outer
    fold."""
    return expand(pattern, neuron=neurons, repeat=range(N_SEARCHES))


def split_of_search(search):
    """The parts of the samples in the outer fold of a search."""
    return SPLIT.format(fold=STUDY.fold_of(search))


def split_of(wildcards):
    """The same of a job's seed or search."""
    if "seed" in wildcards.keys():
        return split_of_search(STUDY.search_of(int(wildcards.seed)))
    return split_of_search(int(wildcards.repeat))


def of_next_seed(pattern):
    """A file of every neuron model, of the seed that follows a job's own."""
    return lambda wildcards: expand(
        pattern, neuron=NEURONS, seed=STUDY.next_seed(int(wildcards.seed))
    )
