"""A catalogue that a seed makes, written in one of many dialects, and mostly spoilt afterwards.

What was written is known, so a whole file must be read as just that. Of a spoilt one, what is taken
must be what pandas reads in the same dialect, or it is refused with words.
"""

import csv
import io
import random
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.table import Table

from lensflow.errors import LensflowError
from lensflow.ingest.catalogue import left_out, read_catalogue
from lensflow.ingest.names import refused_columns
from reliability.outcomes import RIGHT, WRONG, said

KNOWN = ("is_lens", "Einstein_area", "numb_pix_lensed_image", "flux_lensed_image_in_sigma")
INTERNAL = {"Einstein_area": "einstein_area_sr"}
ODD_IDS = (
    "NA",
    "nan",
    "null",
    "None",
    "#5",
    "$x$",
    "007",
    "a b",
    "1e5",
    "-1",
    '"q"',
    "a,b",
    "é",
    "1.5",
)
ODD_NAMES = ("path", "p_lens", "cluster", "ra", "RA", "é", "a/b", "w" * 90, "note", "mag [AB]", "")
TEXTS = (
    "",
    "NA",
    "north",
    "x y",
    '"',
    "a,b",
    "007",
    "12",
    "1.5",
    "nan",
    "é",
    "2684354559999999999",
)
FORMS = ("csv", "csv", "csv", "tsv", "semicolon", "blank", "fits", "ecsv", "votable", "pandas")
DELIMITERS = {"csv": ",", "tsv": "\t", "semicolon": ";", "blank": " ", "pandas": ","}
SUFFIXES = {"fits": "c.fits", "ecsv": "c.ecsv", "votable": "c.vot"}
DAMAGES = ("short", "long", "cut", "twice", "bytes", "zero", "no id", "two ids", "quote", "value")


def table(chance: random.Random) -> pd.DataFrame:
    """Return a catalogue as text, the identifiers first."""
    n_rows = chance.choice([1, 2, 5, 30])
    draw = chance.choice(["numbers", "long", "odd"])
    first = {"numbers": 100_000, "long": 2**61, "odd": 0}[draw]
    ids = [str(first + number) for number in range(n_rows)]
    if draw == "odd":
        odd = chance.sample(ODD_IDS, min(n_rows, len(ODD_IDS)))
        ids = odd + [f"object-{number}" for number in range(n_rows - len(odd))]
    columns = {"id": ids}
    for name in KNOWN:
        values = [_known(name, chance) for _ in ids]
        columns[name] = values
    for name in chance.sample(ODD_NAMES, chance.choice([0, 1, 2, 4])):
        columns[name] = _other(chance, n_rows)
    return pd.DataFrame(columns)


def _known(name: str, chance: random.Random) -> str:
    if chance.random() < 0.1:
        return ""
    if name == "is_lens":
        return chance.choice(["0", "1"])
    return repr(chance.choice([0.0, chance.random(), chance.random() * 1e-10, 171.0]))


def _other(chance: random.Random, n_rows: int) -> list[str]:
    kind = chance.choice(["text", "float", "integer", "long"])
    if kind == "text":
        return [chance.choice(TEXTS) for _ in range(n_rows)]
    if kind == "float":
        return [repr(chance.uniform(-360, 360)) for _ in range(n_rows)]
    base = 10 if kind == "integer" else 2**62
    return [str(base + chance.randrange(100)) for _ in range(n_rows)]


def as_text(rows: pd.DataFrame, form: str, chance: random.Random) -> str:
    """Write a catalogue as text in one of the dialects that people use."""
    if form == "pandas":
        return rows.to_csv(index=chance.random() < 0.5, lineterminator="\n")
    out = io.StringIO()
    quoting = csv.QUOTE_ALL if form == "blank" or chance.random() < 0.3 else csv.QUOTE_MINIMAL
    # A blank stands for any number of blanks, so that there is no empty cell but a quoted one.
    writer = csv.writer(out, delimiter=DELIMITERS[form], quoting=quoting, lineterminator="\n")
    header = [chance.choice([name, name.upper()]) if name == "id" else name for name in rows]
    writer.writerow(header)
    # A row that begins with # is a comment unless it is quoted.
    quoted = csv.writer(out, delimiter=DELIMITERS[form], quoting=csv.QUOTE_ALL, lineterminator="\n")
    for row in rows.to_numpy():
        (quoted if row[0].startswith("#") else writer).writerow(row)
    text = out.getvalue()
    if chance.random() < 0.2:
        text = "# made by a program\n" + text
    return text


def as_binary(rows: pd.DataFrame, form: str, path: Path) -> None:
    """Write a catalogue by astropy: numbers as numbers, so far as a column holds no other."""
    columns = {name: _typed(rows[name]) for name in rows}
    if columns["id"].dtype.kind == "f":
        # An identifier such as 1e5 is a text: as a number it would be another identifier.
        columns["id"] = rows["id"].to_numpy(str)
    Table(columns).write(path, format={"ecsv": "ascii.ecsv"}.get(form, form))


def _typed(column: pd.Series) -> np.ndarray:
    texts = column.tolist()
    if all(text.isdigit() and not (text[0] == "0" and len(text) > 1) for text in texts):
        return np.array([int(text) for text in texts], np.int64)
    try:
        return np.array([float(text) if text else np.nan for text in texts])
    except ValueError:
        return np.array(texts)


def damaged(text: str, how: str, delimiter: str, chance: random.Random) -> bytes:
    """Return the bytes of a text that was spoilt in one way."""
    lines = text.splitlines()
    head = int(lines[0].startswith("#"))
    row = chance.randrange(head + 1, len(lines))
    if how == "short":
        lines[row] = lines[row].rpartition(delimiter)[0]
    elif how == "long":
        lines[row] += f"{delimiter}9{delimiter}9"
    elif how == "twice":
        lines.insert(row, lines[row])
    elif how == "no id":
        lines[head] = lines[head].replace("id", "name", 1).replace("ID", "name", 1)
    elif how == "two ids":
        lines[head] = lines[head].replace("is_lens", "Id", 1)
    elif how == "quote":
        lines[row] = '"' + lines[row]
    elif how == "value":
        lines[row] = lines[row].replace(delimiter, delimiter + chance.choice(["x", "inf", "9"]), 1)
    raw = ("\n".join(lines) + "\n").encode()
    if how == "cut":
        return raw[: chance.randrange(len(raw))]
    if how in ("bytes", "zero"):
        place = chance.randrange(len(raw))
        return raw[:place] + {"bytes": b"\xff\xfe", "zero": b"\0"}[how] + raw[place:]
    return raw


def run(seed: int, folder: Path) -> tuple[str, str]:
    """Make a case, read it, and say what became of it."""
    chance = random.Random(f"catalogue {seed}")
    rows, form = table(chance), chance.choice(FORMS)
    if form in ("pandas", "ecsv"):
        # Neither quotes what would be a comment.
        rows["id"] = rows["id"].str.lstrip("#")
    if form not in DELIMITERS:
        # astropy calls a column without a name by a number, and fields of a VOTable are ASCII.
        rows = rows[[name for name in rows if name and (form != "votable" or name.isascii())]]
    path = folder / SUFFIXES.get(form, "c.csv")
    how = chance.choice(["not"] * 12 + list(DAMAGES)) if form in DELIMITERS else "not"
    if form in DELIMITERS:
        text = as_text(rows, form, chance)
        raw = damaged(text, how, DELIMITERS[form], chance) if how != "not" else text.encode()
        path.write_bytes(_ended(raw, how, chance))
    else:
        try:
            as_binary(rows, form, path)
        except Exception as error:  # the format has no such names or values
            return RIGHT, f"astropy does not write it: {error!r}"
    try:
        read = read_catalogue(path, required=("id",))
    except LensflowError as error:
        has_float_ids = form not in DELIMITERS and _typed(rows["id"]).dtype.kind == "f"
        is_whole = how == "not" and not has_float_ids
        return (WRONG, f"a whole file is refused: {error}") if is_whole else said(error)
    if how == "not":
        return compared(read, rows, form)
    return compared_with_pandas(read, path, DELIMITERS[form], how)


def _ended(raw: bytes, how: str, chance: random.Random) -> bytes:
    """Give a whole text one of the three ends of lines, or a mark of its encoding."""
    if how != "not":
        return raw
    ends = chance.choice([b"\n", b"\n", b"\r\n", b"\r"])
    mark = b"\xef\xbb\xbf" if chance.random() < 0.1 else b""
    return mark + raw.replace(b"\n", ends)


def compared(read: pd.DataFrame, rows: pd.DataFrame, form: str) -> tuple[str, str]:
    """Compare what was read with what was written, column by column."""
    if read["id"].tolist() != rows["id"].tolist():
        return WRONG, f"ids {read['id'].tolist()[:3]}, written were {rows['id'].tolist()[:3]}"
    refused = {name for name, _ in refused_columns([name for name in rows if name != "id"])}
    for name in refused:
        if not any(
            repr(ascii(name)[1:-1]) in text or ascii(name) in text for text in left_out(read)
        ):
            return WRONG, f"the column {name!r} is gone without a word"
    for name in [name for name in rows if name != "id" and name not in refused]:
        written = rows[name] if form in DELIMITERS else _retyped(rows[name])
        if not _same(read[INTERNAL.get(name, name)], written, name):
            return (
                WRONG,
                f"{form} {name}: {read[INTERNAL.get(name, name)].tolist()[:5]}, not "
                + str(rows[name].tolist()[:5]),
            )
    return RIGHT, ""


def _retyped(column: pd.Series) -> pd.Series:
    """Return a column as text of what a table of numbers holds of it."""
    typed = _typed(column)
    if typed.dtype.kind == "f":
        return pd.Series(["" if cell != cell else repr(float(cell)) for cell in typed])
    return pd.Series([str(cell) for cell in typed])


def _same(read: pd.Series, written: pd.Series, name: str) -> bool:
    """Say whether cells are what was written, as numbers where both are."""
    for have, want in zip(read.tolist(), written.tolist(), strict=True):
        if name == "is_lens":
            same = have == (int(float(want)) if want else -1)
        elif isinstance(have, str):
            same = have == want
        elif want in ("", "nan", "NA"):
            same = have != have
        else:
            same = have == (int(want) if want.isdigit() else float(want))
        if not same:
            return False
    return True


def compared_with_pandas(
    read: pd.DataFrame, path: Path, delimiter: str, how: str
) -> tuple[str, str]:
    """Compare the identifiers and the known columns with those that pandas reads as text."""
    if how in ("short", "long", "quote", "no id", "two ids", "bytes", "zero"):
        return WRONG, f"taken, though spoilt: {how}"
    options = {"sep": delimiter, "dtype": str, "keep_default_na": False, "index_col": False}
    theirs = pd.read_csv(path, comment=None, skipinitialspace=True, **options)
    if str(theirs.columns[0]).startswith("#"):
        theirs = pd.read_csv(path, skiprows=1, skipinitialspace=True, **options)
    theirs = theirs.rename(columns={"ID": "id"})
    rows = theirs[
        [not str(line).startswith("#") for line in theirs.iloc[:, 0]]
        | read["id"].str.startswith("#").any()
    ]
    if read["id"].tolist() != rows["id"].str.strip().tolist():
        return WRONG, f"{how}: ids {read['id'].tolist()[:3]}, pandas has {rows['id'].tolist()[:3]}"
    return RIGHT, how
