"""The variational Gaussian mixture over embeddings (paper section 2.2).

``fit`` gives ``MixtureParameters``: plain numbers that score new embeddings and are stored as HDF5.
Two engines reach the same optimum: ``"scikit-learn"``, the reference, and ``"lensflow"``, faster.
Importing the package loads no scikit-learn, which only a fit needs and which takes long to load.
"""

from lensflow.mixture.parameters import MixtureParameters

__all__ = ["ENGINES", "MixtureParameters", "fit"]


def __getattr__(name):
    if name in __all__:
        # An import, not the name of a module: the code hash of a stage follows import statements.
        from lensflow.mixture import fitting

        return getattr(fitting, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
