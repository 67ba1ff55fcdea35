"""What a lift is doing, for people: a frozen value and the pure step from one message to the next."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.messages import Failed, Finished, Heartbeat, Message, Note, Paused, Progress, StageStarted

READY, STARTING, RUNNING, PAUSED, BUSY = "ready", "starting", "running", "paused", "busy"
COMPLETED, ERROR = "completed", "error"
STATES = (READY, STARTING, RUNNING, PAUSED, BUSY, COMPLETED, ERROR)

STOPPED = "Stopped. Lift again into the same folder to go on from here."
SILENT = "Nothing was heard from the lift for half a minute: the machine may be short of memory."
BUSY_WORDS = {"stopping": "Stopping", "pausing": "Pausing", "resuming": "Going on"}
STAGE_WORDS = {"poses": "Camera poses"}


@dataclass(frozen=True)
class LiftStatus:
    """`state` is one of `STATES`; a lift that was stopped is ready again, with a text that says so.

    `memory`: bytes that the worker holds; None where it is another program's.
    """

    state: str = READY
    stage: str = ""
    index: int = 0
    count: int = 0
    step: int = 0
    steps: int = 0
    per_second: float | None = None
    eta: float | None = None
    psnr: float | None = None
    splats: int | None = None
    loss: float | None = None
    memory: int | None = None
    text: str = ""

    def after(self, message: Message) -> LiftStatus:
        """The status once `message` is known."""
        if isinstance(message, StageStarted):
            return LiftStatus(self._going(), message.name, message.index, message.count, 0, message.steps,
                              psnr=self.psnr, splats=self.splats, memory=self.memory)  # fmt: skip
        if isinstance(message, Progress):
            return replace(
                self, state=self._going(), stage=message.stage, step=message.step, steps=message.steps,
                per_second=message.per_second, eta=message.eta,
                psnr=self.psnr if message.psnr is None else message.psnr,
                splats=self.splats if message.splats is None else message.splats,
                loss=self.loss if message.loss is None else message.loss,
            )  # fmt: skip
        if isinstance(message, Heartbeat):
            return replace(self, memory=message.memory, text="" if self.text == SILENT else self.text)
        if isinstance(message, Paused):
            return replace(self, state=PAUSED if message.paused else RUNNING)
        if isinstance(message, Note):
            return replace(self, text=message.text)
        if isinstance(message, Finished):
            return replace(self, state=COMPLETED, text="Lifted.", eta=None)
        if isinstance(message, Failed):
            # The sentence of a stop speaks of the command line; here the same folder is enough.
            state, text = (READY, STOPPED) if message.cancelled else (ERROR, message.sentence)
            return replace(self, state=state, text=text, eta=None)
        return self

    def _going(self) -> str:
        """A word that was under way when it was asked to stop or to pause does not undo that."""
        return self.state if self.state in (BUSY, PAUSED) else RUNNING

    def busy(self, what: str) -> LiftStatus:
        """The status while a stop, a pause or its end is waited for; `what` is a key of `BUSY_WORDS`."""
        return replace(self, state=BUSY, text=BUSY_WORDS[what], eta=None, per_second=None)

    @property
    def fraction(self) -> float:
        """How much of the current stage is done."""
        return min(1.0, self.step / self.steps) if self.steps > 0 else 0.0

    @property
    def over(self) -> bool:
        """Whether nothing more is to come."""
        return self.state in (READY, COMPLETED, ERROR)

    def headline(self) -> str:
        """The stage in words: "Motion fit · stage 3 of 6"."""
        if self.over or self.state == BUSY:
            return self.text
        name = STAGE_WORDS.get(self.stage, self.stage[:1].upper() + self.stage[1:])
        words = f"{name} · stage {self.index + 1} of {self.count}" if self.count else name or "Starting"
        return f"{words} · paused" if self.state == PAUSED else words

    def figures(self) -> str:
        """Speed, time left, PSNR and splats, whichever are known."""
        if self.over:
            return ""
        parts = [f"{self.step:,} / {self.steps:,}" if self.steps else ""]
        parts.append("" if self.per_second is None else f"{self.per_second:.3g} it/s")
        parts.append("" if self.psnr is None else f"{self.psnr:.1f} dB")
        parts.append("" if self.splats is None else f"{self.splats:,} splats")
        parts.append("" if self.eta is None else f"{duration(self.eta)} left")
        return "   ".join(part for part in parts if part)


def duration(seconds: float) -> str:
    """ "45 s", "4:10" or "1:02:03"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"
