"""Who owes what: the shared responsibility model as data, its loader and its queries.

>>> from demarcate.model import load, who
>>> model = load()
>>> who(model, "who patches the rds engine?").matches[0].responsibility.id
'patch-management.patch-rds-engine'
"""

from demarcate.model.load import DATA, ModelError, load
from demarcate.model.queries import (
    Explanation,
    Layer,
    MatrixRow,
    NotInModelError,
    Shift,
    explain,
    matrix,
    services_of_arn,
    shift,
)
from demarcate.model.structs import (
    SERVICE_TYPES,
    Area,
    Model,
    Party,
    Proof,
    ProofKind,
    Responsibility,
    Service,
    ServiceType,
    Tool,
    When,
)
from demarcate.model.who import Answer, Match, Verdict, who

__all__ = [
    "DATA",
    "SERVICE_TYPES",
    "Answer",
    "Area",
    "Explanation",
    "Layer",
    "Match",
    "MatrixRow",
    "Model",
    "ModelError",
    "NotInModelError",
    "Party",
    "Proof",
    "ProofKind",
    "Responsibility",
    "Service",
    "ServiceType",
    "Shift",
    "Tool",
    "Verdict",
    "When",
    "explain",
    "load",
    "matrix",
    "services_of_arn",
    "shift",
    "who",
]
