"""Fuzzing of every parser of outside bytes; docs/security.md says how it is used.

targets.py     all of them by name
rtmp.py …      what each area's targets promise, and their seeds
run.py         one target under atheris, in a process of its own
__main__.py    the command: `python -m fuzz`
corpus/        inputs that once failed; tests/fuzz replays them without atheris
"""
