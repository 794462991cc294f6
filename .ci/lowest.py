"""Print the lower bounds of what Demarcate promises to run with, as constraints for pip: `NAME==BOUND` for each.

The promises are to users: `dependencies` and the optional ones. What only developers need stays as new as it fits.
"""

import re
import sys
import tomllib
from pathlib import Path

BOUNDED = re.compile(r"([\w.-]+)(?:\[[\w,-]+\])?>=([\w.]+)")

project = tomllib.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["project"]
needed = [
    *project["dependencies"],
    *(requirement for extra in project["optional-dependencies"].values() for requirement in extra),
]
for requirement in needed:
    bounded = BOUNDED.fullmatch(requirement)
    if bounded is None:
        sys.exit(f"{sys.argv[1]}: {requirement!r} should be NAME>=VERSION: a lower bound, and nothing more")
    sys.stdout.write("{}=={}\n".format(*bounded.groups()))
