"""Write config/README.md and the comments of config/config.yaml from the models.

Run this module after a change of settings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import Any

import yaml

from spikegrad.settings import Section, validate
from study.config.study import Study

FOLDER = Path(__file__).parents[3] / "config"
FILE, SETTINGS = FOLDER / "README.md", FOLDER / "config.yaml"
MARK = "#: "
"""How generated comments start; comments without the colon are written by hand, and stay."""
HEADER = """# Configuration

`config.yaml` is the full study on SHD; every other file here is laid over it
([which is for what](../docs/usage.md)). Pass one or several with `--configfile`. Each need only
hold what differs. An unknown key, a wrong type or a value out of range stops the workflow before
the first job, with the name of the key.

To change a nested value write a small YAML file and add it as a second `--configfile`;
Snakemake's `--config 'a={b: 1}'` turns numbers into strings, which are refused.

Everything below is generated from the models in `workflow/study/config` by
`python -m study.config.reference`. Times are in seconds.
"""


def reference() -> str:
    """Every key, as Markdown: one table a section."""
    whole = Study.model_json_schema()
    sections = {"(top level)": whole, **whole["$defs"]}
    text = [HEADER]
    for name, section in sections.items():
        if "properties" not in section:
            continue
        text.append(f"\n## {name}\n\n{_one_line(section.get('description', ''))}\n")
        text.append("\n| key | type | default | meaning |\n|---|---|---|---|\n")
        required = section.get("required", [])
        for key, entry in section["properties"].items():
            default = "" if key in required else f"`{json.dumps(entry.get('default'))}`"
            meaning = _one_line(entry.get("description", ""))
            if "plausible" in entry:
                meaning += " Plausible are {:g} to {:g}.".format(*entry["plausible"])
            text.append(f"| `{key}` | {_type(entry)} | {default} | {meaning} |\n")
    return "".join(text)


def _type(entry: dict[str, Any]) -> str:
    """What a value may be, with links to sections and its bounds."""
    if "$ref" in entry:
        name = entry["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    options = entry.get("anyOf") or entry.get("oneOf")
    if options:
        return " or ".join(dict.fromkeys(_type(option) for option in options))
    if "const" in entry:
        return f"`{json.dumps(entry['const'])}`"
    if "enum" in entry:
        return " or ".join(f"`{json.dumps(value)}`" for value in entry["enum"])
    if entry.get("type") == "array":
        item = entry.get("items") or {"type": "any"}
        return f"list of {_type(item)}"
    if entry.get("type") == "object":
        values = entry.get("additionalProperties")
        return f"mapping to {_type(values)}" if isinstance(values, dict) else "mapping"
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    bounds = [f"{sign} {entry[bound]}" for bound, sign in signs.items() if bound in entry]
    return " ".join([entry.get("type", "any"), *bounds])


def commented(text: str) -> str:
    """``text``, a whole configuration as YAML, with the meaning of each key above it.

    A key that several sections have in common is explained once.
    """
    lines = [line for line in text.splitlines() if not line.lstrip().startswith(MARK)]
    bare = "\n".join(lines) + "\n"
    root = yaml.compose(bare, Loader=yaml.SafeLoader)
    meanings = dict(_meanings(root, validate(Study, yaml.safe_load(bare))))
    written, said = [], set()
    for number, line in enumerate(lines):
        key, meaning = meanings.get(number, ("", ""))
        if meaning and (key, meaning) not in said:
            said.add((key, meaning))
            indent = " " * (len(line) - len(line.lstrip())) + MARK
            written += wrap(meaning, 100, initial_indent=indent, subsequent_indent=indent)
        written.append(line)
    return "\n".join(written) + "\n"


def _meanings(node: yaml.Node, value: Any) -> Iterator[tuple[int, tuple[str, str]]]:
    """Line, name and meaning of every key below ``node`` that has a line of its own."""
    if isinstance(node, yaml.SequenceNode):
        for below, entry in zip(node.value, value, strict=True):
            yield from _meanings(below, entry)
    if isinstance(node, yaml.MappingNode) and isinstance(value, Section) and not node.flow_style:
        fields = type(value).model_fields
        for key, below in node.value:
            if key.value in fields:  # YAML's merge key, <<, is none
                text = _one_line(fields[key.value].description or "")
                yield key.start_mark.line, (key.value, text)
                yield from _meanings(below, getattr(value, key.value))


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    FILE.write_text(reference())
    SETTINGS.write_text(commented(SETTINGS.read_text()))
