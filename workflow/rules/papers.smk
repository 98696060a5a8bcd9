# Figures that compose what several families found, one for each section of the papers.
if len(NEURONS) > 1:  # what compares neuron models
    figure(
        "paper",
        "paper_performance",
        "1: LIF and QIF, performance",
        {
            **pick(rules.summarise.output, "histories", "runs", "speakers"),
            "trials": rules.search_tables.output.trials if STUDY.search else [],
        },
    )
if len(NEURONS) > 1 and LANDSCAPES:
    figure(
        "paper",
        "paper_landscapes",
        "1: LIF and QIF, landscapes",
        {
            **pick(LANDSCAPES, "planes", "lines", "steps", "step_losses"),
            **pick(LANDSCAPES, "line_minima"),
        },
        seed=LANDSCAPE_SEEDS[0],
        pair=STUDY.landscape.planes.directions[0],
        direction=STUDY.landscape.lines.directions[0],
    )
    figure(
        "paper",
        "paper_samples",
        "1: LIF and QIF, single samples",
        {
            **pick(LANDSCAPES, "changes", "census", "census_losses", "profiles"),
            "examples": rules.landscape_examples.output.changes,
            "spikes": rules.landscape_examples.output.spikes,
        },
    )
    figure(
        "paper",
        "paper_surfaces",
        "1: LIF and QIF, surfaces to turn",
        {"planes": LANDSCAPES["planes"]},
        formats=("html",),
        seed=LANDSCAPE_SEEDS[0],
    )
if NTK_NAIVE_KERNELS and NTK_SURROGATE_KERNELS:
    figure(
        "paper",
        "paper_sg_ntk",
        "2: surrogate-gradient NTK",
        {
            "naive_analytic": f"{NTK}/{NTK_NAIVE_KERNELS[0]}/analytic.parquet",
            "surrogate_analytic": f"{NTK}/{NTK_SURROGATE_KERNELS[0]}/analytic.parquet",
            "errors": f"{NTK}/{NTK_SURROGATE_KERNELS[0]}/errors.parquet",
            "networks": ntk_networks(NTK_ENSEMBLES[0]),
            "predictions": NTK_PREDICTIONS.format(experiment=NTK_ENSEMBLES[0]),
            "distances": NTK_DISTANCES.format(experiment=NTK_ENSEMBLES[0]),
            "problem": rules.ntk_limits.output.problem,
        },
        experiment=NTK_ENSEMBLES[0],
    )
