"""What runs inside the user's program: the standard library and what `verify.worker` has.

Nothing here may change what the program does, says, or how it ends.
"""
