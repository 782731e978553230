"""Runs the notebook of the analyses, and writes what its charts have drawn: `{"title": [["name", "1.0"]]}`.

`charts.py NOTEBOOK FOLDER` runs it in the folder. The notebook itself knows nothing of this: a cell before its first keeps
the axes that are made, and a cell after its last reads the bars from them, in their order.
"""

import json
import sys
import tempfile
from pathlib import Path

import nbformat
import papermill

KEEP = """
import matplotlib.pyplot as plt

kept = []
subplots = plt.subplots


def keep(*arguments, **options):
    figure, axes = subplots(*arguments, **options)
    kept.append(axes)
    return figure, axes


plt.subplots = keep
"""

TELL = """
import json


def drawn(axes):
    (bars,) = axes.containers
    if bars.orientation == "horizontal":
        names = [label.get_text() for label in axes.get_yticklabels()]
        values = [bar.get_width() for bar in bars]
    else:
        months = [divmod(round(bar.get_x() * 12), 12) for bar in bars]
        names = [f"{year:04}-{month + 1:02}" for year, month in months]
        values = [bar.get_height() for bar in bars]
    return list(zip(names, (repr(float(value)) for value in values), strict=True))


print(json.dumps({axes.get_title(): drawn(axes) for axes in kept}))
"""


def run(notebook: Path, folder: Path) -> nbformat.NotebookNode:
    """The notebook with what its cells have shown."""
    watched = nbformat.read(notebook, nbformat.NO_CONVERT)
    watched.cells.insert(0, nbformat.v4.new_code_cell(KEEP))
    watched.cells.append(nbformat.v4.new_code_cell(TELL))
    with tempfile.TemporaryDirectory() as temporary:
        to_run = Path(temporary, "watched.ipynb")
        nbformat.write(watched, to_run)
        return papermill.execute_notebook(to_run, None, cwd=folder, kernel_name="python3", progress_bar=False)


def main() -> None:
    """Writes what was drawn, if all of it is shown and nothing else."""
    notebook, folder = map(Path, sys.argv[1:])
    *cells, told = (cell for cell in run(notebook, folder).cells if cell.cell_type == "code")
    shown = [output for cell in cells for output in cell.outputs]
    charts = json.loads(told.outputs[0].text)
    pictures = [output for output in shown if "image/svg+xml" in output.get("data", {})]
    if len(pictures) != len(charts) or len(shown) != len(charts):
        sys.exit(f"{len(charts)} charts were made, but {shown} is shown")
    json.dump(charts, sys.stdout)


if __name__ == "__main__":
    main()
