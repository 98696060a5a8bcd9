"""Count the minima of lines and planes, by depth."""

from _job import start
from study.landscape.fragmentation import line_minima, plane_minima
from study.storage.tables import read_table, write_table

log = start(snakemake)
depths, tolerance = snakemake.params.depths, snakemake.params.tolerance
tables = {
    snakemake.output.lines: line_minima(read_table(snakemake.input.lines), depths, tolerance),
    snakemake.output.planes: plane_minima(read_table(snakemake.input.planes), depths),
}
for name, table in tables.items():
    write_table(table, name)
