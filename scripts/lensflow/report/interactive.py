"""Pages on which a person works: one HTML file with its data and scripts, that asks for nothing.

The templates, the style and the scripts lie in ``workflow/report/pages``. Data stand as JSON in a
script element of their own, with every sign escaped that could end it; the scripts put them into
the page as text alone. A content security policy forbids any request.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2

import lensflow
from lensflow.files import writing

PAGES = Path(__file__).resolve().parents[3] / "workflow/report/pages"
SHARED_SCRIPTS = ("pixels", "tables", "store", "keys", "people")
"""What every page uses, in the order in which it is put in front of the page's own script."""


def write_interactive(
    output: Path | str, name: str, title: str, data: Mapping[str, object], scripts: Sequence[str]
) -> None:
    """Write a page.

    Parameters
    ----------
    output : path-like
    name : str
        Its template, ``<name>.html.j2``.
    title : str
    data : mapping
        What the scripts read, as JSON can hold it.
    scripts : sequence of str
        The page's own, beside `SHARED_SCRIPTS`.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(PAGES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    texts = [(PAGES / f"{script}.js").read_text() for script in (*SHARED_SCRIPTS, *scripts)]
    page = environment.get_template(f"{name}.html.j2").render(
        title=title,
        data=data,
        script="\n".join(texts),
        style=(PAGES / "pages.css").read_text(),
        version=lensflow.__version__,
    )
    writing.write_text(output, page)
