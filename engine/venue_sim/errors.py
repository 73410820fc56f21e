"""Binance's errors: a code and a sentence. The numbers and words are the venue's own."""


class ApiError(Exception):
    """What a request is answered with: `{"code": ..., "msg": ...}` under an HTTP status."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status

    def body(self) -> dict[str, int | str]:
        return {"code": self.code, "msg": self.message}


def missing(name: str) -> ApiError:
    return ApiError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def bad_value(name: str) -> ApiError:
    return ApiError(-1130, f"Data sent for parameter '{name}' is not valid.")


def no_such_order() -> ApiError:
    return ApiError(-2013, "Order does not exist.")


def unknown_order() -> ApiError:
    return ApiError(-2011, "Unknown order sent.")


def unknown_outcome() -> ApiError:
    message = "Timeout waiting for response from backend server. Send status unknown; execution status unknown."
    return ApiError(-1007, message, 408)
