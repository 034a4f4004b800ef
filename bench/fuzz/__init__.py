"""Coverage-guided fuzzing of the MacNet codecs: `python -m bench.fuzz`.

`target` is what is fuzzed and what has to hold; it needs no fuzzer, and tests run it on the seeds.
"""
