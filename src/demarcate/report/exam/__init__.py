"""An exam as people take it and programs read it: in the terminal, as a page, and as JSON."""
