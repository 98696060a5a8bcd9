"""Make a folder of tables, by the functions of its entry in study.parts."""

from pathlib import Path

from _job import start
from study.calls import Given
from study.storage.tables import write_table

start(snakemake)
part, folder = snakemake.params.part, Path(snakemake.output[0])
made = Given(part["inputs"], part["settings"]).tables(part["functions"])
if made.keys() != {Path(table).stem for table in part["tables"].split()}:
    raise ValueError(f"{part['functions']} made {[*made]}, and not {part['tables']}")
folder.mkdir(parents=True, exist_ok=True)
for file in part["tables"].split():
    write_table(made[Path(file).stem], folder / file, part["digits"].get(file))
