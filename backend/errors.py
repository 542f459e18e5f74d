"""What a request or a command is refused with: a stable code and a sentence that helps."""

from typing import ClassVar


class Refusal(Exception):  # noqa: N818 - a refusal is no failure of ours
    """Something was asked for that cannot be done; the message is an English sentence.

    `code` names the cause and never changes; `field` is the input that was wrong, where
    one was. Each cause is a class of its own; HTTP, pages and the command line turn one
    into an answer at a single place each.
    """

    code: ClassVar[str] = "refused"

    def __init__(self, sentence: str, *, field: str | None = None) -> None:
        super().__init__(sentence)
        self.field = field
