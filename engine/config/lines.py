"""Where in a TOML text each key stands, so that a fault in a run file can be pointed at.

`tomllib` keeps no positions. This reads a text that `tomllib` has accepted, so it only has to tell keys from values.
"""

import re
import tomllib

type KeyPath = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRINGS = (  # the longer delimiters first; a string may end in up to two quotes more than its delimiter
    re.compile(r'"""(?:\\[\s\S]|[^\\])*?"""(?:"{0,2})'),
    re.compile(r"'''[\s\S]*?'''(?:'{0,2})"),
    re.compile(r'"(?:\\.|[^"\\\n])*"'),
    re.compile(r"'[^'\n]*'"),
)
_SCALAR = re.compile(r"[^,\]}#\n]+")


def lines_of_keys(text: str) -> dict[KeyPath, int]:
    """Key path (an array's items by number) to the line, from 1, on which it is first named."""
    scan = _Scan(text)
    scan.document()
    return scan.lines


class _Scan:
    def __init__(self, text: str) -> None:
        self.text, self.at, self.lines = text, 0, dict[KeyPath, int]()
        self._tables: dict[KeyPath, int] = {}  # [[arrays of tables]]: how many so far

    def document(self) -> None:
        table: KeyPath = ()
        while self._skip(_BLANK).at < len(self.text):
            if self.text.startswith("[", self.at):
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> KeyPath:
        many = self.text.startswith("[[", self.at)
        self.at += 2 if many else 1
        path: KeyPath = ()
        keys = self._dotted_key()
        for n, key in enumerate(keys):
            path = (*path, key)
            self._note(path)
            if many and n == len(keys) - 1:
                self._tables[path] = self._tables.get(path, 0) + 1
            if path in self._tables:  # the keys below it belong to its latest table
                path = (*path, self._tables[path] - 1)
                self._note(path)
        self.at += 2 if many else 1
        return path

    def _pair(self, table: KeyPath) -> None:
        path = table
        for key in self._dotted_key():
            path = (*path, key)
            self._note(path)
        self.at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        opening = self.text[self.at]
        if opening == "[":
            self._array(path)
        elif opening == "{":
            self._inline_table(path)
        elif not self._string():
            self._skip(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        self.at += 1
        count = 0
        while self._skip(_BLANK).text[self.at] != "]":
            if self.text[self.at] == ",":
                self.at += 1
                continue
            item = (*path, count)
            self._note(item)
            self._value(item)
            count += 1
        self.at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self.at += 1
        while self._skip(_BLANK).text[self.at] != "}":
            if self.text[self.at] == ",":
                self.at += 1
                continue
            self._pair(path)
        self.at += 1

    def _dotted_key(self) -> tuple[str, ...]:
        keys: list[str] = []
        while True:
            self._skip(_SPACE)
            keys.append(self._simple_key())
            if not self._skip(_SPACE).text.startswith(".", self.at):
                return tuple(keys)
            self.at += 1

    def _simple_key(self) -> str:
        start = self.at
        if not self._string():
            return self._skip(_BARE_KEY).text[start : self.at]
        key: str = tomllib.loads(f"key = {self.text[start : self.at]}")["key"]
        return key

    def _string(self) -> bool:
        found = next((m for m in (s.match(self.text, self.at) for s in _STRINGS) if m), None)
        if found:
            self.at = found.end()
        return found is not None

    def _skip(self, pattern: re.Pattern[str]) -> "_Scan":
        if found := pattern.match(self.text, self.at):
            self.at = found.end()
        return self

    def _note(self, path: KeyPath) -> None:
        self.lines.setdefault(path, self.text.count("\n", 0, self.at) + 1)
