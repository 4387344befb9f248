"""The numbers of Cheng et al. (2020), each with the place where the paper gives it.

Fractions and areas have no unit. An error is the standard deviation of three runs (section 4.2.1);
None where the paper gives none.
"""

from typing import NamedTuple

from lensflow.evaluate.selection import CUT, UNCUT


class Published(NamedTuple):
    """One number of the paper.

    Attributes
    ----------
    value : float or str
        A text where the paper states a finding without a number.
    error : float or None
    place : str
        Section, table or figure.
    """

    value: float | str
    error: float | None
    place: str


class Entry(NamedTuple):
    """One row of the challenge's table of methods (table 2)."""

    name: str
    author: str
    auc: float
    tpr0: float
    tpr10: float
    description: str


AUC = Published(0.8617, 0.0063, "section 4.2.1")
ACCURACY = Published(0.7725, 0.0048, "section 4.2.1")
TABLE2_TRAINING = {
    "auc": Published(0.87, None, "table 2, last row"),
    "tpr0": Published(0.08, None, "table 2, last row"),
    "tpr10": Published(0.08, None, "table 2, last row"),
}
TABLE2_CHALLENGE = {
    "auc": Published(0.72, None, "table 2"),
    "tpr0": Published(0.00, None, "table 2"),
    "tpr10": Published(0.00, None, "table 2"),
}
AUC_AFTER_CUT = Published(0.83, None, "section 4.2.3, Fig. 16")
STEEP_TPR = {
    UNCUT: Published(0.1, None, "section 4.2.3, Fig. 16, about"),
    CUT: Published(0.2, None, "section 4.2.3, Fig. 16, about"),
}
LENS_SHARE = Published(0.63, None, "section 4.2.1, about")
N_CLUSTERS = 24
CLUSTER_COUNTS = {
    "lens_60": Published(7, None, "section 4.2.1: what remains of 24, one run"),
    "non_lens_60": Published(11, None, "section 4.2.1: 7 and the last four of Fig. 11, one run"),
    "non_lens_70": Published(7, None, "section 4.2.1, one run"),
    "non_lens_90": Published(6, None, "section 4.2.1, one run"),
    "uncertain": Published(6, None, "section 4.2.1, one run"),
}
BEST_FEATURES = Published(24, None, "Fig. 7")
BEST_SCALE = Published("log", None, "Fig. 7")
KNOWN_AGAINST_ASSUMED = Published("close to each other", None, "section 4.1, Fig. 8")
RATIOS_ALIKE = Published("no significant difference", None, "section 4.2.2, Fig. 13")
RARE_ALIKE = Published("consistent", None, "section 4.2.2, Fig. 14")
SOURCE_PURITY = Published(1.0, None, "appendix A: perfectly separated")
BLANK_TOGETHER = Published(1.0, None, "appendix A: all in the first column of Fig. A1")

TABLE1_LENSES = 1168

TABLE2 = (
    Entry("LASTRO EPFL", "Geiger, Schäfer & Kneib", 0.93, 0.00, 0.08, "CNN"),
    Entry(
        "CMU-DeepLens-Resnet",
        "Francois Lanusse, Ma, C. Li & Ravanbakhsh",
        *(0.92, 0.22, 0.29, "CNN"),
    ),
    Entry(
        "GAMOCLASS",
        "Huertas-Company, Tuccillo, Velasco-Forero & Decencière",
        *(0.92, 0.07, 0.36, "CNN"),
    ),
    Entry("CMU-DeepLens-Resnet-Voting", "Ma, Lanusse & C. Li", 0.91, 0.00, 0.01, "CNN"),
    Entry("AstrOmatic", "Bertin", 0.91, 0.00, 0.01, "CNN"),
    Entry("CMU-DeepLens-Resnet-aug", "Ma, Lanusse, Ravanbakhsh & C. Li", 0.91, 0.00, 0.00, "CNN"),
    Entry(
        "Kapteyn Resnet",
        "Petrillo, Tortora, Kleijn, Koopmans & Vernardos",
        *(0.82, 0.00, 0.00, "CNN"),
    ),
    Entry("CAST", "Bom, Valentín & Makler", 0.81, 0.07, 0.12, "CNN"),
    Entry("Manchester1", "Jackson & Tagore", 0.81, 0.01, 0.17, "Human inspection"),
    Entry("Manchester SVM", "Hartley & Flamary", 0.81, 0.03, 0.08, "SVM / Gabor"),
    Entry("NeuralNet2", "Davies & Serjeant", 0.76, 0.00, 0.00, "CNN / wavelets"),
    Entry("YattaLensLite", "Sonnenfeld", 0.76, 0.00, 0.00, "Arcs / SExtractor"),
    Entry(
        "All-now",
        "Avestruz, N. Li & Lightman",
        *(0.73, 0.05, 0.07, "edges/gradients and logistic regression"),
    ),
    Entry("Unsupervised technique", "Cheng et al. (2020)", 0.72, 0.00, 0.00, "Deep clustering"),
    Entry("GAHEC IRAP", "Cabanac", 0.66, 0.00, 0.01, "arc finder"),
)
TABLE2_STARRED = Entry(
    "*Unsupervised technique",
    "Cheng et al. (2020), training set",
    *(0.87, 0.08, 0.08, "Deep clustering"),
)
