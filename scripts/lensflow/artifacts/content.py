"""The hash over everything in a file: it seals the file and names its content."""

import hashlib
import os
from collections.abc import Mapping

import h5py
import numpy as np

from lensflow.artifacts.checksums import all_checksums
from lensflow.artifacts.failures import damage_named, damaged
from lensflow.artifacts.files import names, root_attribute
from lensflow.artifacts.layout import CHECKSUMS, CONTENT, UNVERIFIED_VERSION

# Files whose hash was compared in this process, by what tells that they are still the same.
_COMPARED: set[tuple] = set()


def content_id(file: h5py.File) -> str:
    """Return what names the content of an open artifact; empty for one without checksums."""
    return str(file.attrs.get(CONTENT, ""))


def seal_content(file: h5py.File, known: Mapping[str, np.ndarray | None]) -> None:
    """Write the checksums of every dataset, ``known`` or read again, and the hash over it all."""
    for name in names(file):
        item = file[name or "/"]
        if isinstance(item, h5py.Dataset):
            found = known.get(name)
            item.attrs[CHECKSUMS] = all_checksums(item) if found is None else found
    file.attrs[CONTENT] = content_hash(file)


def check_content(file: h5py.File) -> None:
    """Compare the hash over a file's names, attributes and checksums."""
    if root_attribute(file, "format_version") == UNVERIFIED_VERSION:
        return
    status = os.stat(file.filename)
    seen = status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
    if seen in _COMPARED:
        return
    with damage_named(file, ""):
        stored, found = file.attrs.get(CONTENT), content_hash(file)
    if stored != found:
        raise damaged(file, "", f"is not what was written ({CONTENT} does not fit)")
    _COMPARED.add(seen)


def content_hash(file: h5py.File) -> str:
    """Return the SHA-256 over all names, types, shapes and attributes, checksums among these."""
    digest = hashlib.sha256()
    for name in names(file):
        item = file[name or "/"]
        digest.update(f"{name}\0{type_of(item)}\0".encode())
        for attribute in sorted(item.attrs):
            if name or attribute != CONTENT:
                value = item.attrs[attribute]
                digest.update(f"{attribute}\0{type_of(value)}\0".encode() + _bytes_of(value))
    return digest.hexdigest()


def type_of(value) -> str:
    """Return the type of an attribute, or the type and shape of a dataset, as one word."""
    if not isinstance(value, h5py.Dataset):
        return "" if isinstance(value, h5py.Group | str) else str(np.asarray(value).dtype)
    text = h5py.check_string_dtype(value.dtype) is not None
    return f"{'str' if text else value.dtype.str}{value.shape}"


def _bytes_of(value) -> bytes:
    if isinstance(value, str):
        return f"{value}\0".encode()
    value = np.asarray(value)
    head = f"{value.shape}\0".encode()
    if value.dtype == object:
        return head + b"".join(_bytes_of(str(each)) for each in value.ravel())
    return head + value.tobytes()
