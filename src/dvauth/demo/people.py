"""The portal's own list of its people: dvauth tells which account is there, and no names."""

import json
from pathlib import Path


class People:
    """Names by account. The file may be written while the portal runs."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @classmethod
    def in_folder(cls, folder: Path) -> "People":
        return cls(folder / "people.json")

    def save(self, names: dict[str, str]) -> None:
        self._file.write_text(json.dumps(names, ensure_ascii=False), "utf-8")

    def name_of(self, account: str) -> str | None:
        if not self._file.exists():
            return None
        name: str | None = json.loads(self._file.read_text("utf-8")).get(account)
        return name
