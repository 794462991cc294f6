"""The forms that logs come in: one file a form, which says how it is told, cut into records and made into rows."""
