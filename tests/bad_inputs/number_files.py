"""Lines 25 to 44: the numbers in text tables, their sizes, and names."""

import gzip

from tests.bad_inputs.case import MIB, Case, Expected, repeating, sparse
from tests.bad_inputs.text_files import csv

NUMBERS = [
    csv("25", "1e400", "x\n1.0\n1e400\n3.0\n", "W", "x: 1 value such as 1e400", [[1], [2], [3]]),
    csv(
        "26",
        "NaNs",
        "x,y\n1,1\n,2\n3,NaN\nNA,9\n",
        "W",
        "x: 2 missing values .*interpolation.*y: 1 missing value",
        [[1, 1], [2, 2], [3, 5.5], [3, 9]],
    ),
    csv(
        "26b",
        "NaNs set to zero",
        "x,y\n1,1\n,2\n",
        "W",
        "x: 1 missing value was set to zero",
        [[1, 1], [0, 2]],
        options={"missing": "zero"},
    ),
    csv(
        "26c",
        "NaNs refused",
        "x,y\n1,1\n,2\n",
        "E",
        "'x' has no value at line 3",
        options={"missing": "error"},
    ),
    csv("27", "an all-NaN column", "a,b\n1,\n2,\n3,\n", "E", "No values at all in: b"),
    csv("28", "infinities", "a,b\n1,2\n2,inf\n3,-inf\n", "E", "infinite value in line 3, col.*'b'"),
    csv("29", "30-digit integers", f"a\n1\n{'1234567890' * 3}\n3\n", "E", "line 3.*64 bits"),
    csv(
        "30",
        "integers above 2^53",
        "a\n1\n9007199254740993\n-9007199254740993\n",
        "W",
        r"a: 2 integers are above 2\^53",
        [[1], [9007199254740993], [-9007199254740993]],
    ),
    csv(
        "31",
        "a constant channel",
        "a,b\n" + "".join(f"{i},7\n" for i in range(40)),
        "W",
        "Constant, one value throughout: b",
        then={"window_length": 8, "scaled": True},
    ),
    csv("32", "one row", "a,b\n1,2\n", "E", "only one row"),
    csv(
        "33",
        "fewer rows than a window",
        "a,b\n" + "1,2\n2,3\n" * 20,
        "E",
        "training part has 32 of 40 time steps, fewer than one window of 100",
        then={"window_length": 100},
    ),
    csv(
        "34",
        "exactly one window",
        "a,b\n" + "1,2\n2,3\n" * 20,
        "E",
        "part has .* of 40 time steps, fewer than one window of 40",
        then={"window_length": 40},
    ),
]

SIZES = [
    csv(
        "35",
        "10^7 columns",
        repeating(b"", b"1,", 10**7),
        "R",
        "first line is longer than 4 MB",
        most_read=9 * MIB,
    ),
    csv(
        "35b",
        "10^6 columns",
        ",".join(["1"] * 10**6) + "\n" + ",".join(["2"] * 10**6) + "\n",
        "R",
        "has 1,000,000 columns; at most 65,537",
        slow=True,
    ),
    csv(
        "36",
        "over the row limit by its size",
        sparse(b"a,b\n" + b"1.5,2.5\n" * 20_000, 4 << 30),
        "R",
        "time steps; at most 100,000,000",
        most_read=MIB,
    ),
    csv(
        "36b",
        "over the row limit by its rows",
        repeating(b"a,b\n", b"1.5,2.5\n", 8 * MIB),
        "R",
        "time steps; at most 1,000,000",
        limits={"MAX_TIME_STEPS": 1_000_000},
        most_read=40 * MIB,
    ),
    csv(
        "37",
        "one line of 500 MB",
        sparse(b"x" * (5 * MIB), 500 * MIB),
        "R",
        "first line is longer than 4 MB",
        most_read=9 * MIB,
    ),
    csv(
        "37b",
        "a line of 500 MB below others",
        repeating(b"a,b\n" + b"1,2\n" * 30, b"x", 500 * MIB),
        "R",
        "line is longer than",
        most_read=64 * MIB,
        slow=True,
    ),
    csv(
        "37c",
        "a line of 500 MB between spaces",
        repeating(b"a b\n" + b"1 2\n" * 30, b"x", 500 * MIB),
        "R",
        "line is longer than",
        most_read=64 * MIB,
        slow=True,
    ),
    csv("38", "gzip bomb", gzip.compress(b"1,2\n" * MIB), "R", "looks like a gzip archive"),
    csv(
        "38b",
        "gzip bomb named so",
        gzip.compress(b"1,2\n" * MIB),
        "R",
        "kind are not read",
        file="table.csv.gz",
    ),
]


def named(number: str, name: str, header: str, expected: Expected, names, says="", **more) -> Case:
    content = f"{header}\n1.5,2.5\n2.5,1.5\n"
    values = [[1.5, 2.5], [2.5, 1.5]]
    return csv(number, name, content, expected, says, values, names=names, **more)


LONG = "n" * 4096
NAMES = [
    csv(
        "39",
        "formulas in cells",
        "x,who\n1,=cmd|' /C calc'!A0\n2,@SUM(A1)\n3,=cmd|' /C calc'!A0\n",
        "OK",
        values=[[1], [2], [3]],
        labels=("who",),
    ),
    named("39b", "a formula as a name", "=1+1,b", "OK", ("=1+1", "b")),
    named(
        "40",
        "script in names",
        "<script>alert(1)</script>,b",
        "OK",
        ("<script>alert(1)</script>", "b"),
    ),
    named("41", "Markdown in names", "$x^2$,:red[x]", "OK", ("$x^2$", ":red[x]")),
    named("41b", "an image in a name", "![](http://a/b),b", "OK", ("![](http://a/b)", "b")),
    named("42", "points and brackets in names", "a.b[0]:'c,a[b", "OK", ("a.b[0]:'c", "a[b")),
    named("43", "right-to-left names", "\u202eevil\u200b,b", "OK", ("evil", "b")),
    named("43b", "4 kB names", f"{LONG},b", "W", ("n" * 79 + "…", "b"), "was shortened"),
    named("43c", "Hebrew names", "שלום,b", "OK", ("שלום", "b")),
    *(
        named(f"44{letter}", name, "a,b", "OK", ("a", "b"), file=file)
        for letter, name, file in (
            ("", "file name with a path", "../../x.csv"),
            ("b", "file name with NUL", "a\0b.csv"),
            ("c", "file name CON", "CON.csv"),
            ("d", "file name a:b", "a:b.csv"),
            ("e", "file name of 4 kB", f"{LONG}.csv"),
        )
    ),
]

CASES = [*NUMBERS, *SIZES, *NAMES]
