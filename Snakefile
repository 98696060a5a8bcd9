# The workflow lives in workflow/Snakefile, where the workflow catalogue looks for it.
include: "workflow/Snakefile"


# An included file cannot set the default target.
rule default:
    """The whole study, as all."""
    default_target: True
    input:
        rules.all.input,
