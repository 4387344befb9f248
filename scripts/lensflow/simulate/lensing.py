"""Deflection of light by singular isothermal ellipsoids with external shear and subhalos.

All lengths are arcsec. The Einstein radius is that of the intermediate axis, so that the critical
curve of the ellipsoid alone encloses exactly ``pi theta_E**2`` whatever its axis ratio. That of a
group of ellipsoids is defined by its area: ``sqrt(A / pi)``, A where images have negative parity.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

ROUND = 1.0 - 1e-4
"""Axis ratio above which the ellipsoid is deflected as a sphere; the formula is 0/0 there."""


def sis_deflection(x, y, theta_e):
    """Return the deflection of a singular isothermal sphere at the origin.

    Parameters
    ----------
    x, y : numpy.ndarray
        Positions in the image plane, arcsec, any shape.
    theta_e : float
        Einstein radius, arcsec.

    Returns
    -------
    tuple of numpy.ndarray
        Deflection along x and y, arcsec; its length is ``theta_e`` everywhere but at the origin,
        where it is zero.
    """
    radius = np.sqrt(x * x + y * y)
    per_length = theta_e / np.maximum(radius, 1e-6)
    return x * per_length, y * per_length


def sie_deflection(x, y, theta_e, axis_ratio, angle):
    """Return the deflection of a singular isothermal ellipsoid at the origin.

    The convergence is ``theta_e / (2 sqrt(q u**2 + v**2 / q))`` with u along the major axis and v
    along the minor one (Kormann et al. 1994, in the normalisation of Keeton 2001).

    Parameters
    ----------
    x, y : numpy.ndarray
        Positions in the image plane, arcsec, any shape.
    theta_e : float
        Einstein radius of the intermediate axis, arcsec.
    axis_ratio : float
        Minor over major axis of the convergence, in (0, 1].
    angle : float
        Direction of the major axis, radians from x towards y.

    Returns
    -------
    tuple of numpy.ndarray
        Deflection along x and y, arcsec.
    """
    if axis_ratio > ROUND:
        return sis_deflection(x, y, theta_e)
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    u, v = cos * x + sin * y, cos * y - sin * x
    root = float(np.sqrt(1.0 - axis_ratio**2))
    scale = theta_e * float(np.sqrt(axis_ratio)) / root
    per_length = root / np.maximum(np.sqrt((axis_ratio * u) ** 2 + v * v), 1e-6)
    along, across = scale * np.arctan(u * per_length), scale * np.arctanh(v * per_length)
    return cos * along - sin * across, sin * along + cos * across


def shear_deflection(x, y, gamma_1, gamma_2):
    """Return the deflection of an external shear around the origin, arcsec."""
    return gamma_1 * x + gamma_2 * y, gamma_2 * x - gamma_1 * y


class Deflector:
    """What masses have in common: subclasses say how much they deflect, and how far they reach."""

    def to_source_plane(self, x, y):
        """Return where the rays seen at (x, y) leave the source plane, arcsec."""
        alpha_x, alpha_y = self.deflection(x, y)
        return x - alpha_x, y - alpha_y

    @cached_property
    def critical(self) -> "CriticalMap":
        """Where the mass magnifies strongly, and with which parity."""
        return CriticalMap(self)


@dataclass(frozen=True)
class Mass(Deflector):
    """The mass of one lens: an ellipsoid at the origin, shear, and spherical subhalos.

    Attributes
    ----------
    theta_e : float
        Einstein radius of the ellipsoid, arcsec.
    axis_ratio, angle : float
        Its shape, see `sie_deflection`.
    shear : tuple of float
        The two components of the external shear.
    subhalos : numpy.ndarray
        Array (k, 3) of x, y, Einstein radius, arcsec.
    """

    theta_e: float
    axis_ratio: float = 1.0
    angle: float = 0.0
    shear: tuple[float, float] = (0.0, 0.0)
    subhalos: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))

    def deflection(self, x, y):
        """Return the total deflection at image-plane positions, arcsec."""
        alpha_x, alpha_y = sie_deflection(x, y, self.theta_e, self.axis_ratio, self.angle)
        parts = [shear_deflection(x, y, *self.shear)]
        parts += [
            sis_deflection(x - float(x0), y - float(y0), float(radius))
            for x0, y0, radius in self.subhalos
        ]
        for part_x, part_y in parts:
            alpha_x = alpha_x + part_x
            alpha_y = alpha_y + part_y
        return alpha_x, alpha_y

    def stretch(self, x, y):
        """Return by how much the source plane is stretched along circles, 1 to 6, roughly."""
        radius = np.sqrt(x**2 + y**2)
        return np.clip(self.theta_e / np.maximum(radius, 0.05) - 1.0, 1.0, 6.0)

    def scaled(self, factor: float) -> "Mass":
        """Return the mass for a source at another distance: every deflection times the factor."""
        gamma_1, gamma_2 = self.shear
        return replace(
            self,
            theta_e=self.theta_e * factor,
            shear=(gamma_1 * factor, gamma_2 * factor),
            subhalos=self.subhalos * [1.0, 1.0, factor],
        )

    @property
    def reach(self) -> float:
        """Distance from the origin that images have, arcsec, roughly."""
        return self.theta_e

    @property
    def caustic_radius(self) -> float:
        """Rough size of the tangential caustic, arcsec, to first order in ellipticity and shear."""
        return self.theta_e * (
            2.0 / 3.0 * (1.0 - self.axis_ratio) + 2.0 * float(np.hypot(*self.shear))
        )


@dataclass(frozen=True)
class MassGroup(Deflector):
    """Several masses of one distance, whose deflections add up.

    Attributes
    ----------
    members : tuple of (float, float, Mass)
        Centre, arcsec, and mass of each; the first one's centre is near the origin.
    """

    members: tuple[tuple[float, float, Mass], ...]

    def deflection(self, x, y):
        """Return the total deflection at image-plane positions, arcsec."""
        parts = [mass.deflection(x - x0, y - y0) for x0, y0, mass in self.members]
        return tuple(sum(component[1:], component[0]) for component in zip(*parts, strict=True))

    def stretch(self, x, y):
        """Return the largest of the members' stretches."""
        return np.max([mass.stretch(x - x0, y - y0) for x0, y0, mass in self.members], axis=0)

    @property
    def theta_e(self) -> float:
        """Radius of the circle of the critical area, arcsec."""
        return self.critical.einstein_radius

    @property
    def reach(self) -> float:
        """Distance from the origin that images have, arcsec, roughly."""
        return max(float(np.hypot(x, y)) + mass.theta_e for x, y, mass in self.members)


class CriticalMap:
    """The magnification of a mass on a grid.

    Parameters
    ----------
    mass : Deflector
        The mass; the grid reaches 1.3 times as far as its images, and half an arcsec more.
    count : int
        Cells a side; with 100 the area is right to half a per cent.
    """

    STEP = 1e-3
    """Half of the distance over which deflections are differenced, arcsec."""

    STRONG = 0.15
    """Inverse magnification below which a position is strongly magnified."""

    def __init__(self, mass: Deflector, count: int = 100):
        half_width = 1.3 * mass.reach + 0.5
        line = ((np.arange(count) + 0.5) / count * 2.0 - 1.0) * half_width
        self._mass, self._cell = mass, (2.0 * half_width / count) ** 2
        self._x, self._y = np.meshgrid(line, line)
        self._inverse = self._inverse_magnification()

    def _inverse_magnification(self):
        """Return the determinant of the lens mapping, negative where images are mirrored."""
        x, y, step, ray = self._x, self._y, self.STEP, self._mass.to_source_plane
        (right_x, right_y), (left_x, left_y) = ray(x + step, y), ray(x - step, y)
        (upper_x, upper_y), (lower_x, lower_y) = ray(x, y + step), ray(x, y - step)
        product = (right_x - left_x) * (upper_y - lower_y)
        return (product - (right_y - left_y) * (upper_x - lower_x)) / (4.0 * step**2)

    @property
    def area(self) -> float:
        """Area of negative parity, arcsec squared: what the challenge calls Einstein area."""
        return float(np.count_nonzero(self._inverse < 0.0)) * self._cell

    @property
    def einstein_radius(self) -> float:
        """Radius of the circle of this area, arcsec."""
        return float(np.sqrt(self.area / np.pi))

    def draw_places(self, random, count: int) -> np.ndarray:
        """Return source-plane positions (count, 2) of random strongly magnified positions."""
        strong = np.flatnonzero(np.abs(self._inverse) < self.STRONG)
        chosen = random.choice(strong, count)
        places = self._mass.to_source_plane(self._x.flat[chosen], self._y.flat[chosen])
        return np.stack(places, axis=1)
