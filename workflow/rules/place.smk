# Where this repository lies; the first file that is included.
import shutil


def on_disk(folder):
    """Where ``folder`` of this repository lies. If the workflow is used by an address, the repository
    is cloned below .snakemake: the workflow imports the packages beside it."""
    if folder.is_local:
        return Path(folder.get_path_or_uri(secret_free=True))
    try:
        fetched = folder.hosted_repo.repo
    except AttributeError:
        raise WorkflowError(
            "this workflow needs its whole repository: give a clone's workflow/Snakefile, or"
            " github(...) or gitlab(...)"
        ) from None
    commit = fetched.commit(folder.ref).hexsha
    clone = Path(".snakemake", "spikegrad", commit).resolve()
    if not clone.exists():
        partial = clone.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        fetched.clone(partial, shared=True, no_checkout=True).git.checkout(commit)
        partial.rename(clone)
    return clone / folder.path


BASE = on_disk(workflow.current_basedir).parent
