"""What the wheel holds beyond the sources: compiled translations and the minified embed script."""

from pathlib import Path
from typing import Any

import minify
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileTexts(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        for po in root.glob("src/dvauth/translations/*/LC_MESSAGES/*.po"):
            with po.open("rb") as source, po.with_suffix(".mo").open("wb") as target:
                write_mo(target, read_po(source))
        script = root / "static" / "dvauth.js"
        smaller = minify.string("text/javascript", script.read_text("utf-8"))
        script.with_suffix(".min.js").write_text(smaller, "utf-8")
