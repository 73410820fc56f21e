"""`perpmm --version`."""

import importlib.metadata
import platform

from engine.cli import speak


def show(*, as_json: bool) -> None:
    versions = {"perpmm": "0", "python": platform.python_version(), "nautilus_trader": "0"}
    for name in ("perpmm", "nautilus_trader"):
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "not installed"
    if as_json:
        speak.json_object(versions)
    else:
        own = versions.pop("perpmm")
        speak.line(f"perpmm {own} ({', '.join(f'{name} {version}' for name, version in versions.items())})")
