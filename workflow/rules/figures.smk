# A rule for each figure that the other files declare.
for FIGURE in FIGURES:

    rule:
        name:
            f"plot_{FIGURE.name}"
        input:
            **FIGURE.inputs,
        output:
            **FIGURE.outputs,
        log:
            f"{LOGS}/figures/{FIGURE.name}.log",
        localrule: True
        params:
            **FIGURE.params,
            code=code(f"plot_{FIGURE.name}.py"),
            figure=FIGURE.name,  # read when the job runs, and FIGURE is the last of them
            data=STUDY.dataset,
        script:
            "../scripts/plot_{params.figure}.py"
