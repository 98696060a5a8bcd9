"""HTML pages of the report: whole in one file, readable without the network."""

from __future__ import annotations

from html import escape

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 66em; margin: 2em auto;
       padding: 0 1.5em; background: #fff; }
h1 { font-size: 1.6em; } h2 { font-size: 1.25em; margin-top: 2em; }
h3 { font-size: 1em; margin: 1.6em 0 0.3em; }
table { border-collapse: collapse; width: 100%; font-size: 0.9em; }
th, td { text-align: left; vertical-align: top; padding: 0.35em 1em 0.35em 0;
         border-bottom: 1px solid #ddd; font-variant-numeric: tabular-nums; }
.claims table { table-layout: fixed; }
.claims th:nth-child(-n+2) { width: 26%; } .claims th:nth-child(4) { width: 8%; }
code, pre { font-size: 0.88em; background: #f4f4f4; overflow-wrap: anywhere; }
pre { padding: 0.8em; overflow-x: auto; }
.verdict { white-space: nowrap; padding: 0.1em 0.6em; border-radius: 0.8em; color: #fff; }
.supported { background: #00734f; } .not { background: #a8480a; } .undecided { background: #666; }
.measurable { background: #666; }
.small { color: #555; font-size: 0.85em; }
"""


def page(title: str, body: str) -> str:
    """A document with the report's style; ``body`` is HTML, ``title`` is text."""
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n{body}\n</body>\n</html>\n"
    )


def table(header: list[str], rows: list[list[str]]) -> str:
    """A table with a line of titles, which are text; ``rows`` hold HTML."""
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "\n".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"
