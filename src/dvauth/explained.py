"""The languages that people are spoken to in, and errors that they can mend, told in theirs."""

from collections.abc import Callable
from typing import ClassVar

LANGUAGES = {"vi": "Tiếng Việt", "en": "English"}


def N_(sentence: str) -> str:  # noqa: N802 - the name by which pybabel finds texts to translate
    """Marks a sentence for translation where it stands; ``explain`` translates it."""
    return sentence


# What the system says of files and addresses, in the words of its C library.
SYSTEM_SAYS = (
    N_("Address already in use"),
    N_("Cannot assign requested address"),
    N_("File exists"),
    N_("Is a directory"),
    N_("No such file or directory"),
    N_("No space left on device"),
    N_("Not a directory"),
    N_("Permission denied"),
    N_("Read-only file system"),
)


class Explained(Exception):
    """``sentence`` is English, with blanks in braces; ``values`` fill them. ``str()`` is the English text.

    A value named ``why`` is a reason in English, such as the system's, and is translated too.
    """

    sentence: ClassVar[str]

    def __init__(self, **values: object) -> None:
        self.values = values
        super().__init__(self.sentence.format(**values))

    def explain(self, gettext: Callable[[str], str]) -> str:
        """The text in the language of ``gettext``."""
        told = {"why": gettext(str(self.values["why"]))} if "why" in self.values else {}
        return gettext(self.sentence).format(**self.values | told)
