"""Training of the networks, exact resumption, and inference.

Importing the package loads no Keras, so that `start_backend` can choose the backend before.
"""

from lensflow.networks.runtime import start_backend
from lensflow.training.stops import TrainingInterrupted, job_deadline

__all__ = [
    "TrainingInterrupted",
    "denoise_stack",
    "embed",
    "job_deadline",
    "load_network",
    "reconstruct",
    "start_backend",
    "train_network",
]


def __getattr__(name):
    # Imports, not names of modules: the code hash of a stage follows import statements.
    if name == "train_network":
        from lensflow.training.loop import train_network

        return train_network
    if name in __all__:
        from lensflow.training import inference

        return getattr(inference, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
