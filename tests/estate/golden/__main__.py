"""Write the golden rows anew: `python -m tests.estate.golden`."""

from __future__ import annotations

import json
import shutil

from tests.estate.golden.files import FOLDER, OUTLINE, path_of, written
from tests.estate.golden.golden import SOURCES, outline


def main() -> None:
    """Write all files, and remove those of tables that are no more."""
    members = outline(anew=True)
    for source, make in SOURCES.items():
        documents = make(members)
        shutil.rmtree(FOLDER / source, ignore_errors=True)
        (FOLDER / source).mkdir()
        for table, document in documents.items():
            path_of(source, table).write_text(written(document), encoding="utf-8")
    lines = ",\n".join(
        f"  {json.dumps(name)}: {json.dumps(names)}" for name, names in sorted(members.used.items())
    )
    OUTLINE.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
