"""What a check of `skiclock doctor` found."""

from dataclasses import dataclass
from typing import Literal

Mark = Literal["ok", "note", "FAIL"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, and what to do about it."""

    mark: Mark
    about: str
    sentence: str
