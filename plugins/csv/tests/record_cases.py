"""Records what pandas makes of CSV texts: python record_cases.py [--random COUNT SEED] > pandas_cases.json

Each case is a text, keywords of read_csv, and either the names and rows that pandas gives, rows of
nulls alone dropped as vdk-csv drops them, or null where pandas refuses the text. Where this reader
means to differ, the case is not here but in csv_reader_test.cpp.
"""

import io
import json
import math
import random
import sys

import pandas

NUMBERS = """
1. .5 . 1e5 1e 1e+ +5 - --1 0x10 1_0 inf -inf +Inf Infinity infinity -Infinity infx 1e400 -1e400 1e-400
True TRUE true tRUE FALSE 1d5 1E5 9223372036854775807 -9223372036854775808 00012 -0 1.0 -0.0 1.5.2
nan(1) 1.e5 -.5 +.5 1e5.5 -nan nan 0.1 123456789.123456 1234567890123456 0.30000000000000004 5e-324
1.7976931348623157e308 179769313486231570000e289 12345678 123456789 -12345678 1234567890123456789
99999999 100000000 999999999999999 0.000001 123.456e-2 2013-01-01 12:30 a - e5 .e5 +-5 1,5
9223372036854775808 18446744073709551616 -9223372036854775809
""".split()

TEXTS = [
    "a,b\n1,2\n1\n",
    "a,b\n1\n2,3\n",
    "a,b,\n1,2,\n",
    "a,,c\n1,2,3\n",
    "a,b\n\n  \n1,2\n",
    "\n\na,b\n1,2\n",
    'a\n \n""\n1\n',
    "a,b\r1,2\r3,4",
    "a,b\r\n1,2\r\n\r\n3,4\r\n",
    'a,b\n"x""y",2\n"x"z,3\nq"w,4\n',
    'a,b\n"x"z"w,2\n""x,3\n"""",4\n',
    'a,b\n"x,2\n',
    'a,b\n"x\ny",2\n"x\r\ny",3\n',
    "a,b\n1,2\n1,2,3\n",
    "a,b\n",
    "a,b",
    "",
    "\n\n",
    "\ufeffa,b\n1,2\n",
    '\ufeff"a",b\n1,2\n',
    "a,b\nNA,\n,null\n1,2\n",
    "a,b,c\n1,2\n3,4,5\n",
    "a\n1\n2\n\n",
    "a,b\nN/A,n/a\n#N/A,#NA\nNULL,None\n<NA>,NaN\nNone,nan\nx,y\n",
    "a,b\nna,Nan\nnull,NONE\n",
    "a,b\nzażółć,漢字\n\U0001f600,x\n",
    "a,b\n1,x\n2,y\n3.5,z\n",
    "a,b\n1,x\nTrue,y\n",
    "a,b\nTrue,x\n,y\nFalse,z\n",
    "a,b\n1,x\n,y\n3,z\n",
    "a\tb\n1\t2\n",
    " a , b \n 1 , x \n",
    "a,b\n1,2\r3,4\n5,6\r\n",
    "a,b\n,\n,\n1,2\n,\n",
    "name with blank,b-c,d.e\n1,2,3\n",
]

KEYWORDS = [
    ("a;b\n1;2\n", {"sep": ";"}),
    ("a;b\n1;2\n", {"delimiter": ";"}),
    ("a b\n1 2\n", {"sep": " "}),
    ("a\tb\n\t2\n", {"sep": "\t"}),
    ("a|b\n \t|2\n", {"sep": "|"}),
    ("a,b\n1,2\n", {"sep": ",", "delimiter": ";"}),
    ("a,b\n'1,5',2\n'it''s',3\n", {"quotechar": "'"}),
    ("a,b\n1,2\n", {"quotechar": "''"}),
    ("a,b\n1\\,2,3\n", {"escapechar": "\\"}),
    ('a,b\n"1\\"2",3\n"x\\\\",4\n\\"q,5\n"a"\\b,6\n', {"escapechar": "\\"}),
    ("a,b\n1\\n,2\nx\\\ny,3\n", {"escapechar": "\\"}),
    ("a,b\n1,2\\", {"escapechar": "\\"}),
    ("#c\na,b#x\n1,2#y\n#z\n3,4\n", {"comment": "#"}),
    ('a,b\n"1#2",3\n1#,3\n', {"comment": "#"}),
    ('a,b\n"1"#2,3\n"1"x#2,3\n', {"comment": "#"}),
    ("a,b\n  #z\n3,4\n", {"comment": "#"}),
    ("a,b\n1,#z\n3,4\n", {"comment": "#"}),
    ("a,b\n1,2#no end", {"comment": "#"}),
    ("a,b\n#no end", {"comment": "#"}),
    ("x\ny\na,b\n1,2\n", {"skiprows": 2}),
    ("x\na,b\n1,2\n3,4\n", {"skiprows": [0, 3]}),
    ("a,b\n1,2\n3,4\n5,6\n7,8\n", {"skiprows": [2, 4]}),
    ("a,b\n1,2\n\n3,4\n5,6\n7,8\n", {"skiprows": [1, 2]}),
    ("x\n\na,b\n1,2\n", {"skiprows": 1}),
    ('"x\ny"\na,b\n1,2\n', {"skiprows": 1}),
    ("it's \"x\na,b\n1,2\n", {"skiprows": [0]}),
    ('x,"y\nz",q\na,b\n1,2\n', {"skiprows": [0]}),
    (',"y\na,b\n1,2\n', {"skiprows": [0]}),
    ('"x""\ny"z\na,b\n1,2\n', {"skiprows": [0]}),
    ('a,b\n1,2\n3 "x,4\n5,6\n', {"skiprows": [2]}),
    ('a,b\n1,2\n"x,4\n5,6\n', {"skiprows": [2]}),
    ('a,b\n1,2\n3,4\n"x\n', {"skiprows": [7], "nrows": 1}),
    ('a,b\n1,2\n3,4\n"x\n', {"skiprows": [7], "nrows": 0}),
    ('a,b\n1,2\n"x\n', {"skiprows": [7]}),
    ("a,b\n1,2\n", {"skiprows": None, "nrows": None, "encoding": None, "dtype": None}),
    ("x,y\na,b\n1,2\n", {"header": 1}),
    ("x\na,b\n1,2\n", {"header": 1}),
    ("a,b\n1,2\n", {"header": 5}),
    ("a,b\n1,2\n", {"header": None}),
    ("a,b\n1,2\n", {"header": -1}),
    ("a,b\n1,2\n", {"header": True}),
    ("a,b\n1,2\n", {"header": "infer"}),
    ("a,b\n1,2\n", {"names": ["p", "q"]}),
    ("a,b\n1,2\n", {"names": ["p", "q"], "header": 0}),
    ("1,2\n", {"names": ["p", "q", "r"]}),
    ("1,2\n3,4\n", {"names": ["p", "p"]}),
    ("1,2\n3,4\n", {"names": "pq"}),
    ("a,b\n1,2,3\n4,5,6\n", {"names": ["x", "y", "z"], "header": 0}),
    ("a,b,c\n1,2,3\n", {"usecols": ["c", "a"]}),
    ("a,b,c\n1,2,3\n", {"usecols": [2, 0]}),
    ("a,b,c\n1,2,3\n", {"usecols": ["z"]}),
    ("a,b,c\n1,2,3\n", {"usecols": [7]}),
    ("a,b,c\n1,2,3\n4,5,6,7\n", {"usecols": ["a"]}),
    ("a,b,c\n1,,3\n,5,\n", {"usecols": ["a", "c"]}),
    ("1,2,3\n", {"usecols": [0, 2], "names": ["p", "q"]}),
    ("1,2,3\n", {"usecols": ["p", "r"], "names": ["p", "q", "r"]}),
    ("1,2,3\n", {"usecols": [0, 2], "header": None}),
    ("a,b\n1,2\n3,4\n5,6\n", {"nrows": 2}),
    ("a,b\n1,2\n3,4\n", {"nrows": 0}),
    ("a,b\n1,2\n3,x\n", {"nrows": 1}),
    ("a,b\n1,2\n3,4\n", {"nrows": 9}),
    ("a,b\n1,2\n,\n3,4\n", {"nrows": 2}),
    ('a,b\n"1,234",x\n"1,2,3",y\n', {"thousands": ","}),
    ('a,b\n",1",x\n', {"thousands": ","}),
    ('a,b\n"1,",x\n', {"thousands": ","}),
    ('a,b\n"1,234.5",x\n', {"thousands": ","}),
    ('a,b\n"-,1",x\n', {"thousands": ","}),
    ('a,b\n"1,2e3,4",x\n', {"thousands": ","}),
    ('a,b\n"1.2,3",x\n', {"thousands": ","}),
    ("a;b\n1,5;x\n2;y\n", {"decimal": ",", "sep": ";"}),
    ("a;b\n1.5;x\n", {"decimal": ",", "sep": ";"}),
    ("a;b\n1.234,5;x\n", {"decimal": ",", "thousands": ".", "sep": ";"}),
    ("a;b\n1.000;x\n", {"decimal": ",", "thousands": ".", "sep": ";"}),
    ("a,b\n1,x\n2,y\n", {"na_values": [1]}),
    ("a,b\n1.0,x\n2.5,y\n1,z\n", {"na_values": [1]}),
    ("a,b\n1.00,1.00\n2.5,y\n", {"na_values": [1]}),
    ("a,b\n1,x\n2,y\n", {"na_values": "1"}),
    ("a,b\n-,x\n2,y\nNA,z\n", {"na_values": "-"}),
    ("a,b\n1,x\nNA,y\n", {"na_values": ["x"], "keep_default_na": False}),
    ("a,b\n1,x\n,y\n", {"keep_default_na": False}),
    ("a,b\n,x\n,y\n", {"keep_default_na": False}),
    ("a,b\nx,x\n,y\n", {"na_values": {"a": ["x"]}, "keep_default_na": False}),
    ("a,b\nx,x\n,y\n", {"na_values": {"a": ["x"]}}),
    ("a,b\nx,q\nNA,NA\nz,z\n", {"na_values": {"b": "z"}}),
    ("a,b\nTrue,x\nFalse,y\n", {"na_values": ["True"]}),
    ("a,b\n1,2\n", {"na_values": None}),
    *[("a,b\n1,x\n300,y\n", {"dtype": {"a": kind}}) for kind in
      ("int64 Int64 float64 str category int16 uint16 float32 object string int float int8 uint8 bool "
       "boolean Float64").split()],
    ("a,b\n1,x\n,y\n", {"dtype": {"a": "Int64"}}),
    ("a,b\n1,x\n,y\n", {"dtype": {"a": "float64"}}),
    ("a,b\n007,x\n,y\n", {"dtype": {"a": "str"}}),
    ("a,b\n007,0.10\n", {"dtype": "str"}),
    ("a,b\nTrue,x\nfalse,y\n", {"dtype": {"a": "bool"}}),
    ("a,b\nTrue,x\nx,y\n", {"dtype": {"a": "bool"}}),
    ("a,b\n1.0,x\n2.0,y\n", {"dtype": {"a": "int64"}}),
    ("a,b\n1.5,x\n", {"dtype": {"a": "int64"}}),
    ("a,b\n1,x\n0,y\n", {"dtype": {"a": "boolean"}}),
    ("a,b\n0.1,x\n", {"dtype": {"a": "float32"}}),
    ("a,b\n1,x\n", {"dtype": {"zz": "int64"}}),
    ("a,b\n1,x\n", {"dtype": "float"}),
    ("a,b\n1,2\n", {"decimal": ";;"}),
    ("a,b\n1,2\n", {"comment": "##"}),
]  # fmt: skip


def value_of(value):
    if value is None or value is pandas.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        return str(value)
    return value


def expectation(text, keywords):
    try:
        frame = pandas.read_csv(io.BytesIO(text.encode()), **keywords)
    except Exception:  # whatever it is, pandas refuses the text or a keyword
        return None
    frame = frame.dropna(how="all")
    rows = [[value_of(value) for value in row] for row in frame.itertuples(index=False, name=None)]
    return {"columns": [str(name) for name in frame.columns], "rows": rows}


def random_case(source):
    """A text of few characters, so that odd combinations come often."""
    separator = source.choice(",,,;\t")
    keywords = {} if separator == "," else {"sep": separator}
    if source.random() < 0.3:
        keywords["escapechar"] = "\\"
    if source.random() < 0.3:
        keywords["comment"] = "#"
    alphabet = [
        separator,
        separator,
        '"',
        '"',
        "\n",
        "\n",
        "\r",
        "\r\n",
        " ",
        "1",
        "x",
        "\\",
        "#",
        "NA",
    ]
    alphabet += ["True", "1.5", "-2", "\t", "é"]
    width = source.randint(1, 4)
    text = separator.join(f"c{i}" for i in range(width)) + "\n"
    if source.random() < 0.5:  # well-formed for the most part
        for _ in range(source.randint(0, 6)):
            cells = [
                "".join(source.choices(alphabet[2:], k=source.randint(0, 3))) for _ in range(width)
            ]
            if source.random() < 0.8:
                cells = ['"' + cell.replace('"', '""') + '"' if set(cell) & set('"\n\r') else cell
                         for cell in cells]  # fmt: skip
            text += separator.join(cells) + source.choice(["\n", "\n", "\r\n", "\r"])
    else:
        text += "".join(source.choices(alphabet, k=source.randint(0, 25)))
    return text, keywords


def main():
    cases = []
    if "--random" in sys.argv:
        count, seed = (int(word) for word in sys.argv[2:4])
        source = random.Random(seed)
        cases = [random_case(source) for _ in range(count)]
    else:
        cases = [(text, {}) for text in TEXTS]
        cases += [(f'a,b\n"{number}",z\n', {}) for number in NUMBERS]
        cases += [
            (f"a,b\n{number},z\n", {}) for number in (" 5", " 5 ", "\t5", "5\x0b", " NA", "1 2")
        ]
        cases += KEYWORDS
    lines = [
        json.dumps(
            {"text": text, "keywords": keywords, "expected": expectation(text, keywords)},
            allow_nan=True,
        )
        for text, keywords in cases
    ]
    print("[\n" + ",\n".join(lines) + "\n]")


if __name__ == "__main__":
    main()
