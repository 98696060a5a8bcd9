# The workflow lives in workflow/Snakefile, where the workflow catalogue looks for it.
include: "workflow/Snakefile"
