"""Looks: Fusion with our own palette and one style sheet, dark or light, following the system unless told.

The colours are named once, in resources/theme/*.json; the palette, the style sheet and the widgets that paint
themselves all read those names. Icons are small SVGs, drawn in the theme's text colour.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

SHEET_ICONS = ("chevron", "dock_close", "dock_float", "tick")
SIDES = (12, 16, 20, 26)  # logical pixels of the places where icons stand
RATIOS = (1.0, 1.25, 1.5, 2.0)  # of screens; between them Qt scales a larger one down, and a stroke turns soft


@dataclass(frozen=True)
class Theme:
    """A named set of colours, each "#rrggbb"."""

    name: str
    colours: tuple[tuple[str, str], ...]

    def __getitem__(self, key: str) -> str:
        return dict(self.colours)[key]

    def colour(self, key: str) -> QColor:
        """The colour as Qt has it."""
        return QColor(self[key])


@cache
def load_theme(name: str) -> Theme:
    """The theme "dark" or "light"."""
    text = files("resources").joinpath("theme", f"{name}.json").read_text(encoding="utf-8")
    return Theme(name, tuple(json.loads(text).items()))


def system_theme() -> Theme:
    """What the desktop asks for; dark where it does not say, because pictures are judged on dark."""
    light = QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Light
    return load_theme("light" if light else "dark")


def current_theme() -> Theme:
    """The theme that was applied last."""
    app = QApplication.instance()
    name = None if app is None else app.property("splatimeTheme")
    return load_theme(name if name in ("dark", "light") else "dark")


def apply_theme(app: QApplication, choice: str) -> Theme:
    """Dress the whole program; `choice` is system, dark or light."""
    theme = system_theme() if choice == "system" else load_theme(choice)
    if app.property("splatimeTheme") == theme.name:
        return theme  # every widget is polished again by a style sheet that is set: a third of a second
    app.setProperty("splatimeTheme", theme.name)
    app.setStyle("Fusion")
    app.setPalette(palette(theme))
    app.setStyleSheet(style_sheet(theme))
    return theme


def palette(theme: Theme) -> QPalette:
    """Fusion's colours from the theme's names."""
    made = QPalette()
    role = QPalette.ColorRole
    for where, key in {
        role.Window: "window", role.WindowText: "text", role.Base: "base", role.AlternateBase: "panel",
        role.Text: "text", role.Button: "raised", role.ButtonText: "text", role.BrightText: "bad",
        role.Highlight: "accent", role.HighlightedText: "accent_text", role.ToolTipBase: "raised",
        role.ToolTipText: "text", role.PlaceholderText: "faint", role.Link: "accent", role.Mid: "line",
    }.items():  # fmt: skip
        made.setColor(where, theme.colour(key))
    for where in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, where, theme.colour("faint"))
    return made


def style_sheet(theme: Theme) -> str:
    """resources/theme/style.qss with its @names filled in."""
    text = files("resources").joinpath("theme", "style.qss").read_text(encoding="utf-8")
    # A style sheet takes images only from files and does not tint them, so these ship in two colours.
    shapes = {name: files("resources").joinpath("icons", f"{name}_{theme.name}.svg") for name in SHEET_ICONS}
    words = {**dict(theme.colours), **{name: str(path).replace("\\", "/") for name, path in shapes.items()}}
    return re.sub(r"@([a-z_]+)", lambda match: words[match[1]], text)


def icon(name: str, colour: str | None = None) -> QIcon:
    """The icon `name` in a colour of the theme, its text colour by default."""
    return _icon(name, colour or current_theme()["text"])


@cache
def app_icon() -> QIcon:
    """Splatime's own icon, at the sizes that desktops ask for."""
    drawing = _drawing(_svg("splatime"))
    made = QIcon()
    for side in (16, 32, 48, 64, 72, 90, 108, 128, 144, 256):  # 72 on the first screen, at every ratio
        made.addPixmap(_pixmap(drawing, side))
    return made


@cache
def _icon(name: str, colour: str) -> QIcon:
    drawing = _drawing(_svg(name).replace("currentColor", colour))
    faint = _drawing(_svg(name).replace("currentColor", current_theme()["faint"]))
    made = QIcon()
    # Qt looks for a ratio before it looks for a size, so pixmaps have ratio 1 and as many pixels as will be asked for.
    for side in sorted({int(side * ratio + 0.5) for side in SIDES for ratio in RATIOS}):
        made.addPixmap(_pixmap(drawing, side))
        made.addPixmap(_pixmap(faint, side), QIcon.Mode.Disabled)
    return made


def _svg(name: str) -> str:
    return files("resources").joinpath("icons", f"{name}.svg").read_text(encoding="utf-8")


def _drawing(svg: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(svg.encode()))


def _pixmap(drawing: QSvgRenderer, side: int) -> QPixmap:
    made = QPixmap(side, side)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    drawing.render(painter, QRectF(0, 0, side, side))
    painter.end()
    return made
