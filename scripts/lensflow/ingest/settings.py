"""How cutouts of a dataset are read: of one band, from its configuration and its kind."""

from dataclasses import dataclass

NATIVE_SIZE = 101


@dataclass(frozen=True)
class CutoutSettings:
    """How the files of one dataset, or of one band of it, are read.

    Attributes
    ----------
    hdus : tuple of str, optional
        Names of HDUs (upper case) in order of preference; None takes the first two-dimensional
        image.
    zero_point : float, optional
        AB magnitude of one count, for files whose header has none; where neither is known the flux
        stays in counts.
    denoised : bool
        The images are denoised and in [0, 1]: no zero point is applied, no sky noise is required.
    masked_value : float, optional
        Pixels of this value are missing (100 in the challenge).
    size : int
        Side of the images that come out (pixels).
    reads_headers : bool
        Headers say where an image is on the sky and in which unit; otherwise only a zero point.
    positions : tuple of str
        Which of `lensflow.ingest.positions.SOURCES` to ask for a position, in order.
    normalised : bool
        The images are stretched or normalised and declared so: they have no unit.
    rms_hdus, flag_hdus : tuple of str, optional
        Names of the HDUs of the noise map and of the flags; None where there are none.
    flag_bits : int, optional
        The bits of the flags that say that a pixel has no value; None: all.
    correlated : bool
        Whether to measure how much noise neighbouring pixels share.
    band : str
        Name of the band; "" where a dataset names none.
    is_first : bool
        Whether it is the dataset's first band, on whose pixels the others are brought.
    step : float
        Side of the first band's pixels, in pixels of this one.
    same_area : bool
        Whether the images of all bands show the same part of the sky.
    """

    hdus: tuple[str, ...] | None = None
    zero_point: float | None = None
    denoised: bool = False
    masked_value: float | None = None
    size: int = NATIVE_SIZE
    reads_headers: bool = False
    positions: tuple[str, ...] = ()
    normalised: bool = False
    rms_hdus: tuple[str, ...] | None = None
    flag_hdus: tuple[str, ...] | None = None
    flag_bits: int | None = None
    correlated: bool = False
    band: str = ""
    is_first: bool = True
    step: float = 1.0
    same_area: bool = False

    @property
    def unit(self) -> str:
        """Unit of the flux: without a zero point here, headers decide, file by file."""
        if self.denoised or self.normalised:
            return "1"
        return "AB maggies" if self.zero_point is not None else "AB maggies or counts"
