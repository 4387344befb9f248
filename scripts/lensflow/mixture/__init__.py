"""The variational Gaussian mixture over embeddings (paper section 2.2).

``fit`` gives ``MixtureParameters``: plain numbers that score new embeddings and are stored as HDF5.
Two engines reach the same optimum: ``"scikit-learn"``, the reference, and ``"lensflow"``, faster.
"""

from lensflow.mixture.fitting import ENGINES, fit
from lensflow.mixture.parameters import MixtureParameters

__all__ = ["ENGINES", "MixtureParameters", "fit"]
