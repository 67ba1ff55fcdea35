"""The kernels behind `procedural_fast`: visibility in windows, then one shading of every ray, band by band of rows.

They repeat the formulas of `procedural_shapes`, `procedural_render` and `procedural_paint`, one ray at a time; a change
there is a change here (the tests compare them). All helpers stand in this file: numba's cache looks at no other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange

from renderer.tiles.jit import inner, kernel

KINDS = ("ball", "box", "cylinder", "cone", "dome", "hall")
_BALL, _BOX, _CYLINDER, _CONE, _DOME, _HALL = range(6)
_NEAR, _FAR, _BAND = 1e-3, 1e30, 12
# Shading is in float32; numba turns float32 with a bare number into float64, hence numbers of this type.
_F = np.float32
_0, _HALF, _1, _2, _3 = _F(0.0), _F(0.5), _F(1.0), _F(2.0), _F(3.0)


@kernel
def draw(
    lens: Any, rotations: Any, origins: Any, warps: Any, gains: Any, shapes: Any, casters: Any, tables: Any, light: Any,
    atlas: Any, side: int, rgb: Any, depth: Any, surface: Any,
) -> None:  # fmt: skip
    """Fill rgb [T, H, W, 3] and, unless they are empty, depth and surface [T, H, W] (see `procedural_fast.film`).

    lens [T, 4] is fx, fy, cx, cy; shapes, casters, tables and atlas are the tuples that `procedural_fast` packs.
    """
    frames, height, width = rgb.shape[0], rgb.shape[1], rgb.shape[2]
    bands = (height + _BAND - 1) // _BAND
    for job in prange(frames * bands):
        frame, top = job // bands, job % bands * _BAND
        bottom = min(top + _BAND, height)
        rays = side * side + (1 if depth.size > 0 else 0)
        place = np.empty((bottom - top, width, rays, 2))
        _aim(lens[frame], warps, frame, top, side, place)
        near = np.full((bottom - top, width, rays), _FAR)
        seen = np.zeros((bottom - top, width, rays), np.int16)
        for index in range(len(tables[0])):
            _cast(tables[0][index], index, shapes[0][frame, index], shapes[1][frame, index], shapes[3][frame, index],
                  top, bottom, place, near, seen)  # fmt: skip
        cell = np.float32(1.0 / (side * lens[frame, 0]))
        _shade(frame, top, side * side, cell, rotations[frame], origins[frame], shapes, casters, tables, light, atlas,
               gains[frame], place, near, seen, rgb[frame])  # fmt: skip
        if depth.size > 0:
            depth[frame, top:bottom] = near[:, :, rays - 1]
            surface[frame, top:bottom] = seen[:, :, rays - 1]


@inner
def _aim(lens: Any, warps: Any, frame: int, top: int, side: int, place: Any) -> None:
    """Where each ray crosses the plane at unit depth: a grid of side x side rays a pixel, then its centre."""
    for row in range(place.shape[0]):
        for column in range(place.shape[1]):
            x, y = column + 0.5, row + top + 0.5
            if warps.shape[0] > 0:
                x += warps[frame, row + top, column, 0]
                y += warps[frame, row + top, column, 1]
            for ray in range(place.shape[2]):
                dx = dy = 0.0
                if ray < side * side:
                    dx, dy = (ray % side + 0.5) / side - 0.5, (ray // side + 0.5) / side - 0.5
                place[row, column, ray, 0] = (x + dx - lens[2]) / lens[0]
                place[row, column, ray, 1] = (y + dy - lens[3]) / lens[1]


@inner
def _cast(kind: int, index: int, axes: Any, start: Any, window: Any, top: int, bottom: int, place: Any, near: Any,
          seen: Any) -> None:  # fmt: skip
    """Keep the hits of one thing that are nearer than what is kept."""
    ox, oy, oz = start[0], start[1], start[2]
    for row in range(max(window[0], top) - top, min(window[1], bottom) - top):
        for column in range(window[2], window[3]):
            for ray in range(place.shape[2]):
                u, v = place[row, column, ray, 0], place[row, column, ray, 1]
                dx = axes[0, 0] * u + axes[0, 1] * v + axes[0, 2]
                dy = axes[1, 0] * u + axes[1, 1] * v + axes[1, 2]
                dz = axes[2, 0] * u + axes[2, 1] * v + axes[2, 2]
                t = _hit(kind, ox, oy, oz, dx, dy, dz)
                if _NEAR < t < near[row, column, ray]:
                    near[row, column, ray], seen[row, column, ray] = t, index


@inner
def _hit(kind: int, ox: float, oy: float, oz: float, dx: float, dy: float, dz: float) -> Any:
    """Ray parameter of the first hit with a unit shape, or _FAR."""
    if kind in (_BALL, _DOME):
        a, b = dx * dx + dy * dy + dz * dz, dx * ox + dy * oy + dz * oz
        disc = b * b - a * (ox * ox + oy * oy + oz * oz - 1.0)
        if disc <= 0.0:
            return _FAR
        root = np.sqrt(disc)
        return (-b - root) / a if kind == _BALL else (-b + root) / a
    if kind in (_BOX, _HALL):
        x0, x1 = _slab(ox, dx)
        y0, y1 = _slab(oy, dy)
        z0, z1 = _slab(oz, dz)
        enter, leave = max(x0, y0, z0), min(x1, y1, z1)
        if leave <= enter:
            return _FAR
        return enter if kind == _BOX else leave
    if kind == _CYLINDER:
        a, b = dx * dx + dy * dy, dx * ox + dy * oy
        disc = b * b - a * (ox * ox + oy * oy - 1.0)
        if disc <= 0.0:
            return _FAR
        root = np.sqrt(disc)
        z0, z1 = _slab(oz, dz)
        enter, leave = max((-b - root) / a, z0), min((-b + root) / a, z1)
        return enter if leave > enter else _FAR
    return _hit_cone(ox, oy, oz, dx, dy, dz)


@inner
def _slab(o: float, d: float) -> tuple[float, float]:
    if abs(d) < 1e-12:
        d = 1e-12
    first, second = (-1.0 - o) / d, (1.0 - o) / d
    return min(first, second), max(first, second)


@inner
def _hit_cone(ox: float, oy: float, oz: float, dx: float, dy: float, dz: float) -> Any:
    best, ro, rd = _FAR, 0.5 * (1.0 - oz), -0.5 * dz
    a, b = dx * dx + dy * dy - rd * rd, dx * ox + dy * oy - rd * ro
    disc = b * b - a * (ox * ox + oy * oy - ro * ro)
    if disc > 0.0 and abs(a) > 1e-14:
        root = np.sqrt(disc)
        for sign in (-1.0, 1.0):
            t = (-b + sign * root) / a
            if _NEAR < t < best and abs(oz + t * dz) < 1.0:
                best = t
    if abs(dz) > 1e-12:
        t = (-1.0 - oz) / dz
        x, y = ox + t * dx, oy + t * dy
        if _NEAR < t < best and x * x + y * y < 1.0:
            best = t
    return best


@inner
def _normal(kind: int, x: float, y: float, z: float) -> tuple[float, float, float]:
    """`procedural_shapes.normals_of` for one point."""
    if kind == _BALL:
        return x, y, z
    if kind == _DOME:
        return -x, -y, -z
    if kind in (_BOX, _HALL):
        out = -1.0 if kind == _HALL else 1.0
        if abs(x) >= abs(y) and abs(x) >= abs(z):
            return out * np.sign(x), 0.0, 0.0
        if abs(y) >= abs(z):
            return 0.0, out * np.sign(y), 0.0
        return 0.0, 0.0, out * np.sign(z)
    ring = np.sqrt(x * x + y * y)
    if kind == _CONE:
        if ring > 0.5 * (1.0 - z) - 1e-6 and z > -1.0 + 1e-6:
            return x, y, 0.25 * (1.0 - z)
        return 0.0, 0.0, -1.0
    if abs(z) > ring:
        return 0.0, 0.0, np.sign(z)
    return x, y, 0.0


@inner
def _shade(
    frame: int, top: int, rays: int, cell: Any, rotation: Any, origin: Any, shapes: Any, casters: Any, tables: Any,
    light: Any, atlas: Any, gain: float, place: Any, near: Any, seen: Any, rgb: Any,
) -> None:  # fmt: skip
    """Colours of a band of rows: the mean of each pixel's rays, developed."""
    sums, albedo, lit = np.empty(3, np.float32), np.empty(3, np.float32), np.empty(3, np.float32)
    aims, points = np.empty((rays, 3), np.float32), np.empty((rays, 3), np.float32)
    few = np.empty(len(casters[0]), np.int64)
    for row in range(place.shape[0]):
        for column in range(place.shape[1]):
            for ray in range(rays):
                u, v, t = place[row, column, ray, 0], place[row, column, ray, 1], near[row, column, ray]
                for i in range(3):
                    aim = rotation[i, 0] * u + rotation[i, 1] * v + rotation[i, 2]
                    aims[ray, i], points[ray, i] = aim, origin[i] + t * aim
            count = _reaching(frame, points, casters[2], casters[3], few)
            sums[:] = _0
            for ray in range(rays):
                index = seen[row, column, ray]
                u, v, t = place[row, column, ray, 0], place[row, column, ray, 1], near[row, column, ray]
                _albedo(frame, index, u, v, t, ray, aims, cell, shapes, tables, atlas, albedo, lit)
                if tables[2][index]:
                    lit[:] = _1
                else:
                    _irradiance(frame, index, ray, points, few, count, casters, light, lit)
                for i in range(3):
                    sums[i] += albedo[i] * lit[i]
            for i in range(3):
                rgb[row + top, column, i] = _developed(sums[i] * gain / _F(rays))


@inner
def _reaching(frame: int, points: Any, centres: Any, radii: Any, few: Any) -> int:
    """Fill `few` with the casters that may shade one of a pixel's points; how many they are."""
    span, count = _0, 0
    for ray in range(1, points.shape[0]):
        x, y, z = points[ray, 0] - points[0, 0], points[ray, 1] - points[0, 1], points[ray, 2] - points[0, 2]
        span = max(span, x * x + y * y + z * z)
    span = np.sqrt(span)
    for caster in range(radii.shape[1]):
        x, y = centres[frame, caster, 0] - points[0, 0], centres[frame, caster, 1] - points[0, 1]
        z, reach = centres[frame, caster, 2] - points[0, 2], _F(6.001) * radii[frame, caster] + span
        if x * x + y * y + z * z < reach * reach:
            few[count] = caster
            count += 1
    return count


@inner
def _albedo(
    frame: int, index: int, u: float, v: float, t: float, ray: int, aims: Any, cell: Any, shapes: Any, tables: Any,
    atlas: Any, albedo: Any, normal: Any,
) -> None:  # fmt: skip
    """Paint and world normal of one hit (`procedural_render._surface`)."""
    x, y, z = (_local(0, frame, index, u, v, t, shapes), _local(1, frame, index, u, v, t, shapes),
               _local(2, frame, index, u, v, t, shapes))  # fmt: skip
    linear, half = shapes[2], tables[1]
    mx, my, mz = _normal(tables[0][index], x, y, z)
    for i in range(3):
        normal[i] = _F(
            mx * linear[frame, index, 0, i] + my * linear[frame, index, 1, i] + mz * linear[frame, index, 2, i]
        )
    length = _1 / np.sqrt(normal[0] * normal[0] + normal[1] * normal[1] + normal[2] * normal[2])
    slant = across = _0
    for i in range(3):
        normal[i] *= length
        slant += normal[i] * aims[ray, i]
        across += aims[ray, i] * aims[ray, i]
    slant = max(abs(slant) / np.sqrt(across), _F(0.05))
    footprint = _F(t) * cell / np.sqrt(slant)
    _paint(index, _F(x) * half[index, 0], _F(y) * half[index, 1], _F(z) * half[index, 2], _F(mx), _F(my), _F(mz),
           footprint, tables, atlas, albedo)  # fmt: skip


@inner
def _local(i: int, frame: int, index: int, u: float, v: float, t: float, shapes: Any) -> Any:
    """Coordinate i, in the shape's own space, of the point at depth t of a ray."""
    axes, start = shapes[0], shapes[1]
    along = axes[frame, index, i, 0] * u + axes[frame, index, i, 1] * v + axes[frame, index, i, 2]
    return start[frame, index, i] + t * along


@inner
def _paint(index: int, x: Any, y: Any, z: Any, nx: Any, ny: Any, nz: Any, footprint: Any, tables: Any, atlas: Any,
           albedo: Any) -> None:  # fmt: skip
    """`Material.__call__` for one point: three projections of the texture of weights, three colours, the fade."""
    texture, colours, scale, shift = tables[3][index], tables[4], tables[5][index, 0], tables[5][index, 1]
    wx, wy, wz = nx * nx * nx * nx, ny * ny * ny * ny, nz * nz * nz * nz
    total = _1 / max(wx + wy + wz, _F(1e-9))
    px, py, pz = x / scale + shift, y / scale + shift, z / scale + shift
    size = atlas[4][texture]
    lod = np.log2(max(footprint / (scale * size), _F(1e-6)))
    lod = min(max(lod, _0), _F(atlas[3][texture]) + _F(0.999))
    level = int(lod)
    blend = lod - _F(level)
    a = b = c = _0
    for axis in range(3):
        if axis == 0:
            weight, s, t = wx * total, py, pz
        elif axis == 1:
            weight, s, t = wy * total, px + _F(0.37), pz + _F(0.37)
        else:
            weight, s, t = wz * total, px + _F(0.74), py + _F(0.74)
        if weight > _F(0.01):
            p, q, r = _texel(texture, level, s, t, atlas)
            share = weight * (_1 - blend)
            a, b, c = a + share * p, b + share * q, c + share * r
            p, q, r = _texel(texture, level + 1, s, t, atlas)
            share = weight * blend
            a, b, c = a + share * p, b + share * q, c + share * r
    for i in range(3):
        albedo[i] = a * colours[index, 0, i] + b * colours[index, 1, i] + c * colours[index, 2, i]
    axis = tables[6][index]
    if axis >= 0:
        fade = tables[7]
        along = x if axis == 0 else (y if axis == 1 else z)
        cover = min(max((along - fade[index, 0]) / (fade[index, 1] - fade[index, 0]), _0), _1)
        cover = cover * cover * (_3 - _2 * cover)
        for i in range(3):
            albedo[i] += cover * (fade[index, 2 + i] - albedo[i])


@inner
def _texel(texture: int, level: int, s: Any, t: Any, atlas: Any) -> tuple[Any, Any, Any]:
    """Bilinear look-up of one level at (s, t) metres, wrapped."""
    texels, start, n = atlas[0], atlas[1][texture, level], atlas[2][texture] >> level
    step = atlas[4][texture] * _F(1 << level)
    x, y = s / step - _HALF, t / step - _HALF
    x0, y0 = np.floor(x), np.floor(y)
    fx, fy = x - x0, y - y0
    i, j = int(x0) & (n - 1), int(y0) & (n - 1)
    i1, row, row1 = (i + 1) & (n - 1), start + j * n, start + ((j + 1) & (n - 1)) * n
    k00, k01, k10, k11 = (_1 - fx) * (_1 - fy), fx * (_1 - fy), (_1 - fx) * fy, fx * fy
    p, q, r, w = row + i, row + i1, row1 + i, row1 + i1
    return (
        k00 * texels[p, 0] + k01 * texels[q, 0] + k10 * texels[r, 0] + k11 * texels[w, 0],
        k00 * texels[p, 1] + k01 * texels[q, 1] + k10 * texels[r, 1] + k11 * texels[w, 1],
        k00 * texels[p, 2] + k01 * texels[q, 2] + k10 * texels[r, 2] + k11 * texels[w, 2],
    )


@inner
def _irradiance(frame: int, index: int, ray: int, points: Any, few: Any, count: int, casters: Any, light: Any,
                out: Any) -> None:  # fmt: skip
    """`procedural_render._irradiance` for one point; `out` [3] holds the normal and then the light."""
    px, py, pz, nx, ny, nz = points[ray, 0], points[ray, 1], points[ray, 2], out[0], out[1], out[2]
    which, strength, centres, radii, maps, lights = casters
    lit = open_sky = _1
    for place in range(count):
        k = few[place]
        ex, ey, ez = centres[frame, k, 0] - px, centres[frame, k, 1] - py, centres[frame, k, 2] - pz
        squared, square = ex * ex + ey * ey + ez * ez, radii[frame, k] * radii[frame, k]
        if squared >= _F(36.0) * square or which[k] == index:
            continue
        distance = max(squared, square)
        facing = max((nx * ex + ny * ey + nz * ez) / np.sqrt(distance), _0)
        open_sky *= _1 - light[4, 1] * strength[k] * facing * square / distance
        if ex * light[0, 0] + ey * light[0, 1] + ez * light[0, 2] > _0:
            ox = -(maps[frame, k, 0, 0] * ex + maps[frame, k, 0, 1] * ey + maps[frame, k, 0, 2] * ez)
            oy = -(maps[frame, k, 1, 0] * ex + maps[frame, k, 1, 1] * ey + maps[frame, k, 1, 2] * ez)
            oz = -(maps[frame, k, 2, 0] * ex + maps[frame, k, 2, 1] * ey + maps[frame, k, 2, 2] * ez)
            along = ox * lights[frame, k, 0] + oy * lights[frame, k, 1] + oz * lights[frame, k, 2]
            if along < _0:
                closest = np.sqrt(max(ox * ox + oy * oy + oz * oz - along * along, _0))
                cover = min(max(_HALF + (_1 - closest) / (_2 * light[4, 2] * (_1 - along)), _0), _1)
                lit *= _1 - light[4, 0] * strength[k] * cover * cover * (_3 - _2 * cover)
    facing = nx * light[0, 0] + ny * light[0, 1] + nz * light[0, 2]
    key = min(max((facing + _F(0.25)) / _F(1.25), _0), _1) * lit
    up = _HALF + _HALF * nz
    for i in range(3):
        out[i] = (light[3, i] + (light[2, i] - light[3, i]) * up) * open_sky + light[1, i] * key


@inner
def _developed(light: Any) -> int:
    """`procedural_render.developed` for one channel."""
    exposed = _F(1.05) * light
    if exposed >= _F(0.7):
        exposed = _F(0.7) + _F(0.3) * (_1 - np.exp(-(exposed - _F(0.7)) / _F(0.3)))
    curve = _F(12.92) * exposed if exposed <= _F(0.0031308) else _F(1.055) * exposed ** _F(1 / 2.4) - _F(0.055)
    return int(np.round(_F(255.0) * min(max(curve, _0), _1)))
