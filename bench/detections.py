"""Measures detecting: `python bench/detections.py [EVENTS [MIX…]]`. A million events of the mix `usual` by default."""

import sys

if __name__ == "__main__":
    # Processes that look through files load this file again: no more than it takes is loaded by it, as by the command.
    from detecting import main

    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, sys.argv[2:] or ["usual"])
