"""``python -m study.config.schema FILE`` writes a JSON schema of study files, for editors."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from study.config.overlays import BASED_ON
from study.config.study import Study


def schema() -> dict[str, Any]:
    """Of any part of a study's settings: a file holds what differs from those that it is laid over.

    So no key is required, and a section need not say of which of several kinds it is.
    """
    whole = _partial(Study.model_json_schema())
    neurons = whole["properties"]["neurons"]
    neurons["additionalProperties"] = {"anyOf": [neurons["additionalProperties"], {"type": "null"}]}
    paths = {"type": "array", "items": {"type": "string"}}
    whole["properties"][BASED_ON] = {
        "anyOf": [{"type": "string"}, paths],
        "description": "The file that this one is laid over, from its own folder, or several.",
    }
    return whole


def _partial(part: Any) -> Any:
    if isinstance(part, dict):
        names = {"oneOf": "anyOf"}
        left = part.keys() - {"required", "discriminator"}
        return {names.get(key, key): _partial(part[key]) for key in part if key in left}
    return [_partial(own) for own in part] if isinstance(part, list) else part


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(schema(), indent=1))
