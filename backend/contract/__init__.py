"""The wire, written once: topics, payloads, limits, platforms and HTTP paths.

Source of every fact: the field contract of the first-generation ("v1") clocks.
`python -m backend.contract.generate` writes the C++ header, the reference page
and the golden samples from it; a test fails when they differ.
"""
