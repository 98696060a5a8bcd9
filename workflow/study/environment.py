"""HTML pages of the report: whole in one file, readable without the network.

Templates escape what they are given.
"""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from study.storage.provenance import TEMPLATES

ENVIRONMENT = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
ENVIRONMENT.policies["json.dumps_kwargs"] = {"separators": (",", ":")}


def render(template: str, **values: Any) -> str:
    """The page of a file in ``templates``, with its style; each has a ``title``."""
    return ENVIRONMENT.get_template(template).render(values)
