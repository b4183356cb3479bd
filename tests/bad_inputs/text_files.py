"""Lines 1 to 24: how text tables are written, and what their columns are."""

from tests.bad_inputs.case import Case, Expected, holding

ROWS = [[1.5, 20.0], [2.5, 30.25], [-3.5, 40.0], [4.0, 0.001]]
MANY = "".join(f"{i}.5,{i}.25\n" for i in range(20_000))  # beyond the part that is judged


def table(separator=",", decimal=".", end="\n", header="a,b") -> str:
    """The clean twin, or a dialect of it."""
    lines = [header.replace(",", separator)] if header else []
    lines += [separator.join(repr(v).replace(".", decimal) for v in row) for row in ROWS]
    return end.join(lines) + end


def csv(
    number: str,
    name: str,
    content: str | bytes,
    expected: Expected,
    says: str = "",
    values=None,
    *,
    encoding: str = "utf-8",
    **more,
) -> Case:
    file = more.pop("file", "table.csv")
    made = content if callable(content) else holding(content, encoding)
    return Case(number, name, file, made, expected, says, values, **more)


CLEAN = {"values": ROWS, "names": ("a", "b")}

CASES = [
    csv("1", "zero bytes", "", "E", r"table\.csv: The file is empty \(0 bytes\)"),
    csv("2", "blank or only comments", "\n \n# one\n\n", "E", "nothing but blank lines and comm"),
    csv("3", "header only", "a,b\n", "E", "header but no data"),
    csv("4", "one longer row", "a,b\n1,2\n3,4,5\n6,7\n", "E", "Line 3 has 3 fields, the header 2"),
    csv("4b", "a longer row late", f"a,b\n{MANY}1,2,3\n", "E", "Line 20002 has 3 fields"),
    csv("5", "all rows longer", "a,b\n1,2,3\n4,5,6\n", "E", "Line 2 has 3 fields, the header 2"),
    csv(
        "6",
        "a shorter row",
        "a,b\n1,1\n2\n3,5\n",
        "W",
        r"1 row is too short, in line 3.*b: 1 missing value",
        [[1, 1], [2, 3], [3, 5]],
    ),
    csv(
        "6b",
        "shorter rows late",
        f"a,b\n{MANY}7\n8\n9,1\n",
        "W",
        "2 rows are too short, the first in line 20002",
    ),
    csv(
        "7",
        "semicolons and decimal commas",
        table(";", ","),
        "OK",
        shows={"separator": "semicolon", "decimal": "comma"},
        **CLEAN,
    ),
    csv(
        "7b",
        "semicolons and decimal commas late",
        "a;b\n" + "1;2\n" * 20_000 + "1,5;2,5\n",
        "E",
        "line 20002 holds '1,5'.*decimal",
    ),
    csv("8", "thousands", 'x;y\n"1,234.5";1\n"2,345.5";2\n', "E", "line 2 holds '1,234.5'.*thous"),
    csv(
        "8b",
        "thousands asked",
        'x;y\n"1,234.5";1\n"2,345,678.5";2\n',
        "OK",
        values=[[1234.5, 1], [2345678.5, 2]],
        options={"thousands": "comma"},
    ),
    csv(
        "8c",
        "thousands or decimal commas",
        "x;y\n1,234;1\n2,345;2\n",
        "W",
        "1,234 were read as decimal signs.*set thousands",
        [[1.234, 1], [2.345, 2]],
    ),
    csv("9", "tabs in a .csv", table("\t"), "OK", shows={"separator": "tab"}, **CLEAN),
    csv("10", "UTF-16", table(), "OK", encoding="utf-16", **CLEAN),
    csv("10b", "UTF-16 without a mark", table(), "OK", encoding="utf-16-be", **CLEAN),
    csv("10c", "UTF-32", table(), "OK", encoding="utf-32", **CLEAN),
    csv("11", "byte order mark", table(), "OK", encoding="utf-8-sig", **CLEAN),
    csv(
        "12",
        "Latin-1",
        "größe,b\n1,2\n2,5\n",
        "W",
        "2 characters are not UTF-8.*Latin-1",
        [[1, 2], [2, 5]],
        encoding="latin-1",
        names=("größe", "b"),
    ),
    csv("12b", "Latin-1 late", f"v,b\n{MANY}".encode() + b"1,\xe9\n", "E", "line 20002 holds 'é'"),
    csv("13", "NUL byte", "a,b\n1,2\n\0,4\n", "E", "Line 3 holds a NUL byte"),
    csv("13b", "NUL byte late", f"a,b\n{MANY}\0,3\n", "E", "Line 20002 holds a NUL byte"),
    csv("13c", "NUL in UTF-16", "a,b\n1,2\n\0,4\n", "E", "Line 3 holds a NUL", encoding="utf-16"),
    csv("14", "CR only", table(end="\r"), "OK", **CLEAN),
    csv(
        "14b",
        "mixed line ends",
        "a,b\r\n1.5,20.0\r2.5,30.25\n-3.5,40.0\r\n4.0,0.001\r",
        "OK",
        **CLEAN,
    ),
    csv("15", "open quote", 'a,b\n1,2\n"3,4\n5,6\n7,8\n', "E", "Line 3 opens a quote"),
    csv("15b", "open quote late", f'a,b\n{MANY}"3,4\n5,6\n', "E", "Line 20002 opens a quote"),
    csv("15c", "open quote early", f'a,b\n1,2\n"3,4\n{MANY}', "E", "Line 3 opens a quote"),
    csv(
        "16",
        "duplicate names",
        "a,a,a\n1,2,3\n2,3,4\n",
        "W",
        "'a' occurs twice: column 2 is called 'a \\(2\\)'.*'a \\(3\\)'",
        names=("a", "a (2)", "a (3)"),
    ),
    csv(
        "17",
        "empty names",
        'a,,""\n1.5,2,3\n2.5,3,4\n',
        "W",
        "column 2 has no name.*column 3 has no name",
        names=("a", "column 2", "column 3"),
    ),
    csv(
        "17b",
        "an empty first name",
        ",b\n1.5,2\n0.5,3\n",
        "W",
        "column 1 has no name",
        names=("column 1", "b"),
    ),
    csv("18", "no header", table(header=""), "OK", values=ROWS, shows={"header": False}),
    csv(
        "18b",
        "no header asked",
        "x,y\na,b1\nc,d2\n",
        "E",
        "no column of numbers",
        options={"header": "no"},
    ),
    csv("19", "mixed types", "a,b\n1,2\n2,3\n3,x7\n4,5\n", "E", "'b' .*line 4 holds 'x7'"),
    csv("19b", "mixed types late", f"a,b\n{MANY}1,oops\n", "E", "'b' .*line 20002 holds 'oops'"),
    csv(
        "20",
        "text labels",
        "x,state\n1,up\n2,down\n3,up\n",
        "W",
        "Labels, not channels: state",
        [[1], [2], [3]],
        labels=("state",),
        shows={"label_columns": ["state"]},
    ),
    csv(
        "21",
        "booleans",
        "x,on\n1,true\n2,false\n",
        "W",
        "True and false became 1 and 0 in 1 channel: on",
        [[1, 1], [2, 0]],
    ),
    csv(
        "22",
        "timestamps",
        "when,x\n" + "".join(f"2014-04-0{d} 00:00:00,{d}.5\n" for d in range(1, 9)),
        "OK",
        values=[[d + 0.5] for d in range(1, 9)],
        names=("x",),
        shows={"time_column": "when"},
    ),
    csv(
        "23",
        "unsorted and repeated times",
        "time,x\n0.0,1\n0.5,2\n0.25,3\n0.25,4\n",
        "W",
        "go back 1 time, first in line 4.*1 time in 'time' repeats",
        [[1], [2], [3], [4]],
    ),
    csv(
        "24",
        "mixed time zones",
        "t,x\n2014-01-01T00:00:00+01:00,1\n2014-01-01T01:00:00+02:00,2\n",
        "E",
        r"mixed time zones: \+01:00 first, \+02:00 from line 3",
    ),
    csv(
        "24b",
        "times with and without a zone",
        "t,x\n2014-01-01T00:00:00Z,1\n2014-01-01T01:00:00,2\n",
        "E",
        "mixed time zones",
    ),
]
