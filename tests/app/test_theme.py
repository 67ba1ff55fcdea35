"""Both looks are whole, and readable."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from PySide6.QtCore import QByteArray, QRectF, QSize
from PySide6.QtGui import QIcon, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from pytestqt.qtbot import QtBot

from app.actions import COMMANDS, make_actions
from app.help import keys_text
from app.shortcuts import clashes
from app.theme import SIDES, Theme, app_icon, current_theme, icon, load_theme, style_sheet


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(theme: Theme, ink: str, ground: str) -> float:
    high, low = sorted((luminance(theme[ink]), luminance(theme[ground])), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize("ink", ["text", "muted", "bad"])
@pytest.mark.parametrize("ground", ["window", "panel"])
def test_words_are_readable(name: str, ink: str, ground: str) -> None:
    assert contrast(load_theme(name), ink, ground) >= 4.5


@pytest.mark.parametrize("name", ["dark", "light"])
def test_the_accent_is_readable(name: str) -> None:
    assert contrast(load_theme(name), "accent_text", "accent") >= 4.5


def test_both_themes_name_the_same_colours_and_fill_the_sheet(qtbot: QtBot) -> None:
    dark, light = load_theme("dark"), load_theme("light")
    assert [k for k, _ in dark.colours] == [k for k, _ in light.colours]
    for theme in (dark, light):
        assert not re.search(r"@[a-z]", style_sheet(theme))


def test_every_command_has_words_and_an_icon_that_exists(qtbot: QtBot) -> None:
    from PySide6.QtCore import QObject

    owner = QObject()
    actions = make_actions(owner)
    for row in COMMANDS:
        assert actions[row.name].text()
        if row.icon:
            assert files("resources").joinpath("icons", f"{row.icon}.svg").is_file()
            pixels = icon(row.icon).pixmap(20, 20).toImage()
            assert any(pixels.pixelColor(x, y).alpha() > 100 for x in range(20) for y in range(20)), row.name
        if row.keys:
            assert actions[row.name].shortcut().toString() in actions[row.name].toolTip()


def test_no_key_means_two_things() -> None:
    assert clashes({}) == {}
    assert "Space" in keys_text({}, "splatime")


def test_the_program_has_an_icon(qtbot: QtBot) -> None:
    assert {16, 256} <= {size.width() for size in app_icon().availableSizes()}


@pytest.mark.parametrize("ratio", [1.0, 1.25, 1.5, 2.0])
@pytest.mark.parametrize("mode", [QIcon.Mode.Normal, QIcon.Mode.Disabled])
@pytest.mark.parametrize("side", SIDES)
def test_icons_are_drawn_for_the_screen(qtbot: QtBot, side: int, mode: QIcon.Mode, ratio: float) -> None:
    pixmap = icon("lock").pixmap(QSize(side, side), ratio, mode)
    assert abs(pixmap.width() - side * ratio) <= 0.5
    colour = current_theme()["faint" if mode is QIcon.Mode.Disabled else "text"]
    svg = files("resources").joinpath("icons", "lock.svg").read_text(encoding="utf-8").replace("currentColor", colour)
    straight = QImage(pixmap.size(), QImage.Format.Format_ARGB32_Premultiplied)
    straight.fill(0)
    painter = QPainter(straight)
    QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(straight.rect()))
    painter.end()
    got = pixmap.toImage().convertToFormat(straight.format())
    got.setDevicePixelRatio(1.0)
    assert got == straight, "not scaled from another size"
