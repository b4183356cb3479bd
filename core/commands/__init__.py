"""The commands of `python -m core`: a module each, whose `run` takes the arguments.

`run` returns the exit code. A module is imported when its command is called, and Keras only by
what trains or opens a model.
"""
