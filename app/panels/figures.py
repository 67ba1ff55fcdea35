"""The figures at the right of the status bar: splats, stage, pictures a second, who draws."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QStatusBar

from renderer.snapshot import Snapshot


class Figures:
    """Labels in a status bar."""

    def __init__(self, bar: QStatusBar) -> None:
        self.splats, self.stage, self.fps, self.backend = (QLabel() for _ in range(4))
        bar.setSizeGripEnabled(False)
        for label, tip in (
            (self.splats, "Splats in the scene"), (self.stage, "The stage of the lift that this picture is from"),
            (self.fps, "Pictures in the last second"), (self.backend, "What draws the picture"),
        ):  # fmt: skip
            label.setToolTip(tip)
            bar.addPermanentWidget(label)

    def show_snapshot(self, snapshot: Snapshot | None, backend: str) -> None:
        """Count and stage; all empty without a scene."""
        info = {} if snapshot is None else snapshot.info
        stage, step = str(info.get("stage", "")), info.get("step")
        counted = stage not in ("", "finished") and isinstance(step, int)
        self.splats.setText("" if snapshot is None else f"{len(snapshot.means):,} splats")
        self.stage.setText(f"{stage} · step {step:,}" if counted else stage.capitalize())
        self.backend.setText("" if snapshot is None else backend)
        if snapshot is None:
            self.fps.setText("")

    def show_fps(self, fps: float) -> None:
        """Empty while nothing moves."""
        self.fps.setText(f"{fps:.0f} fps" if fps else "")
