"""The page Explain: output activations taught with the data of the experiment in hand.

| module | holds |
|---|---|
| lesson | what all parts of the page draw on: the data, and the floors of every pair |
| words | floors and tables of them |
| lead | whose data it is, the answer in short, and what keeps the draft from being taught |
| targets, drawn, relu, sigmoid, others, rule, limits | the seven questions, in order |
| trial | targets scaled by hand |
"""
