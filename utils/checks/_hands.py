"""Made-up right hands, and what a recipe makes of them."""

import numpy as np

from utils.checks._judging import Mistake

SIDE = 28  # pixels


def made_up_hand():
    """A long palm with a thumb to its left, bright on dark: float32 (28, 28, 1), 0–255."""
    picture = np.full((SIDE, SIDE, 1), 20, np.float32)
    picture[7:21, 13:17] = 220
    picture[16:19, 9:13] = 220
    return picture


def refuse_other_range(pictures):
    """Refuse variants, float32 (n, 28, 28, 1), whose pixels are not 0–255."""
    low, high = float(np.nanmin(pictures)), float(np.nanmax(pictures))
    if high <= 1.5:
        raise Mistake(
            "rescaled",
            f"Pixels of 0–255 came out as {low:.1f} to {high:.1f}.",
            "that every preparation rescales; the network does it again, and sees black.",
            "Rescaling, or value_range, in your recipe.",
        )
    if low < -1 or high > 256 or not np.isfinite(pictures).all():
        raise Mistake(
            "out-of-range",
            f"Pixels of 0–255 came out as {low:.0f} to {high:.0f}.",
            "that a pixel may take any value, the network will cope: in use it never sees such.",
            "The layer that changes brightness or contrast or adds noise: what keeps its pixels "
            "within 0–255?",
        )


def refuse_mirrors(variants):
    """Refuse a recipe that mirrors: a mirror turns a right hand into a left one."""
    ratio, _, whole = _compared(variants)
    mirrored = np.mean(whole & (ratio < 0))
    if mirrored > 0.2:
        raise Mistake(
            "mirrors",
            f"{mirrored:.0%} of the variants of a right hand are left hands.",
            "that every flip keeps the label, as it does with cats.",
            "Section 2: what tells a right hand from a left one, and which layer changes that?",
        )


def refuse_too_strong(variants):
    """Refuse variants of the made-up hand in which it is gone, pale, or turned too far."""
    original = made_up_hand()
    ratio, area, whole = _compared(variants)
    spoilt = np.mean((np.abs(ratio) < 0.3) | (np.abs(ratio) > 3) | (area < 0.5) | (area > 2.5))
    if spoilt > 0.3:
        raise Mistake(
            "hand-gone",
            f"In {spoilt:.0%} of the variants the hand is gone, cut, doubled or much too large.",
            "that the more variety the better.",
            "The strength of shift, zoom or cropping; show some variants, as in section 3.",
        )
    pale = np.mean(np.ptp(variants, axis=(1, 2, 3)) < 60)
    if pale > 0.12:
        raise Mistake(
            "washed-out",
            f"{pale:.0%} of the variants are nearly all black or all white.",
            "that light may change at will, as it moves no pixel.",
            "The strength of brightness or contrast; show a dozen variants, as in section 3.",
        )
    turn = np.array([_axis(picture) for picture in variants]) - _axis(original)
    turn = np.abs((turn + 90) % 180 - 90)  # a long shape, so half a turn cannot be told
    if np.percentile(turn, 90) > 70:
        raise Mistake(
            "turned-too-far",
            "Hands come out turned by anything up to a right angle and more.",
            "that as long as the label is true, the stronger the better.",
            "The printed range in which hands lean; a rotation of 0.1 is 36 degrees either way.",
        )
    turn = np.array([_pointing(picture) for picture in variants]) - _pointing(original)
    upside_down = np.mean(whole & (np.abs((turn + 180) % 360 - 180) > 120))
    if upside_down > 0.2:
        raise Mistake(
            "upside-down",
            f"{upside_down:.0%} of the variants stand on their fingertips.",
            "that two mirrors undo each other: they are half a turn.",
            "The printed range in which hands lean, and a layer that flips in two directions.",
        )


def refuse_too_weak(variants):
    """Refuse variants of the made-up hand that hardly differ from it."""
    change = np.abs(variants - made_up_hand()).mean(axis=(1, 2, 3))
    if np.percentile(change, 90) < 2.8:  # grey values; a turn of 0.02, 7 degrees, makes 3.6
        raise Mistake(
            "too-weak",
            f"Nine variants in ten differ from their picture by {np.percentile(change, 90):.1f} "
            "grey values or less: hardly at all.",
            "that a recipe works by being there, whatever its strength.",
            "The strengths of your layers: 0.01 of a side of 28 is a quarter of a pixel.",
        )


def _compared(variants):
    """Compare variants of the made-up hand with itself.

    Returns:
        (ratio, area, whole), a value for each variant: handedness and area relative to the
        original, the first negative for a left hand; whether it still is the shape of one hand.
    """
    original = made_up_hand()
    ratio = np.array([_handedness(picture) for picture in variants]) / _handedness(original)
    area = np.array([_shape(picture).sum() for picture in variants]) / _shape(original).sum()
    whole = (np.abs(ratio) > 0.4) & (np.abs(ratio) < 2.5) & (area > 0.5) & (area < 2)
    return ratio, area, whole


def _shape(picture):
    """True where a picture differs clearly from its background: bool (28, 28)."""
    grey = picture[..., 0]
    distance = np.abs(grey - np.median(grey))
    return distance > max(distance.max() / 2, 8)


def _moments(picture):
    """Function (p, q) that gives the central moment of a picture's shape."""
    rows, columns = np.nonzero(_shape(picture))
    if len(rows) == 0:
        return lambda p, q: 0.0
    down, right = rows - rows.mean(), columns - columns.mean()
    return lambda p, q: float(np.sum(right**p * down**q)) / len(rows) ** (1 + (p + q) / 2)


def _axis(picture):
    """Direction of the long side of a shape, in degrees."""
    m = _moments(picture)
    return np.degrees(np.arctan2(2 * m(1, 1), m(2, 0) - m(0, 2)) / 2)


def _pointing(picture):
    """Direction in which a shape is lopsided, in degrees; it turns with the shape, full circle."""
    m = _moments(picture)
    return np.degrees(np.arctan2(m(2, 1) + m(0, 3), m(3, 0) + m(1, 2)))


def _handedness(picture):
    """Hu's seventh moment invariant of a shape, which a mirror turns into its negative.

    Turns, shifts and zooms leave it as it is (M. K. Hu, Visual pattern recognition by moment
    invariants, 1962).
    """
    m = _moments(picture)
    a, b = m(3, 0) + m(1, 2), m(2, 1) + m(0, 3)
    c, d = m(3, 0) - 3 * m(1, 2), 3 * m(2, 1) - m(0, 3)
    return d * a * (a**2 - 3 * b**2) - c * b * (3 * a**2 - b**2)
