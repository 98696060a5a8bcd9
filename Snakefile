# The workflow lives in workflow/Snakefile, where the workflow catalogue looks for it.
include: "workflow/Snakefile"


# An included file cannot set the default target.
rule default:
    default_target: True
    input:
        rules.all.input,
