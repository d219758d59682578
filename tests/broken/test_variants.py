"""The broken variants are of today's sources, and no row is without one."""

from tests.broken.variants import ROOT, VARIANTS


def test_every_row_of_the_prompt_has_a_variant() -> None:
    rows = {row for variant in VARIANTS for row in variant.rows}
    assert rows >= {f"P{number}" for number in range(1, 50)}


def test_every_replacement_still_applies_exactly_once() -> None:
    for variant in VARIANTS:
        for edit in variant.edits:
            edit.apply((ROOT / edit.file).read_text("utf-8"))
