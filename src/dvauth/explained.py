"""The languages that people are spoken to in, and errors that they can mend, told in theirs."""

from collections.abc import Callable
from typing import ClassVar

LANGUAGES = {"vi": "Tiếng Việt", "en": "English"}


def N_(sentence: str) -> str:  # noqa: N802 - the name by which pybabel finds texts to translate
    """Marks a sentence for translation where it stands; ``explain`` translates it."""
    return sentence


class Explained(Exception):
    """``sentence`` is English, with blanks in braces; ``values`` fill them. ``str()`` is the English text."""

    sentence: ClassVar[str]

    def __init__(self, **values: object) -> None:
        self.values = values
        super().__init__(self.sentence.format(**values))

    def explain(self, gettext: Callable[[str], str]) -> str:
        """The text in the language of ``gettext``."""
        return gettext(self.sentence).format(**self.values)
