"""The figures of a published study, drawn again from the tables beside its page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from spikegrad.settings import validate
from study.config.study import Study, merge
from study.parts import pictures
from study.style import drawn, save

REPOSITORY = Path(__file__).parents[3]


def redraw(folder: Path) -> tuple[list[Path], list[Path]]:
    """Draw the figures of the published study in ``folder`` again, in place.

    Returns those that were drawn, and those that were not, since not all their tables are kept.

    Raises
    ------
    ConfigError
        If today's code does not take the study's settings.
    """
    settings_file = min(folder.rglob("study.yaml"), key=lambda file: len(file.parts))
    study = validate(Study, kept_settings(settings_file), where=str(settings_file))
    # The second paper's part is kept alone.
    above = "" if (folder / "training").exists() else "ntk/"
    made = []
    for name, picture in pictures(study).items():
        file = folder / f"{name.removeprefix(above)}.png"
        inputs = {
            own: [str(folder / table.removeprefix(above)) for table in tables]
            for own, tables in picture.inputs.items()
        }
        kept = all(Path(table).exists() for tables in inputs.values() for table in tables)
        if file.exists() and kept:
            save(drawn(picture.functions, inputs, picture.settings), [str(file)])
            made.append(file.relative_to(folder))
    figures = sorted(file.relative_to(folder) for file in folder.rglob("figures/*.png"))
    return sorted(made), [figure for figure in figures if figure not in made]


def kept_settings(file: Path) -> dict[str, Any]:
    """The settings in a study.yaml, with config.yaml's where it has none: an earlier version had
    fewer, and the second paper's part has its own alone."""
    base = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())
    kept = yaml.safe_load(file.read_text())
    models = {name: kept[name] for name in ("neurons", "variants") if name in kept}
    return drop_unknown_keys(merge(base, kept) | models)


def drop_unknown_keys(settings: dict) -> dict:
    """``settings`` of an earlier version without the keys that are constants by now, or gone."""
    left = json.loads(json.dumps(settings, default=str))
    try:
        Study.model_validate_json(json.dumps(left))
    except ValidationError as error:
        for problem in error.errors():
            if problem["type"] == "extra_forbidden":
                *above, key = problem["loc"]
                section: Any = left
                for part in above:  # the choice among sections of several kinds is named, too
                    if isinstance(part, int) or part in section:
                        section = section[part]
                del section[key]
    return left
