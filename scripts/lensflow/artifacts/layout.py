"""How an artifact is laid out: its version, its chunks, the names of its own attributes."""

FORMAT_VERSION = 2

UNVERIFIED_VERSION = 1
"""Files of this version carry no checksums; they are read all the same."""

CHUNK_BYTES = 512 * 1024
# Of a column: a chunk is compressed and read as a whole, however few of its rows are there.
COLUMN_ROWS = 2048

CHECKSUMS = "checksums"
CONTENT = "content_sha256"
ORIGIN = "origin_"

ALL_ROWS = slice(None)
