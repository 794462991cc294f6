"""What is wrong in templates, and of which kind it is."""

from __future__ import annotations

from demarcate.base.documents import DocumentError, TooMuch
from demarcate.base.errors import Problem
from demarcate.base.files import TooLarge
from demarcate.estate.schema.unknown import Kind
from demarcate.estate.snapshots.manifest import Unread


class TemplateProblem(Problem, frozen=True, kw_only=True):
    """Something in a template that could not be read; the rest goes on."""

    kind: Kind

    def unread(self) -> Unread:
        """It, as a snapshot records it."""
        return Unread(kind=self.kind, reason=self.message, file=self.file, line=self.line)


def problem_of(error: DocumentError) -> TemplateProblem:
    """What is wrong with a document as a whole."""
    return TemplateProblem(error.message, error.file, error.line, kind=kind_of(error))


def kind_of(error: DocumentError) -> Kind:
    """Why a document cannot be read: by its limits, by what the file system says, or by its form."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, TooMuch | TooLarge):
            return Kind.TOO_MUCH
        if isinstance(cause, OSError):
            return Kind.UNREADABLE
        cause = cause.__cause__
    return Kind.MALFORMED
