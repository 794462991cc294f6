"""What every reader of evidence needs to know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from demarcate.evidence.hashes import Documents
from demarcate.evidence.problems import Problems
from demarcate.evidence.values import Responsibilities
from demarcate.model import Model


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a folder: against which model, at which moment, and where problems are noted."""

    model: Model
    moment: date
    responsibilities: Responsibilities
    documents: Documents
    problems: Problems
