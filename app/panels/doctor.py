"""Help > Doctor: what this machine has and lacks, found out in a process of its own, to read and to copy."""

from __future__ import annotations

import json
from typing import Any

from PySide6.QtCore import QProcess, Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.children import environment, python
from app.dialogs import plain
from app.theme import current_theme

STATES = {"good": ("good", "good"), "note": ("note", "warm"), "bad": ("missing", "bad")}


class DoctorDialog(QDialog):
    """Asks `splatime doctor --json` and lists its findings; never colour alone, each has a word."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("doctor")
        self.setWindowTitle("Doctor")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(720, 420)
        self.lead = QLabel("Looking at this machine; libraries are really loaded, which takes some seconds…")
        self.lead.setWordWrap(True)
        self.tree = QTreeWidget()
        self.tree.setHeaderLabels(["", "What", "Finding"])
        self.tree.setRootIsDecorated(False)
        self.tree.setWordWrap(True)
        self.tree.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.buttons = plain(QDialogButtonBox(QDialogButtonBox.StandardButton.Close))
        self.copy = self.buttons.addButton("Copy", QDialogButtonBox.ButtonRole.ActionRole)
        self.copy.setToolTip("Copy the findings as text")
        self.copy.setEnabled(False)
        self.copy.clicked.connect(self._copy)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 12)
        column.addWidget(self.lead)
        column.addWidget(self.tree, 1)
        column.addWidget(self.buttons)
        self._findings: list[dict[str, Any]] = []
        self._process = QProcess(self)
        self._process.setProcessEnvironment(environment())
        self._process.finished.connect(self._read)
        self._process.start(python(), ["-P", "-m", "main", "doctor", "--json"])

    def show_findings(self, findings: list[dict[str, Any]]) -> None:
        """List them, and say how it stands on the whole."""
        self._findings = findings
        theme = current_theme()
        self.tree.clear()
        for finding in findings:
            word, colour = STATES.get(str(finding.get("state")), ("note", "warm"))
            item = QTreeWidgetItem([word, str(finding.get("name")), str(finding.get("text"))])
            item.setForeground(0, QColor(theme[colour]))
            self.tree.addTopLevelItem(item)
        bad = sum(finding.get("state") == "bad" for finding in findings)
        self.lead.setText("This machine has all that Splatime needs." if not bad else f"{bad} thing(s) are missing.")
        self.copy.setEnabled(True)

    def done(self, result: int) -> None:
        """Closed by whichever way, Esc too: what is still looking is ended with it."""
        self._process.blockSignals(True)
        self._process.kill()
        self._process.waitForFinished(2000)
        super().done(result)

    def _read(self) -> None:
        findings = []
        for line in bytes(self._process.readAllStandardOutput().data()).splitlines():
            try:
                found = json.loads(line)
            except ValueError:
                continue
            if isinstance(found, dict):
                findings.append(found)
        if findings:
            self.show_findings(findings)
        else:
            self.lead.setText("The doctor could not be started; run splatime doctor in a terminal.")

    def _copy(self) -> None:
        lines = (f"{finding.get('state')}\t{finding.get('name')}\t{finding.get('text')}" for finding in self._findings)
        QGuiApplication.clipboard().setText("\n".join(lines))
