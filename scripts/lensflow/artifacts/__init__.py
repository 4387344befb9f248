"""Read and write every HDF5 file of the workflow.

Each file says what it is in its root attributes (``format``, ``format_version``, ``creator``,
``creator_version``), each dataset carries ``units`` (ASCII, "1" when it has none) and a
``description``, and nothing depends on the time or the host: the same content gives the same bytes.
Only basic HDF5 is used, so ``h5ls -r`` and TOPCAT open the files too.

A file appears under its name when it is complete: it is written as ``.<name>.partial`` in the same
folder and renamed. Whatever goes wrong is an `ArtifactError` that names the file and the key.

Every byte that means something is checked. A dataset carries ``checksums``, one a block of rows,
that the readers compare with what they read; the root attribute ``content_sha256`` is a hash over
all names, types, shapes, attributes and checksums, compared when a file is opened. It names the
content too: ``origin_<input>`` says by it what an artifact was made of, ``origin_config`` and
``origin_code`` by which parameters and code, ``made_as`` under which name.

    python -m lensflow.artifacts FILE...

says what files hold, where they come from and whether they are intact.
"""

from lensflow.artifacts.columns import append_table, grow_table, read_table, write_table
from lensflow.artifacts.creating import create, seal
from lensflow.artifacts.failures import DAMAGE, writing_to
from lensflow.artifacts.identities import expect, expect_order, identity
from lensflow.artifacts.layout import ALL_ROWS
from lensflow.artifacts.origins import ancestors, content_of, descending, origin
from lensflow.artifacts.reading import Rows, open, peek, read, read_strings, verify
from lensflow.artifacts.writer import Filling, Writer

__all__ = [
    "ALL_ROWS",
    "DAMAGE",
    "Filling",
    "Rows",
    "Writer",
    "ancestors",
    "append_table",
    "content_of",
    "create",
    "descending",
    "expect",
    "expect_order",
    "grow_table",
    "identity",
    "open",
    "origin",
    "peek",
    "read",
    "read_strings",
    "read_table",
    "seal",
    "verify",
    "write_table",
    "writing_to",
]
