"""What a portal may change about the prompt."""

import re
from pathlib import Path

import pytest

from dvauth.portals.errors import BadAccent, BadText, PaleAccent
from dvauth.portals.look import OUR_ACCENT, OUR_TEXTS, WORDS, PromptLook, contrast_with_white


@pytest.mark.parametrize(
    ("colour", "contrast"),
    [("#000000", 21.0), ("#ffffff", 1.0), ("#767676", 4.54), ("#0f6cbd", 5.38), ("#ff0000", 4.0)],
)
def test_contrast_is_that_of_wcag(colour: str, contrast: float) -> None:
    assert contrast_with_white(colour) == pytest.approx(contrast, abs=0.005)


@pytest.mark.parametrize("colour", ["red", "#fff", "#12345g", "0f6cbd", "#0f6cbd;}", " #0f6cbd", "url(x)"])
def test_only_six_hexadecimal_digits_are_a_colour(colour: str) -> None:
    with pytest.raises(BadAccent):
        PromptLook().with_accent(colour)


@pytest.mark.parametrize(("colour", "fits"), [("#767676", True), ("#777777", False), ("#FFCC00", False)])
def test_white_text_must_be_readable_on_it(colour: str, fits: bool) -> None:
    if fits:
        assert PromptLook().with_accent(colour).accent == colour
    else:
        with pytest.raises(PaleAccent):
            PromptLook().with_accent(colour)


def test_words_are_set_one_by_one_and_taken_back() -> None:
    look = PromptLook().with_texts("vi", title="Sắp hết giờ", button="Ở lại").with_texts("en", title="Soon")
    assert look.to_document() == {"texts": {"vi": {"title": "Sắp hết giờ", "button": "Ở lại"}, "en": {"title": "Soon"}}}
    assert look.with_texts("vi", title="", button="").to_document() == {"texts": {"en": {"title": "Soon"}}}
    assert PromptLook.from_document(look.to_document()) == look


@pytest.mark.parametrize("text", ["x" * 201, "two\nlines", "bell\a"])
def test_words_are_short_and_on_one_line(text: str) -> None:
    with pytest.raises(BadText):
        PromptLook().with_texts("en", title=text)


@pytest.mark.parametrize(("language", "word"), [("fr", "title"), ("", "title"), ("en", "heading"), ("en", "Title")])
def test_unknown_language_or_word_is_refused(language: str, word: str) -> None:
    with pytest.raises(ValueError, match=f"{language} words .*{word}"):
        PromptLook().with_texts(language, **{word: "Soon"})


def test_what_the_preview_starts_from_is_what_the_script_says() -> None:
    script = (Path(__file__).parents[2] / "static" / "dvauth.js").read_text(encoding="utf-8")
    said = [match[1] for match in re.finditer(r'^      (?:title|message|button): "(.*)",$', script, re.MULTILINE)]
    assert said == [OUR_TEXTS[language][word] for language in ("vi", "en") for word in WORDS]
    assert f"background:{OUR_ACCENT};" in script
