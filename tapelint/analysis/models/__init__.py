"""Hand-written models of what has semantics; everything else is knowledge in a table.

A model is a function `(machine, arguments) -> Value` registered under the canonical names it
answers for; methods are registered under the kind of receiver.
"""
