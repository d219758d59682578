"""What a portal changes about the prompt: one colour, and words by language. Pure.

Text and a colour only, never HTML or CSS: whoever may change a portal's look must not get script or style into its
pages.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from dvauth.explained import LANGUAGES
from dvauth.portals.errors import BadAccent, BadText, PaleAccent

WORDS = ("title", "message", "button")
MAX_TEXT = 200
# As it comes, in static/dvauth.js.
OUR_ACCENT = "#0f6cbd"
OUR_TEXTS: Mapping[str, Mapping[str, str]] = {
    "vi": {
        "title": "Sắp hết thời gian chờ",
        "message": "Bạn đã không sử dụng Site, ",
        "button": "Bấm vào đây để duy trì trạng thái đăng nhập",
    },
    "en": {
        "title": "Your session is about to end",
        "message": "You have not been using the site. ",
        "button": "Click here to stay logged in",
    },
}
LEAST_CONTRAST = 4.5  # of white text on the accent (WCAG 2.2, 1.4.3)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptLook:
    """``accent`` is ``#rrggbb`` or empty; ``texts`` are by language, then by word. What is empty stays as it comes."""

    accent: str = ""
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(accent=document.get("accent", ""), texts=document.get("texts", {}))

    def to_document(self) -> dict[str, Any]:
        """Plain values for JSON and for the script; nothing where nothing was changed."""
        return {name: value for name, value in (("accent", self.accent), ("texts", self.texts)) if value}

    def with_accent(self, accent: str) -> Self:
        """Raises ``BadAccent`` or ``PaleAccent``; an empty one goes back to ours."""
        if accent and not re.fullmatch("#[0-9a-fA-F]{6}", accent):
            raise BadAccent(accent=accent)
        if accent and (contrast := contrast_with_white(accent)) < LEAST_CONTRAST:
            raise PaleAccent(accent=accent, contrast=f"{contrast:.1f}", least=LEAST_CONTRAST)
        return replace(self, accent=accent.lower())

    def with_texts(self, language: str, **words: str) -> Self:
        """Set words of a language; an empty one goes back to ours. Raises ``BadText``.

        ``ValueError``: no page is in this language, or the prompt has no such word.
        """
        if language not in LANGUAGES or not words.keys() <= set(WORDS):
            raise ValueError(f"the prompt has no {language} words {list(words)}")
        checked = {word: _checked(text) for word, text in words.items()}
        own = {word: text for word, text in {**self.texts.get(language, {}), **checked}.items() if text}
        texts = {**self.texts, language: own}
        return replace(self, texts={name: texts[name] for name in LANGUAGES if texts.get(name)})


def contrast_with_white(colour: str) -> float:
    """The contrast ratio of white on ``#rrggbb``, 1 to 21 (WCAG 2.2, relative luminance)."""
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _checked(raw: str) -> str:
    text = unicodedata.normalize("NFC", raw.strip())
    if len(text) > MAX_TEXT or not text.isprintable():
        raise BadText(text=raw, most=MAX_TEXT)
    return text
