"""What the commands of all studies have in common: how they say what went wrong."""

import sys
from collections.abc import Callable
from functools import wraps

from lensflow.errors import LensflowError


def command(main: Callable[[], None]) -> Callable[[], None]:
    """Have a command say in words what a user's input or files caused, and end with status 1.

    Anything else is a mistake of ours and keeps its traceback.

    Parameters
    ----------
    main : callable
        Reads the command line and does what it says; raises a `LensflowError` on bad input.

    Returns
    -------
    callable
        The same; in place of such an error it prints kind and words to the standard error, and
        raises `SystemExit`.
    """

    @wraps(main)
    def in_words() -> None:
        try:
            main()
        except LensflowError as error:
            sys.exit(f"{type(error).__name__}: {error}")

    return in_words
