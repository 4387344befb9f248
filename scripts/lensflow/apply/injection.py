"""Stage: put lensed sources into the images of a dataset, to say how complete a search in it is.

The galaxy, its surroundings and the noise are the dataset's own; what is simulated is the mass and
the light of the source. What comes out are image shards like those that were ingested: they go the
way of these, but into no training. Of several bands the source is drawn in the first as of a single
one, and the same light is seen in the others: behind the same mass, through each band's own
point-spread function, as bright as its colours say.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import NamedTuple

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from lensflow import artifacts
from lensflow.apply.known import mark_known
from lensflow.errors import ConfigError
from lensflow.ingest.bands import of_band
from lensflow.ingest.positions import SCALE_TOLERANCE, pixel_scales
from lensflow.ingest.shards import begin_pixels
from lensflow.prepare.flux import CHUNK, flux_blocks
from lensflow.samples.bands import bands_attribute, first_band, first_of_bands, gathered
from lensflow.samples.images import check_images, open_images, read_index
from lensflow.samples.injected import COLUMNS, GALAXY, MAGNITUDE, SOURCE_FLUX
from lensflow.samples.rows import RADIUS
from lensflow.seeds import rng
from lensflow.simulate.bands import draw_colours
from lensflow.simulate.camera import Camera
from lensflow.simulate.constants import SIZE
from lensflow.simulate.injection import Injected, draw_injected, with_shot_noise
from lensflow.simulate.population import load
from lensflow.simulate.shapes import Shape, measure, most_lens_like

MAGGIES = "AB maggies"

logger = logging.getLogger(__name__)


def inject_sources(
    index: str | PathLike,
    images: Sequence[str | PathLike],
    output: str | PathLike,
    name: str,
    shard: int,
    settings: Mapping,
    seed: int,
    known_lenses: str | PathLike | None = None,
    match_radius: float | None = None,
) -> None:
    """Write one shard of images with a lensed source in each.

    Source k depends on the dataset, the settings, the seed and k alone.

    Parameters
    ----------
    index : path-like
        ``index.h5`` of the dataset. Objects that are known to be lenses, or whose Einstein radius
        is known and leaves the cutout, get no source.
    images : sequence of path-like
        All its image shards, in order.
    output : path-like
        Image shard to write: ``flux``, ``source_flux`` (what is seen of the source, noise free),
        ``sky_sigma``, ``id`` and the catalogue `COLUMNS`, whose fluxes, pixels and magnitudes are
        those of the first band.
    name : str
        What the dataset with the sources in it is called.
    shard : int
        Which shard.
    settings : mapping
        Of the dataset's ``completeness``: n, shards, pixel_scale, psf_fwhm, population,
        galaxy_draws, sky_electrons, source_colours. Of several bands, whose images are all in AB
        maggies, psf_fwhm and sky_electrons may be numbers by band, and source_colours are AB
        magnitudes in the first band less those in each other one; None takes those of
        `lensflow.simulate.bands`.
    seed : int
    known_lenses : path-like, optional
        Table of known lenses; the objects that `lensflow.apply.known.mark_known` finds there get no
        source either.
    match_radius : float, optional
        Distance within which an object is one of them, in arcsec.

    Raises
    ------
    ConfigError
        When no object can get a source, or the images' WCS has another pixel scale.
    ArtifactError
        When index and images do not belong together.
    """
    check_images(index, images)
    with open_images(images[0]) as file:
        unit, bands = file.unit, file.bands
    injector = Injector(settings, seed, bands)
    objects = _galaxies(index, injector.camera, known_lenses, match_radius)
    _check_scale(images, objects, settings["pixel_scale"])
    n, n_shards = settings["n"], settings["shards"]
    numbers = range(shard * n // n_shards, (shard + 1) * n // n_shards)
    attrs = {"dataset": name, "state": "raw", "shard": shard, **bands_attribute(bands)}
    # The sums of a matrix product depend on how many threads share it.
    with artifacts.create(output, "images", attrs) as writer, threadpool_limits(1, "blas"):
        _begin(writer, unit, bands)
        for block in injector.blocks(numbers):
            drawn = objects.iloc[injector.draw(block, len(objects))].reset_index(drop=True)
            flux = np.concatenate([part for _, part in flux_blocks(drawn, images)])
            _append(writer, [*injector.inject(block, drawn, flux)], unit)
    logger.info("put sources into %d images, of %d objects", len(numbers), len(objects))


class Filled(NamedTuple):
    """One image with a source in it.

    Attributes
    ----------
    flux, source : numpy.ndarray of shape (side, side) or (band, side, side)
        The image, and what is seen of the source without noise, in the unit of the dataset.
    sky_sigma : numpy.ndarray of shape () or (band,)
        Noise of the sky, in that unit.
    row : dict
        id and `COLUMNS` but for the magnitude.
    """

    flux: np.ndarray
    source: np.ndarray
    sky_sigma: np.ndarray
    row: dict


@dataclass(frozen=True)
class Injector:
    """What is put where.

    Attributes
    ----------
    settings : mapping
        As for `inject_sources`.
    seed : int
    bands : tuple of str
        Names of several bands, in order; none of a single one.
    """

    settings: Mapping
    seed: int
    bands: tuple[str, ...] = ()

    @property
    def camera(self) -> Camera:
        """The camera of the dataset, in its first band."""
        return self.camera_of(self.bands[0] if self.bands else "")

    def camera_of(self, band: str) -> Camera:
        """Return the camera of a band, whose pixels are those of the first."""
        fwhm = of_band(self.settings["psf_fwhm"], band)
        return Camera.of_fwhm(self.settings["pixel_scale"], fwhm)

    @property
    def draws(self) -> int:
        """Objects of which one is chosen as the lens galaxy."""
        return self.settings["galaxy_draws"]

    def blocks(self, numbers: range) -> Iterator[range]:
        """Yield parts of the numbers for which the images that are needed fit in memory."""
        step = max(1, CHUNK // self.draws)
        for start in range(0, len(numbers), step):
            yield numbers[start : start + step]

    def draw(self, numbers: range, n_objects: int) -> np.ndarray:
        """Return the places of the objects that are drawn for some sources, ``draws`` for each."""
        places = [
            rng(self.seed, "injection", "galaxy", number).integers(n_objects, size=self.draws)
            for number in numbers
        ]
        return np.concatenate(places)

    def inject(self, numbers: range, drawn: pd.DataFrame, flux: np.ndarray) -> Iterator[Filled]:
        """Yield the image of each number with its source in it.

        Parameters
        ----------
        numbers : range
        drawn : DataFrame
            id, sky_sigma and Einstein radius (NaN where unknown) of what `draw` drew for them.
        flux : ndarray of shape (len(drawn), side, side) or (len(drawn), band, side, side)
            Its images. The galaxy is chosen by the first band.
        """
        looked_at, noise = first_band(flux), gathered(drawn, "sky_sigma")
        for number, start in zip(numbers, range(0, len(drawn), self.draws), strict=True):
            shapes = [measure(each, self.camera) for each in looked_at[start : start + self.draws]]
            best = most_lens_like(shapes)
            place = start + best
            galaxy = drawn.iloc[place]
            yield self._fill(number, galaxy, shapes[best], flux[place], noise[place])

    def _fill(
        self, number: int, galaxy: pd.Series, shape: Shape, image: np.ndarray, noise: np.ndarray
    ) -> Filled:
        random = rng(self.seed, "injection", self.settings["population"], number)
        population, known = load(self.settings["population"]), galaxy[RADIUS]
        theta_e = None if np.isnan(known) else float(known)
        one = draw_injected(random, population, shape, self.camera, theta_e)
        source = np.stack([one.image, *self._in_other_bands(number, one, noise)])
        seen = self._with_noise(number, source, random)
        source, seen = (each.reshape(image.shape) for each in (source, seen))
        sky_sigma = np.asarray(noise, "f4")
        factor = sky_sigma[..., None, None]
        row = {"id": f"injected_{number}", GALAXY: galaxy["id"], **_measured(one)}
        return Filled(image + factor * seen, factor * source, sky_sigma, row)

    def _in_other_bands(
        self, number: int, one: Injected, noise: np.ndarray
    ) -> Iterator[np.ndarray]:
        """Yield the source in the bands beside the first, each in the sky sigma of the band."""
        colours = self._colours(number) if self.bands else {}
        for band, sigma in zip(self.bands[1:], np.ravel(noise)[1:], strict=True):
            brightness = 10.0 ** (0.4 * colours[band]) * noise[0] / sigma
            yield one.seen_by(self.camera_of(band)) * np.float32(brightness)

    def _colours(self, number: int) -> Mapping[str, float]:
        """Return the AB magnitude of a source in the first band less that in each other one."""
        given = self.settings["source_colours"]
        random = rng(self.seed, "injection", "age of source", number)
        return draw_colours("source", self.bands, random) if given is None else given

    def _with_noise(self, number: int, source: np.ndarray, random) -> np.ndarray:
        """Return the source of each band with the noise of its own light, where that is known."""
        electrons = self.settings["sky_electrons"]
        if electrons is None:
            return source
        others = [rng(self.seed, "injection", "noise", number, band) for band in self.bands[1:]]
        # The first band is as it is by itself.
        randoms, bands = [random, *others], self.bands or ("",)
        noisy = [
            with_shot_noise(each, image, of_band(electrons, band))
            for each, image, band in zip(randoms, source, bands, strict=True)
        ]
        return np.stack(noisy)


def _measured(one: Injected) -> dict[str, float]:
    """Return what the catalogue says of a source, counted as in the challenge's: in one band."""
    bright = one.image[one.image > 1.0].astype("f8")
    return {
        "is_lens": 1,
        RADIUS: one.theta_e,
        "numb_pix_lensed_image": float(bright.size),
        "flux_lensed_image_in_sigma": float(bright.sum()),
        SOURCE_FLUX: one.source_flux,
    }


def _galaxies(
    index: str | PathLike,
    camera: Camera,
    known_lenses: str | PathLike | None,
    match_radius: float | None,
) -> pd.DataFrame:
    """Return id, shard, row, sky_sigma and Einstein radius of what sources may be put behind.

    Of several bands there is a sky_sigma each, as `lensflow.samples.bands.spread` makes them. A
    radius that is not positive is not known: NaN.
    """
    where = ["shard", "row", "sky_sigma"]
    table = read_index(index, where, ["is_lens", RADIUS], optional=("ra", "dec"))
    if known_lenses is not None:
        marked = mark_known(table, known_lenses, match_radius)
        table = table[marked["known_lens_arcsec"].isna()]
    table[RADIUS] = table[RADIUS].where(table[RADIUS] > 0)
    table = table[(table["is_lens"] != 1) & ~(table[RADIUS] >= camera.half_field)]
    if table.empty:
        raise ConfigError(
            f"{index} holds no object that is not a known lens and whose Einstein radius, where it "
            f"is known, is under {camera.half_field:.3g} arcsec, half of a cutout; expected some "
            "to put sources behind. Remove `completeness` from the dataset."
        )
    return table


def _check_scale(
    images: Sequence[str | PathLike], objects: pd.DataFrame, pixel_arcsec: float
) -> None:
    """Compare the pixel scale with the WCS of each object that has one."""
    for shard, part in objects.groupby("shard"):
        with open_images(images[shard]) as file:
            wcs = file.wcs()
        if wcs is None:
            continue
        found = pixel_scales(wcs[part["row"].to_numpy()])
        others = np.flatnonzero(np.abs(found / pixel_arcsec - 1.0) > SCALE_TOLERANCE)
        if len(others):
            row = others[0]
            raise ConfigError(
                f"completeness.pixel_scale is {pixel_arcsec:g} arcsec, but by the WCS of "
                f"{part['id'].iloc[row]} a pixel is {found[row]:.4g} arcsec wide. Correct the "
                "number; a dataset of several pixel scales cannot be asked for its completeness."
            )


def _begin(writer, unit: str, bands: Sequence[str]) -> None:
    """Begin the datasets of the shard, whose flux has the unit of the dataset's images."""
    begin_pixels(writer, SIZE, unit, sources=True, bands=bands)
    units, texts = ({name: pair[i] for name, pair in COLUMNS.items()} for i in (0, 1))
    dtypes = dict.fromkeys(COLUMNS, np.float64) | {"is_lens": np.int8, GALAXY: object}
    table = pd.DataFrame(columns=list(COLUMNS)).astype(dtypes)
    artifacts.grow_table(writer, "catalogue", table, units, texts)


def _append(writer, filled: Sequence[Filled], unit: str) -> None:
    table = pd.DataFrame([one.row for one in filled])
    sky_sigma = np.stack([one.sky_sigma for one in filled])
    flux = table[SOURCE_FLUX] * first_of_bands(sky_sigma)
    table[MAGNITUDE] = -2.5 * np.log10(flux) if unit == MAGGIES else np.nan
    writer.append("flux", np.stack([one.flux for one in filled]))
    writer.append("source_flux", np.stack([one.source for one in filled]))
    writer.append("sky_sigma", sky_sigma)
    writer.append("id", table["id"].to_numpy())
    artifacts.append_table(writer, "catalogue", table[list(COLUMNS)])
