"""One file a transport; `opening.py` knows which destination has which."""
