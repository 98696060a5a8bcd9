# What all rule files share: the typed settings, and which library files a script depends on.
from spikegrad.config.base import ConfigError, validate
from spikegrad.config.study import Study
from spikegrad.imports import imported_files

try:
    STUDY = validate(Study, config)
except ConfigError as error:
    raise WorkflowError(str(error)) from None

RESULTS = f"results/{STUDY.dataset}"
SCRIPTS = (
    Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).parent / "scripts"
)
NEURONS = list(STUDY.neurons)
LOGS = f"logs/{STUDY.dataset}"
BENCHMARKS = f"{RESULTS}/benchmarks"


def code(script):
    """The files of src/spikegrad that workflow/scripts/<script> imports, directly or not."""
    return imported_files(SCRIPTS / script)
