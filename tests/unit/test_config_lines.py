"""The line index of a TOML text names every key that tomllib finds, on a line where it is written."""

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.config.lines import KeyPath, lines_of_keys


def paths_of(value: Any, at: KeyPath = ()) -> set[KeyPath]:
    found = {at} if at else set()
    if isinstance(value, dict):
        return found.union(*(paths_of(v, (*at, k)) for k, v in value.items()))
    if isinstance(value, list):
        return found.union(*(paths_of(v, (*at, n)) for n, v in enumerate(value)))
    return found


def agrees(text: str) -> None:
    index = lines_of_keys(text.replace("\r\n", "\n"))
    assert set(index) == paths_of(tomllib.loads(text))
    lines = text.replace("\r\n", "\n").split("\n")
    for path, line in index.items():
        if isinstance(path[-1], str) and path[-1].isidentifier():
            assert path[-1] in lines[line - 1], (path, line)


TRICKY = '''# a comment = with an equals sign
version = 1 # trailing
"quoted key" = "a # b = c"
'literal' = 'x]'
dotted.inner . leaf = 3
day = 1979-05-27 07:32:00
text = """
[not.a.table]
fake = 1 \\""" still
"""""
raw = \'\'\'
[also.not]
x = 1\'\'\'\'
[table]  # why
list = [ 1, [2, "]"], # comment ]
  { a = 1, b.c = [ 3 ] },
]
empty = []
none = {}
[table.sub."odd.name"]
key = "v"
[[rows]]
a = 1
[[rows]]
a = 2
[rows.deep]
c = 3
[[rows.more]]
d = 1
[[rows.more]]
d = 2
'''


def test_tricky_text() -> None:
    agrees(TRICKY)
    agrees(TRICKY.replace("\n", "\r\n"))
    index = lines_of_keys(TRICKY)
    assert index["version",] == 2
    assert index["table", "list", 2, "b", "c"] == TRICKY.split("\n").index("  { a = 1, b.c = [ 3 ] },") + 1
    assert index["rows", 1, "more", 1, "d"] == TRICKY.split("\n").index("d = 2") + 1


def test_no_text() -> None:
    assert lines_of_keys("") == {}
    assert lines_of_keys("# only a comment") == {}
    assert lines_of_keys("a = 1") == {("a",): 1}


bare = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,4}", fullmatch=True)
basic = st.text(st.sampled_from('ab "\\#=[]{},.\t'), max_size=6).map(
    lambda s: '"' + s.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") + '"'
)
literal = st.text(st.sampled_from('ab "\\#=[]{},.'), max_size=6).map(lambda s: f"'{s}'")
long = st.text(st.sampled_from("ab#=[]{},.\n"), max_size=8).map(lambda s: f'"""{s}"""')
keys = st.one_of(bare, basic, literal)
scalars = st.one_of(st.sampled_from(["1", "-0.5", "1e3", "true", "inf", "2024-08-08T00:00:00Z"]), basic, literal, long)
gaps = st.sampled_from(["", " ", "\n", " # ] } = x\n"])


@st.composite
def arrays(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    items = draw(st.lists(inner, max_size=3))
    body = ",".join(f"{draw(gaps)}{item}{draw(gaps)}" for item in items)
    return f"[{body}{draw(gaps)}]"


@st.composite
def inline_tables(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    named = draw(st.lists(st.tuples(keys, inner), max_size=3))
    return "{ " + ", ".join(f"{key} = {value}" for key, value in named) + " }"


values = st.recursive(scalars, lambda inner: st.one_of(arrays(inner), inline_tables(inner)), max_leaves=5)
dotted = st.lists(keys, min_size=1, max_size=3).map(" . ".join)
lines = st.one_of(
    st.tuples(dotted, values).map(lambda p: f"{p[0]} = {p[1]}"),
    dotted.map(lambda k: f"[{k}] # table"),
    dotted.map(lambda k: f"[[{k}]]"),
    st.just("  # comment"),
    st.just(""),
)


@given(st.lists(lines, max_size=8).map("\n".join))
def test_every_key_of_any_document_has_its_line(text: str) -> None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:  # two tables of one name, say: not a document
        return
    agrees(text)
