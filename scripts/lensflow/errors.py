"""The errors that lensflow raises on bad input.

Every message says what was received, what was expected, and how to mend it.
"""


class LensflowError(Exception):
    """Base of every error that a user's input or environment can cause."""


class ConfigError(LensflowError, ValueError):
    """The configuration is wrong: an unknown key or name, or a combination that cannot work."""


class CatalogueError(LensflowError, ValueError):
    """A catalogue cannot be read, or lacks a column, or repeats an identifier."""


class CutoutError(LensflowError, ValueError):
    """One cutout cannot be used; the text is the reason written to ``quarantine.csv``."""


class ArtifactError(LensflowError, OSError):
    """An HDF5 artifact is missing, of another format or version, damaged or locked."""


class TrainingError(LensflowError, RuntimeError):
    """Training went wrong in a way that more epochs will not mend."""


class LabelError(LensflowError, ValueError):
    """A table that a person filled is wrong, or does not fit what it judges."""
