"""What is written below figures and tables in the report and on studies' pages, by their names."""

import yaml

from study.storage.provenance import TEMPLATES

CAPTIONS: dict[str, str] = yaml.safe_load((TEMPLATES / "captions.yaml").read_text())
