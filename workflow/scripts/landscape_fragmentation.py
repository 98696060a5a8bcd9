"""Count the minima of lines and planes, by depth."""

from _job import start
from study.landscape.fragmentation import line_minima, plane_minima
from study.storage.tables import read_table, write_table

log = start(snakemake)
lines, planes = (read_table(snakemake.input[name]) for name in ("lines", "planes"))
write_table(line_minima(lines, snakemake.params.depths), snakemake.output.lines)
write_table(plane_minima(planes, snakemake.params.depths), snakemake.output.planes)
