"""From the name of a drawing function, as the table of figures has it, to the function."""

from collections.abc import Callable
from importlib import import_module


def drawing_function(place: str) -> Callable[..., None]:
    """Return the function that ``package.module:function`` names."""
    module, _, function = place.partition(":")
    return getattr(import_module(module), function)
