"""An exam on the line: questions that follow from the model and from an estate, and what answers are worth."""
