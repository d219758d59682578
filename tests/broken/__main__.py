"""``make broken-prompts``: do the tests of the prompt notice when what they claim is broken?

On each variant those tests are run that claim its rows. At the end two lists must be empty: rows that did not notice a
variant of theirs, and tests that noticed no variant at all. Takes about half an hour; rows as arguments choose.
"""

import shutil
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

from tests.broken.claims import Claims, collected
from tests.broken.trial import Trial
from tests.broken.variants import ROOT, VARIANTS, Variant

BUILD = ROOT / "build" / "broken"
AT_ONCE = 2


def main(chosen: list[str]) -> int:
    shutil.rmtree(BUILD, ignore_errors=True)
    claims = collected()
    variants = [variant for variant in VARIANTS if not chosen or set(chosen) & set(variant.rows)]
    noticed: Claims = defaultdict(set)
    unnoticed = []

    def tried(variant: Variant) -> set[str]:
        trial = Trial(BUILD / str(VARIANTS.index(variant)), variant)
        return trial.failing(set().union(*(claims[row] for row in variant.rows)))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for variant, failed in zip(variants, pool.map(tried, variants), strict=True):
            for row in variant.rows:
                noticed[row] |= claims[row] & failed
                print("noticed" if claims[row] & failed else "MISSED ", row, variant.fault, flush=True)
                unnoticed += [] if claims[row] & failed else [f"{row}: {variant.fault}"]
    blind = [f"{row}: {test}" for row in noticed for test in sorted(claims[row] - noticed[row])]
    _report("Rows that did not notice a variant of theirs", unnoticed)
    _report("Tests that noticed no variant of their row", blind)
    return 1 if unnoticed or blind else 0


def _report(title: str, lines: list[str]) -> None:
    print(f"{title}: {len(lines)}")
    for line in lines:
        print(f"  {line}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
