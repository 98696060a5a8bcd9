# What the rule files share. Functions stand here, apart from rules, as the linter wants.
from snakemake.common.configfile import load_configfile

from spikegrad.config.base import ConfigError, validate
from spikegrad.config.overlays import differences, hidden
from spikegrad.config.study import Study
from spikegrad.storage.provenance import code_digest

try:
    STUDY = validate(Study, config)
except ConfigError as error:
    raise WorkflowError(str(error)) from None

if workflow.is_main_process:  # jobs parse all this again
    LAID = [*workflow.configfiles[-1:], *workflow.overwrite_configfiles]
    LAID = [(os.path.relpath(file), load_configfile(file)) for file in LAID]
    for line in hidden([*LAID, ("--config", workflow.config_settings.config)]):
        logger.warning(line)
    MODELS = {neuron: STUDY.model(neuron).model_dump() for neuron in STUDY.neurons}
    logger.info(f"The neuron models differ in: {differences(MODELS)}")

RESULTS = f"results/{STUDY.dataset}"
SCRIPTS = (
    Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parent / "scripts"
)
NEURONS = list(STUDY.neurons)
LOGS = f"logs/{STUDY.dataset}"
BENCHMARKS = f"{RESULTS}/benchmarks"


def code(script):
    """A digest of what workflow/scripts/<script> and the modules that it imports do. An edit of
    them makes a job run again, a comment or docstring does not."""
    return lambda wildcards: code_digest(SCRIPTS / script)


def growing(amount):
    """A resource that grows with each attempt, for jobs that a cluster stopped at their limit."""
    return lambda wildcards, attempt: amount * attempt


def report_figure(path, caption, category, content):
    """A file of the report, with workflow/report/<caption>.rst below it."""
    caption = f"../report/{caption}.rst"
    return report(path, caption=caption, category=category, labels={"content": content})


def ntk_networks(experiment):
    """The files of an experiment's jobs; pandas reads their folder as one table."""
    jobs = range(len(STUDY.ntk.experiment(experiment).jobs()))
    return [f"{RESULTS}/ntk/{experiment}/networks/{job}.parquet" for job in jobs]


def ntk_experiment(wildcards):
    return STUDY.ntk.experiment(wildcards.experiment).model_dump(mode="json")


def ntk_figure(name, content):
    """A figure of the report, with the caption of its family."""
    family = name.split("_{experiment}")[0]
    path = f"{RESULTS}/ntk/figures/{name}.png"
    return report_figure(path, f"ntk_{family}", "SG-NTK", content)


def landscape_settings(*names):
    """Some sections of the landscapes' settings; a change of another one reruns nothing."""
    return STUDY.landscape.model_dump(mode="json", include=set(names))


def next_seed(wildcards):
    return STUDY.next_seed(int(wildcards.seed))
