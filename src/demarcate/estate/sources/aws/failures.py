"""What can go wrong with a call, and what it means."""

from __future__ import annotations

import re
from collections.abc import Iterable

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    LoginError,
    NoCredentialsError,
    PaginationError,
    ParamValidationError,
    PartialCredentialsError,
    ReadTimeoutError,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as NotConnected
from botocore.parsers import ResponseParserError

from demarcate.estate.schema.unknown import Kind, Unknown, first


class HandlerFailed(Exception):
    """What a handler raised in place of an answer: one of botocore's, over an answer that it did not expect, or one of
    the session's own, such as a stand-in for AWS in this process.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class Unending(TimeoutError):
    """An answer, or its pages, that did not end within their bounds. The text says which."""

    def __init__(self, text: str, kind: Kind = Kind.TIMED_OUT) -> None:
        super().__init__(text)
        self.kind = kind


class PartsFailed(ValueError):
    """An answer that lists failures in the place of items, by their codes."""

    def __init__(self, text: str, codes: Iterable[str]) -> None:
        super().__init__(text)
        self.codes = tuple(codes)


class Refused(Exception):
    """An operation that a client was not made for, or that does not read. Nothing was sent."""


FAILED = (ClientError, BotoCoreError, ResponseParserError, HandlerFailed, Unending, Refused)
"""What a call raises when AWS, or the way to it, did not answer as it should."""

_DENIED = re.compile(r"AccessDenied|UnauthorizedOperation|NotAuthorized|Forbidden|^403$")
_NOT_ACCEPTED = re.compile(
    r"ExpiredToken|RequestExpired|TokenRefreshRequired|InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch"
    r"|AuthFailure|InvalidToken"
)
_NO_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    TokenRetrievalError,
    SSOError,
    LoginError,
)
_NOT_ENABLED = re.compile(r"OptInRequired|SubscriptionRequired|NotSubscribed|NotOptedIn|NotEnabled|RegionDisabled")
_THROTTLED = re.compile(
    r"Throttl|TooManyRequests|RequestLimitExceeded|LimitExceededException$|ThroughputExceeded|BandwidthLimitExceeded"
    r"|SlowDown|PriorRequestNotComplete|^429$"
)
_NOT_AN_OPERATION = re.compile(r"^(404|405|501)$|UnknownOperation|InvalidAction")


class CallFailed(Exception):
    """A listing that could not be finished. Never leaves this package."""

    def __init__(self, operation: str, error: Exception) -> None:
        super().__init__(operation)
        self.operation, self.error = operation, error


def code_of(error: Exception) -> str:
    """The error code that AWS gave, or the name of what went wrong on the way."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code") or "UnknownError")
    return type(error.error if isinstance(error, HandlerFailed) else error).__name__


def means_nothing(error: Exception, absent: Iterable[str]) -> bool:
    """Whether an error says that there is nothing: by its code, and by words of its message where a code has them.

    Some codes are given for a denial as well (`InvalidAccessException: is not subscribed`).
    """
    code, message = code_of(error), str(error)
    return any(code == name and words in message for name, _, words in (text.partition(": ") for text in absent))


def is_throttled(code: str) -> bool:
    """Whether an error code asks to call less often (the codes that botocore retries as such)."""
    return bool(_THROTTLED.search(code))


_GONE = re.compile(r"NotFound|NoSuch|DoesNotExist|Non[Ee]xist")
_OF_IT = re.compile(r"Attribute|Config(?!urationRecorder)|Controls|Policy|Setting|Tag")


def is_gone(error: Exception) -> bool:
    """Whether a resource was deleted between the call that listed it and this one."""
    return bool(_GONE.search(code_of(error)))


def is_gone_whole(error: Exception) -> bool:
    """The same of a call for a detail, where a code may also say that the resource has no policy, tags or the like."""
    return is_gone(error) and not _OF_IT.search(code_of(error))


def is_not_offered(error: Exception) -> bool:
    """Whether the endpoint does not have this operation at all, for any resource."""
    if isinstance(error, HandlerFailed):
        return isinstance(error.error, NotImplementedError)
    return isinstance(error, ClientError) and bool(_NOT_AN_OPERATION.search(code_of(error)))


def is_in_vain(error: Exception) -> bool:
    """Whether there was no answer to a call, however often it was tried."""
    return isinstance(error, NotConnected | HTTPClientError) or is_throttled(code_of(error))


def _unending(error: BaseException | None) -> Unending | None:
    """What did not end, where that is why botocore raised an error."""
    while error is not None and not isinstance(error, Unending):
        error = error.__cause__ or error.__context__
    return error


def unreached(error: Exception) -> str:
    """What went wrong on the way to AWS, in full, but for a header, which has credentials in it."""
    if isinstance(error, HTTPClientError) and "header value" in str(error):
        return "the credentials have a character in them that cannot be sent, such as the end of a line"
    return str(_unending(error) or error)


def why(error: Exception) -> Unknown:
    """Why a call failed, without anything that differs from one resource to the next."""
    return Unknown(_kind(error), _reason(error))


def _kind(error: Exception) -> Kind:
    unending = _unending(error)
    if unending is not None:
        return unending.kind
    if isinstance(error, PaginationError):
        return Kind.TOO_MUCH
    if isinstance(error, PartsFailed):
        return first(map(_of_code, error.codes))
    if isinstance(error, _NO_CREDENTIALS):
        return Kind.DENIED
    if is_not_offered(error) or isinstance(error, Refused):
        return Kind.UNSUPPORTED
    if isinstance(error, ClientError):
        return _of_code(code_of(error))
    if isinstance(error, ReadTimeoutError | ConnectTimeoutError | TimeoutError):
        return Kind.TIMED_OUT
    if isinstance(error, BotoCoreError) and not isinstance(error, ParamValidationError | IncompleteReadError):
        return Kind.UNREACHABLE
    return Kind.MALFORMED


def _of_code(code: str) -> Kind:
    """What an error code of AWS means."""
    if _DENIED.search(code) or _NOT_ACCEPTED.search(code):
        return Kind.DENIED
    if is_throttled(code):
        return Kind.THROTTLED
    return Kind.NOT_ENABLED if _NOT_ENABLED.search(code) else Kind.SERVICE_ERROR


def _reason(error: Exception) -> str:
    code, unending = code_of(error), _unending(error)
    if unending is not None:
        return str(unending)
    if isinstance(error, PaginationError):
        return "the pages have no end: a token came again"
    if _DENIED.search(code):
        return f"access denied ({code})"
    if is_throttled(code):
        return f"throttled, retries exhausted ({code})"
    if isinstance(error, ClientError):
        return f"AWS answered {code}"
    if isinstance(error, ValueError | TimeoutError):  # ours, about an answer that came
        return f"the answer cannot be used: {error}"
    return f"the call failed ({code})"
