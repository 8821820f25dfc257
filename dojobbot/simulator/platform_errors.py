"""The error answers of the simulated platform, in the two forms that the real one uses."""

import uuid
from http import HTTPStatus
from typing import Any


class ApiError(Exception):
    """An error answer; its body is the tools service's plain form unless one is given."""

    def __init__(self, status: int, message: str, body: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = body if body is not None else plain_body(status, message)


def plain_body(status: int, message: str = "The simulator was told to fail here.") -> dict[str, Any]:
    """The form with `message` and `error`."""
    return {"statusCode": status, "message": message, "error": HTTPStatus(status).phrase}


def bad_parameter(parameter: str, detail: str) -> ApiError:
    """A 400 in the JSON:API form that names the query parameter at fault."""
    error = {
        "status": "400",
        "id": str(uuid.uuid4()),
        "code": "VALIDATION.QUERY",
        "title": "Invalid query parameter",
        "detail": detail,
        "source": {"parameter": parameter},
        "meta": {},
    }
    return ApiError(400, detail, {"errors": [error]})


def bad_field(field: str, message: str) -> ApiError:
    """A 400 of the data platform, whose `errors` name the field of the body at fault."""
    return ApiError(
        400, message, {"message": "Validation failed", "errors": [{"field": field, "message": message}]}
    )
