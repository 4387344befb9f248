"""Deflection of light by a singular isothermal ellipsoid with external shear and subhalos.

All lengths are arcsec. The Einstein radius is that of the intermediate axis, so that the critical
curve of the ellipsoid alone encloses exactly ``pi theta_E**2`` whatever its axis ratio.
"""

from dataclasses import dataclass, field

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


@dataclass(frozen=True)
class Mass:
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

    def to_source_plane(self, x, y):
        """Return where the rays seen at (x, y) leave the source plane, arcsec."""
        alpha_x, alpha_y = self.deflection(x, y)
        return x - alpha_x, y - alpha_y

    @property
    def caustic_radius(self) -> float:
        """Rough size of the tangential caustic, arcsec, to first order in ellipticity and shear."""
        return self.theta_e * (
            2.0 / 3.0 * (1.0 - self.axis_ratio) + 2.0 * float(np.hypot(*self.shear))
        )
